/* SPDX-License-Identifier: MIT */
/* No system call of this system goes by a number of another's. */
#ifndef FOS_POSIX_SYS_SYSCALL_H
#define FOS_POSIX_SYS_SYSCALL_H

#endif
