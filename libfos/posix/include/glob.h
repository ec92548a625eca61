/* SPDX-License-Identifier: MIT */
/* newlib's, with the one result POSIX names and it lacks. */
#ifndef FOS_POSIX_GLOB_H
#define FOS_POSIX_GLOB_H

#include_next <glob.h>

#define GLOB_NOMATCH (-3)
#define GLOB_ABORTED GLOB_ABEND

#endif
