/* SPDX-License-Identifier: MIT */
#include "input.h"

#include <stdbool.h>
#include <string.h>

#include <fos/abi/errors.h>
#include <fos/proto/console.h>

#include "output.h"

enum { READERS = 16, LINES = 16, CTRL_D = 4, CTRL_U = 21, DELETE = 127 };

struct line {
    size_t length; /* 0: end of the file */
    char text[CONSOLE_LINE_MAX];
};

/* lines[first..first + count) are complete; the next one is being typed. */
static struct line lines[LINES];
static size_t first, count;
static struct fos_caller readers[READERS];
static size_t waiting;

static void reader_remove(size_t i)
{
    waiting--;
    memmove(readers + i, readers + i + 1, (waiting - i) * sizeof *readers);
}

/* False when the reader is gone; the line is then for the next. */
static bool line_deliver(const struct line *line)
{
    struct console_read_rep rep = {.length = (uint32_t)line->length};

    memcpy(rep.text, line->text, line->length);
    long error = fos_answer(&readers[0], 0, &rep, sizeof rep);
    reader_remove(0);
    return error == 0;
}

static void deliver(void)
{
    while (count && waiting) {
        if (!line_deliver(&lines[first]))
            continue;
        lines[first].length = 0;
        first = (first + 1) % LINES;
        count--;
    }
}

long input_reader_add(const struct fos_caller *caller)
{
    if (!caller->reply.id)
        return 0;
    /* A process waits once: its earlier request has been given up. */
    for (size_t i = 0; i < waiting; i++)
        if (readers[i].reply.id == caller->reply.id) {
            reader_remove(i);
            break;
        }
    if (waiting == READERS)
        return -FOS_EBUSY;
    readers[waiting++] = *caller;
    deliver();
    return 0;
}

void input_reader_cancel(const struct fos_caller *caller)
{
    for (size_t i = 0; i < waiting; i++)
        if (fos_caller_same(&readers[i], caller)) {
            reader_remove(i);
            return;
        }
}

static struct line *line_typed(void)
{
    return &lines[(first + count) % LINES];
}

static void line_complete(void)
{
    if (count + 1 < LINES)
        count++;
    else
        line_typed()->length = 0;
    deliver();
}

static void erase(struct line *line, size_t characters)
{
    for (; characters && line->length; characters--) {
        line->length--;
        output_echo("\b \b", 3);
    }
}

static void append(struct line *line, char c)
{
    if (line->length < CONSOLE_LINE_MAX - 1) {
        line->text[line->length++] = c;
        output_echo(&c, 1);
    } else {
        output_echo("\a", 1);
    }
}

static void key(char c)
{
    struct line *line = line_typed();

    if (c == '\r' || c == '\n') {
        line->text[line->length++] = '\n';
        output_echo("\n", 1);
        line_complete();
    } else if (c == CTRL_D) {
        line_complete();
    } else if (c == '\b' || c == DELETE) {
        erase(line, 1);
    } else if (c == CTRL_U) {
        erase(line, line->length);
    } else if (c == '\t' || (unsigned char)c >= ' ') {
        append(line, c);
    }
}

void input_typed(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        key(text[i]);
}
