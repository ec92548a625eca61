/* SPDX-License-Identifier: MIT */
#include "regex_rewrite.h"

#include <stdlib.h>
#include <string.h>

struct rewriter {
    const char *in;
    char *out;
    bool from_extended, to_extended;
    bool empty;     /* nothing of this branch yet */
    bool star_here; /* a star would stand for itself in a basic expression */
};

static const struct {
    char letter;
    const char *words;
} classes[] = {{'w', "[[:alnum:]_]"}, {'W', "[^[:alnum:]_]"}, {'s', "[[:space:]]"},
               {'S', "[^[:space:]]"}, {'<', "[[:<:]]"},       {'>', "[[:>:]]"}};
enum { LONGEST = 13 }; /* of the words for one letter */

static void put(struct rewriter *rewriter, const char *text)
{
    while (*text)
        *rewriter->out++ = *text++;
}

/* A character that is an operator: with a backslash where that makes it one. */
static void put_operator(struct rewriter *rewriter, char operator)
{
    if (!rewriter->to_extended)
        *rewriter->out++ = '\\';
    *rewriter->out++ = operator;
}

static void branch_begin(struct rewriter *rewriter)
{
    rewriter->empty = rewriter->star_here = true;
}

/* An end of the line, or not: always there, takes nothing.  Basic groups may be empty. */
static void branch_end(struct rewriter *rewriter)
{
    if (rewriter->empty && rewriter->to_extended)
        put(rewriter, "$?");
}

static void something(struct rewriter *rewriter)
{
    rewriter->empty = rewriter->star_here = false;
}

/* After "[": where the bracket expression ends. */
static const char *bracket_end(const char *at)
{
    if (*at == '^')
        at++;
    if (*at == ']')
        at++;
    while (*at && *at != ']') {
        const char kind = at[1];

        if (*at == '[' && kind && strchr(":.=", kind)) {
            const char *end = at + 2;

            while (*end && !(end[0] == kind && end[1] == ']'))
                end++;
            at = *end ? end + 1 : at;
        }
        at++;
    }
    return *at ? at + 1 : at;
}

static void bracket(struct rewriter *rewriter)
{
    const char *end = bracket_end(rewriter->in + 1);

    while (rewriter->in < end)
        *rewriter->out++ = *rewriter->in++;
    something(rewriter);
}

static void operator_take(struct rewriter *rewriter, char operator)
{
    if (operator== '(') {
        put_operator(rewriter, operator);
        branch_begin(rewriter);
    } else if (operator== '|') {
        branch_end(rewriter);
        put_operator(rewriter, operator);
        branch_begin(rewriter);
    } else if (operator== ')') {
        branch_end(rewriter);
        put_operator(rewriter, operator);
        something(rewriter);
    } else if (rewriter->to_extended || strchr("{}", operator)) {
        put_operator(rewriter, operator);
        something(rewriter);
    } else {
        put(rewriter, operator== '+' ? "\\{1,\\}" : "\\{0,1\\}");
    }
}

static bool class_take(struct rewriter *rewriter, char letter)
{
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (classes[i].letter != letter)
            continue;
        put(rewriter, classes[i].words);
        something(rewriter);
        return true;
    }
    return false;
}

static bool is_operator(const struct rewriter *rewriter, char c)
{
    if (c == '|' && !rewriter->from_extended)
        return rewriter->to_extended;
    return strchr("(){}+?|", c);
}

/* A backslash, and what is after it. */
static void escape(struct rewriter *rewriter)
{
    const char c = rewriter->in[1];

    rewriter->in += c ? 2 : 1;
    if (!rewriter->from_extended && c && is_operator(rewriter, c)) {
        operator_take(rewriter, c);
    } else if (!c || !class_take(rewriter, c)) {
        *rewriter->out++ = '\\';
        if (c)
            *rewriter->out++ = c;
        something(rewriter);
    }
}

static bool branch_ends(const char *at)
{
    return !*at || (at[0] == '\\' && (at[1] == ')' || at[1] == '|'));
}

/* A character of a basic expression that is to be one of an extended. */
static void plain_basic(struct rewriter *rewriter, char c)
{
    const bool anchor = c == '^' && rewriter->empty;

    if (strchr("(){}+?|", c) || (c == '*' && rewriter->star_here) ||
        (c == '^' && !anchor) || (c == '$' && !branch_ends(rewriter->in)))
        *rewriter->out++ = '\\';
    *rewriter->out++ = c;
    something(rewriter);
    rewriter->star_here = anchor;
}

static void plain(struct rewriter *rewriter)
{
    const char c = *rewriter->in++;

    if (rewriter->from_extended && strchr("()|", c)) {
        operator_take(rewriter, c);
    } else if (!rewriter->from_extended && rewriter->to_extended) {
        plain_basic(rewriter, c);
    } else {
        *rewriter->out++ = c;
        something(rewriter);
    }
}

/* Whether a basic expression has \|, or nothing, and does not refer back. */
static bool wants_extended(const char *at)
{
    bool bar = !*at;

    while (*at) {
        if (*at == '[') {
            at = bracket_end(at + 1);
            continue;
        }
        if (*at == '\\' && at[1]) {
            if (at[1] >= '1' && at[1] <= '9')
                return false;
            bar |= at[1] == '|';
            at++;
        }
        at++;
    }
    return bar;
}

char *fos_regex_rewrite(const char *pattern, bool *extended)
{
    char *made = malloc((strlen(pattern) + 1) * LONGEST + 1);
    struct rewriter rewriter = {
        .in = pattern, .out = made, .from_extended = *extended};

    if (!made)
        return NULL;
    rewriter.to_extended = *extended || wants_extended(pattern);
    *extended = rewriter.to_extended;
    branch_begin(&rewriter);
    while (*rewriter.in) {
        if (*rewriter.in == '[')
            bracket(&rewriter);
        else if (*rewriter.in == '\\')
            escape(&rewriter);
        else
            plain(&rewriter);
    }
    branch_end(&rewriter);
    *rewriter.out = '\0';
    return made;
}
