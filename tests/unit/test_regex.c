/* SPDX-License-Identifier: MIT */
/* What libfos makes of regular expressions before newlib compiles them. */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "libfos/posix/regex_rewrite.h"
#include "unit.h"

enum { BASIC, EXTENDED };

static void becomes(const char *pattern, int kind, const char *wanted,
                    int wanted_kind)
{
    bool extended = kind == EXTENDED;
    char *made = fos_regex_rewrite(pattern, &extended);

    CHECK(made && strcmp(made, wanted) == 0);
    CHECK_EQ(extended, wanted_kind == EXTENDED);
    free(made);
}

static void matches_agree(const char *pattern, const char *rewritten, bool extended)
{
    static const char *const texts[] = {
        "",    "a",   "b",    "ab",   "abca", "a|b", "/usr/lib",
        "a+b", "aab", "(a)",  "x{2}", "a*b",  "^a",  "a$b",
        "]",   "\\",  "a\\b", "aa",   "bca",  "?",   "$"};
    regmatch_t here[3], there[3];
    regex_t given, made;

    CHECK_EQ(regcomp(&given, pattern, 0), 0);
    CHECK_EQ(regcomp(&made, rewritten, extended ? REG_EXTENDED : 0), 0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        memset(here, 0, sizeof(here));
        memset(there, 0, sizeof(there));
        CHECK_EQ(regexec(&given, texts[i], 3, here, 0),
                 regexec(&made, texts[i], 3, there, 0));
        CHECK(memcmp(here, there, sizeof(here)) == 0);
    }
    regfree(&given);
    regfree(&made);
}

CASE("a plain expression is left as it is")
{
    becomes("^a[^]b[:alpha:]]*\\(x\\)\\1\\{2,3\\}$", BASIC,
            "^a[^]b[:alpha:]]*\\(x\\)\\1\\{2,3\\}$", BASIC);
    becomes("(a|b)+\\.c{2}?", EXTENDED, "(a|b)+\\.c{2}?", EXTENDED);
}

CASE("an empty expression and an empty branch match nothing's length")
{
    becomes("", BASIC, "$?", EXTENDED);
    becomes("\\(\\)", BASIC, "\\(\\)", BASIC);
    becomes("", EXTENDED, "$?", EXTENDED);
    becomes("(|a)", EXTENDED, "($?|a)", EXTENDED);
    becomes("\\(^/\\|\\)x", BASIC, "(^/|$?)x", EXTENDED);
}

CASE("a basic expression with a bar becomes extended, unless it refers back")
{
    becomes("a\\|b", BASIC, "a|b", EXTENDED);
    becomes("a(b)+{?}|\\|\\(c\\)\\{2\\}", BASIC, "a\\(b\\)\\+\\{\\?\\}\\||(c){2}",
            EXTENDED);
    becomes("*a\\|^*b\\|c^$d$", BASIC, "\\*a|^\\*b|c\\^\\$d$", EXTENDED);
    becomes("\\(a\\)\\1\\|b", BASIC, "\\(a\\)\\1\\|b", BASIC);
    becomes("[\\|]", BASIC, "[\\|]", BASIC);
}

CASE("one or more, one or none, and the letters' classes")
{
    becomes("a\\+b\\?", BASIC, "a\\{1,\\}b\\{0,1\\}", BASIC);
    becomes("\\w\\S*", BASIC, "[[:alnum:]_][^[:space:]]*", BASIC);
    becomes("\\<a\\>", EXTENDED, "[[:<:]]a[[:>:]]", EXTENDED);
}

CASE("what is cut short stays so, for regcomp to refuse")
{
    becomes("a\\", BASIC, "a\\", BASIC);
    becomes("[[:alpha:", BASIC, "[[:alpha:", BASIC);
    becomes("[^]", EXTENDED, "[^]", EXTENDED);
}

CASE("the new expression matches what this machine's regcomp says the old one does")
{
    static const char *const patterns[] = {"a\\|b",        "\\(^/\\|^\\)[^/][^/]*",
                                           "^a\\|b",       "a\\+b",
                                           "a\\?b",        "\\(a\\|b\\)*c",
                                           "*b\\|a*",      "\\(a\\)\\?b\\|x{2}",
                                           "a|b\\|+",      "\\w\\+",
                                           "\\(*\\|a\\)b", "[]a]\\|[\\|]",
                                           "a$\\|^$",      "\\(a\\)\\1",
                                           "^*\\|$b"};

    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        bool extended = false;
        char *made = fos_regex_rewrite(patterns[i], &extended);

        CHECK(made != NULL);
        matches_agree(patterns[i], made, extended);
        free(made);
    }
}
