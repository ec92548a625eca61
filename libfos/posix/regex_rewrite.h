/* SPDX-License-Identifier: MIT */
/* Regular expressions as scripts write them, in the words that newlib's regcomp knows. */
#ifndef FOS_POSIX_REGEX_REWRITE_H
#define FOS_POSIX_REGEX_REWRITE_H

#include <stdbool.h>

/*
 * A new expression that means the same (to be freed), or NULL: out of memory.  What is
 * different in the one given: \+ \? \| in a basic one, \w \W \s \S \< \>, and branches that
 * are empty.  *extended says which kind the expression is, and then, which the new one is: a
 * basic one with \|, or an empty one, becomes extended, unless it refers back (\1), which
 * extended ones cannot; then its \| is left, and newlib takes it for a plain bar.
 */
char *fos_regex_rewrite(const char *pattern, bool *extended);

#endif
