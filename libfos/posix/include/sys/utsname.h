/* SPDX-License-Identifier: MIT */
/* What this system calls itself. */
#ifndef FOS_POSIX_SYS_UTSNAME_H
#define FOS_POSIX_SYS_UTSNAME_H

struct utsname {
    char sysname[65], nodename[65], release[65], version[65], machine[65];
};
int uname(struct utsname *out);

#endif
