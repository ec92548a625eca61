/* SPDX-License-Identifier: MIT */
#include <regex.h>
#include <stdlib.h>

#include "regex_rewrite.h"

#undef regcomp

int fos_regcomp(regex_t *regex, const char *pattern, int flags)
{
    bool extended = flags & REG_EXTENDED;
    char *rewritten;
    int error;

    if (flags & (REG_NOSPEC | REG_PEND))
        return regcomp(regex, pattern, flags);
    rewritten = fos_regex_rewrite(pattern, &extended);
    if (!rewritten)
        return REG_ESPACE;
    error = regcomp(regex, rewritten, extended ? flags | REG_EXTENDED : flags);
    free(rewritten);
    return error;
}
