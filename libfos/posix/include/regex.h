/* SPDX-License-Identifier: MIT */
/*
 * newlib's, whose regcomp knows neither empty expressions nor what sed and grep scripts
 * take for granted in basic ones (libfos/posix/regex_rewrite.h).
 */
#ifndef FOS_POSIX_REGEX_H
#define FOS_POSIX_REGEX_H

#include <sys/types.h>

#include_next <regex.h>

#ifndef _COMPILING_NEWLIB
#define regcomp fos_regcomp
int fos_regcomp(regex_t *regex, const char *pattern, int flags);
#endif

#endif
