/* SPDX-License-Identifier: MIT */
/* What this fleet has to say, and where: the console fleet while there is one, else
 * the kernel's emergency output. */
#ifndef PROC_REPORT_H
#define PROC_REPORT_H

#include <stdint.h>

#include <fos/abi/types.h>

void report_init(struct fos_cap console_device);
/* id 0: the console is gone. */
void report_to(struct fos_cap console_mailbox);

/* One line, a newline is added.  Waits a moment at most when the console is busy.
 */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Returns when the terminal has it all, or after some seconds. */
void report_flush(void);

/* Copies a name with everything unprintable replaced. */
void name_clean(char *to, const char *from, uint32_t size);

/* A sentence for the fault of a process. */
void fault_describe(char *to, uint32_t size, const struct fos_space_info *info);

#endif
