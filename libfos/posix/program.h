/* SPDX-License-Identifier: MIT */
/* The running program's own name. */
#ifndef FOS_POSIX_PROGRAM_H
#define FOS_POSIX_PROGRAM_H

/* The last part of argv[0]; "?" before main. */
const char *fos_program_name(void);

#endif
