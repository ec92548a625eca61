/* SPDX-License-Identifier: MIT */
/* Device numbers. */
#ifndef FOS_POSIX_SYS_SYSMACROS_H
#define FOS_POSIX_SYS_SYSMACROS_H

#define major(device)      ((unsigned)((device) >> 8 & 0xfff))
#define minor(device)      ((unsigned)((device)&0xff))
#define makedev(high, low) ((unsigned long)(high) << 8 | (low))

#endif
