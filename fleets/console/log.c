/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <stdbool.h>
#include <stdio.h>

#define SECOND      1000000000ull
#define MICROSECOND 1000ull

static char ring[LOG_SIZE];
static uint64_t end;
static bool within_line;

static void byte_put(char c)
{
    ring[end++ % LOG_SIZE] = c;
}

static void time_put(uint64_t now)
{
    char text[32];

    snprintf(text, sizeof text, "[%5llu.%06llu] ",
             (unsigned long long)(now / SECOND),
             (unsigned long long)(now % SECOND / MICROSECOND));
    for (const char *at = text; *at; at++)
        byte_put(*at);
}

void log_put(const char *text, size_t length, uint64_t now)
{
    for (size_t i = 0; i < length; i++) {
        if (!within_line)
            time_put(now);
        byte_put(text[i]);
        within_line = text[i] != '\n';
    }
}

/* The oldest whole line. */
static uint64_t oldest(void)
{
    uint64_t at = end > LOG_SIZE ? end - LOG_SIZE : 0;

    if (!at)
        return 0;
    while (at != end && ring[at % LOG_SIZE] != '\n')
        at++;
    at += at != end;
    return at;
}

size_t log_get(uint64_t *from, char *to, size_t capacity)
{
    size_t length = 0;

    if (*from > end)
        *from = end;
    if (end - *from > LOG_SIZE - 1)
        *from = oldest();
    while (length < capacity && *from + length != end) {
        to[length] = ring[(*from + length) % LOG_SIZE];
        length++;
    }
    return length;
}

uint64_t log_end(void)
{
    return end;
}
