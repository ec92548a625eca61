/* SPDX-License-Identifier: MIT */
#include "cmdline.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <fos/proto/proc.h>

/* Whether `at` lies between the quotes of a value, as an app's arguments do. */
static bool is_quoted(const char *line, const char *at)
{
    bool quoted = false;

    for (; line < at; line++)
        quoted ^= *line == '"';
    return quoted;
}

/* The value of `key` (with its '='), which begins a word; its length without
 * quotes. */
static const char *value_find(const char *line, const char *key, size_t *length)
{
    size_t size = strlen(key);

    for (const char *at = line; (at = strstr(at, key)); at += size) {
        if ((at != line && at[-1] != ' ') || is_quoted(line, at))
            continue;
        at += size;
        char end = *at == '"' ? '"' : ' ';
        at += end == '"';
        const char *stop = strchr(at, end);
        *length = stop ? (size_t)(stop - at) : strlen(at);
        return at;
    }
    return NULL;
}

/* Letters and digits, and `others`. */
static void word_copy(char *to, size_t size, const char *others, const char *value,
                      size_t length)
{
    size_t used = 0;

    for (size_t i = 0; i < length && used < size - 1; i++)
        if (isalnum((unsigned char)value[i]) ||
            (value[i] && strchr(others, value[i])))
            to[used++] = value[i];
    to[used] = '\0';
}

static void app_parse(struct cmdline *out, const char *value, size_t length)
{
    bool quoted = false, word = false;

    for (size_t i = 0; i <= length && out->text_size < APP_TEXT_MAX - 1; i++) {
        char c = i < length ? value[i] : ' ';
        if (c == '\'' && i < length) {
            quoted = !quoted;
            word = true;
        } else if (c != ' ' || (quoted && i < length)) {
            out->text[out->text_size++] = c;
            word = true;
        } else if (word) {
            out->text[out->text_size++] = '\0';
            out->argc++;
            word = false;
            if (out->argc == APP_ARGS_MAX)
                return;
        }
    }
    if (word) {
        out->text[out->text_size++] = '\0';
        out->argc++;
    }
}

static bool word_find(const char *line, const char *word)
{
    size_t length;
    const char *end = value_find(line, word, &length);

    return end && (*end == ' ' || *end == '\0');
}

static uint32_t count_parse(const char *value)
{
    unsigned long count = strtoul(value, NULL, 10);

    return count < 1                  ? 1
           : count > PROC_MEMBERS_MAX ? PROC_MEMBERS_MAX
                                      : (uint32_t)count;
}

static uint32_t hang_parse(const char *value)
{
    unsigned long seconds = strtoul(value, NULL, 10);

    return seconds < HANG_MAX ? (uint32_t)seconds : HANG_MAX;
}

void cmdline_parse(struct cmdline *out, const char *line)
{
    size_t length;
    const char *value;

    memset(out, 0, sizeof *out);
    if ((value = value_find(line, "tag=", &length)))
        word_copy(out->tag, sizeof out->tag, "", value, length);
    strcpy(out->term, "vt100");
    if ((value = value_find(line, "term=", &length)))
        word_copy(out->term, sizeof out->term, "-+._", value, length);
    if ((value = value_find(line, "app=", &length)))
        app_parse(out, value, length);
    out->names = NAMES_DEFAULT;
    if ((value = value_find(line, "names=", &length)))
        out->names = count_parse(value);
    if ((value = value_find(line, "page=", &length)))
        out->pages = count_parse(value);
    if ((value = value_find(line, "mem=", &length)))
        out->mems = count_parse(value);
    if ((value = value_find(line, "hang=", &length)))
        out->hang = hang_parse(value);
    out->panic = word_find(line, "panic");
    out->mortal = word_find(line, "mortal");
    out->insider = word_find(line, "insider");
    out->trace = word_find(line, "trace");
}
