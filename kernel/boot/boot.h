/* SPDX-License-Identifier: MIT */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

struct start_info;

void kernel_main(const struct start_info *info);
void first_process_start(void); /* from the boot archive; everything is its */

#endif
