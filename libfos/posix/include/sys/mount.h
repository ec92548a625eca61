/* SPDX-License-Identifier: MIT */
/* Mounting: not there yet. */
#ifndef FOS_POSIX_SYS_MOUNT_H
#define FOS_POSIX_SYS_MOUNT_H

int mount(const char *source, const char *target, const char *type,
          unsigned long flags, const void *data);
int umount(const char *target);

#endif
