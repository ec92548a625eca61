/* SPDX-License-Identifier: MIT */
/* Widths of newlib's types, before its own (narrower) guesses. */
#ifndef FOS_POSIX_MACHINE__TYPES_H
#define FOS_POSIX_MACHINE__TYPES_H

#include <machine/_default_types.h>

typedef unsigned long __dev_t;
#define __machine_dev_t_defined
typedef unsigned long __ino_t;
#define __machine_ino_t_defined
typedef unsigned int __uid_t;
#define __machine_uid_t_defined
typedef unsigned int __gid_t;
#define __machine_gid_t_defined
typedef unsigned long __fsfilcnt_t;
#define __machine_fsfilcnt_t_defined
typedef unsigned short __sa_family_t;
#define __machine_sa_family_t_defined

#endif
