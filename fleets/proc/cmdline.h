/* SPDX-License-Identifier: MIT */
/* The kernel's command line: app="NAME ARGS..." tag=HEX names=N page=N mem=N panic
 * mortal insider hang=SECONDS trace term=NAME, in any order. */
#ifndef PROC_CMDLINE_H
#define PROC_CMDLINE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    APP_TEXT_MAX = 1024,
    TAG_MAX = 40,
    TERM_MAX = 40,
    APP_ARGS_MAX = 64,
    NAMES_DEFAULT = 2,
    HANG_MAX = 1000
};

struct cmdline {
    char tag[TAG_MAX];
    char term[TERM_MAX];  /* kind of terminal */
    bool panic;           /* the first process is to end, which is a kernel bug */
    bool mortal;          /* the app may kill naming members */
    bool insider;         /* the app has the fleets' word: for benchmarks */
    bool trace;           /* the app has the trace device, whatever its name */
    uint32_t names;       /* naming members */
    uint32_t hang;        /* seconds of silence after which one is replaced; or 0 */
    uint32_t pages, mems; /* members of page and mem; 0: nobody says */
    uint32_t argc;
    uint32_t text_size;
    char text[APP_TEXT_MAX]; /* argc strings, NUL-terminated */
};

/* Words of the app are separated by spaces; '...' keeps spaces together.  What does
 * not fit is cut off.  No app: argc is 0. */
void cmdline_parse(struct cmdline *out, const char *line);

#endif
