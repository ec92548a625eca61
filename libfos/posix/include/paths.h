/* SPDX-License-Identifier: MIT */
/* Where programs look for things. */
#ifndef FOS_POSIX_PATHS_H
#define FOS_POSIX_PATHS_H

#include_next <paths.h>

#define _PATH_DEFPATH "/bin"
#define _PATH_STDPATH "/bin"
#define _PATH_TTY     "/dev/tty"
#define _PATH_CONSOLE "/dev/console"
#define _PATH_TMP     "/tmp/"
#define _PATH_VARTMP  "/tmp/"
#define _PATH_MOUNTED "/etc/mtab"
#define _PATH_UTMP    "/var/run/utmp"
#define _PATH_WTMP    "/var/log/wtmp"

#endif
