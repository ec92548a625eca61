/* SPDX-License-Identifier: MIT */
/* Messages to the system's log, which is the console fleet's. */
#include <syslog.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <fos/console.h>

#include "program.h"

enum { LINE = 512 };

static struct {
    const char *name;
    int options, mask;
} state = {.mask = 0xff};

void openlog(const char *name, int options, int facility)
{
    (void)facility;
    state.name = name;
    state.options = options;
}

void closelog(void)
{
    state.name = NULL;
    state.options = 0;
}

int setlogmask(int mask)
{
    int old = state.mask;

    if (mask)
        state.mask = mask;
    return old;
}

/* %m is errno's meaning; `to` has room for `capacity` bytes. */
static void expand(const char *format, char *to, size_t capacity)
{
    const char *error = strerror(errno);
    size_t used = 0;

    for (; *format && used + 1 < capacity; format++) {
        if (format[0] == '%' && format[1] == 'm') {
            used += (size_t)snprintf(to + used, capacity - used, "%s", error);
            if (used >= capacity)
                used = capacity - 1;
            format++;
            continue;
        }
        to[used++] = *format;
        if (format[0] == '%' && format[1] == '%' && used + 1 < capacity)
            to[used++] = *++format;
    }
    to[used] = '\0';
}

void vsyslog(int priority, const char *format, va_list arguments)
{
    char pattern[LINE], line[LINE];
    int length;

    if (!(state.mask & LOG_MASK(priority & LOG_PRIMASK)))
        return;
    expand(format, pattern, sizeof pattern);
    length =
        snprintf(line, LINE, "%s", state.name ? state.name : fos_program_name());
    if (state.options & LOG_PID && length < LINE)
        length +=
            snprintf(line + length, (size_t)(LINE - length), "[%d]", getpid());
    if (length < LINE)
        length += snprintf(line + length, (size_t)(LINE - length), ": ");
    if (length < LINE)
        length +=
            vsnprintf(line + length, (size_t)(LINE - length), pattern, arguments);
    if (length > LINE - 2)
        length = LINE - 2;
    if (line[length - 1] != '\n')
        line[length++] = '\n';
    fos_console_write(line, (size_t)length);
    if (state.options & LOG_PERROR)
        write(STDERR_FILENO, line, (size_t)length);
}

void syslog(int priority, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsyslog(priority, format, arguments);
    va_end(arguments);
}
