/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <stdio.h>
#include <string.h>

#include "terminal.h"

enum { STREAMS = 32, QUEUE_SIZE = 65536, NOTE_ROOM = 64 };

struct stream {
    uint64_t key;
    uint64_t used_at; /* for evicting the one silent longest */
    size_t length;
    char text[OUTPUT_LINE_MAX];
};

static struct stream streams[STREAMS];
static uint64_t clock_now;

/* Bytes [head, tail) wait, positions run freely. */
static char queue[QUEUE_SIZE];
static size_t head, tail;
static size_t dropped; /* bytes, since the last note */

/* Whose unfinished line the cursor stands in; NULL: at the left margin. */
static const struct stream *cursor_in;
static bool margin = true;

static size_t queue_room(void)
{
    return QUEUE_SIZE - (tail - head);
}

static size_t cooked_size(const char *text, size_t length)
{
    size_t size = length;

    if (terminal_wants_cr())
        for (size_t i = 0; i < length; i++)
            size += text[i] == '\n';
    return size;
}

static void queue_byte(char c)
{
    queue[tail++ % QUEUE_SIZE] = c;
}

static void queue_put(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n' && terminal_wants_cr())
            queue_byte('\r');
        queue_byte(text[i]);
    }
    margin = text[length - 1] == '\n';
}

static void dropped_note(void)
{
    char note[NOTE_ROOM];

    if (!dropped || queue_room() < QUEUE_SIZE / 2)
        return;
    int length =
        snprintf(note, sizeof note, "[console: %zu bytes dropped]\n", dropped);
    dropped = 0;
    queue_put(note, (size_t)length);
}

/* Whole or not at all, after a newline if another's text stands on the line. */
static void emit(const struct stream *from, const char *text, size_t length)
{
    if (!length)
        return;
    dropped_note();
    if (dropped || cooked_size(text, length) + NOTE_ROOM > queue_room()) {
        dropped += length;
        return;
    }
    if (!margin && cursor_in != from)
        queue_put("\n", 1);
    queue_put(text, length);
    cursor_in = margin ? NULL : from;
}

static struct stream *stream_find(uint64_t key)
{
    struct stream *oldest = streams;

    for (struct stream *s = streams; s < streams + STREAMS; s++) {
        if (s->key == key && s->used_at)
            return s;
        if (s->used_at < oldest->used_at)
            oldest = s;
    }
    return oldest;
}

static void stream_show(struct stream *s)
{
    emit(s, s->text, s->length);
    s->length = 0;
}

static struct stream *stream_get(uint64_t key)
{
    struct stream *s = stream_find(key);

    if (s->key != key) {
        stream_show(s);
        if (cursor_in == s)
            cursor_in = NULL;
        s->key = key;
    }
    s->used_at = ++clock_now;
    return s;
}

void output_write(uint64_t key, const char *text, size_t length)
{
    struct stream *s = stream_get(key);

    for (size_t i = 0; i < length; i++) {
        s->text[s->length++] = text[i];
        if (text[i] == '\n' || s->length == OUTPUT_LINE_MAX)
            stream_show(s);
    }
}

void output_show(uint64_t key)
{
    stream_show(stream_get(key));
}

void output_show_all(void)
{
    for (struct stream *s = streams; s < streams + STREAMS; s++)
        if (s->length)
            stream_show(s);
}

bool output_unfinished(void)
{
    for (struct stream *s = streams; s < streams + STREAMS; s++)
        if (s->length)
            return true;
    return false;
}

void output_echo(const char *text, size_t length)
{
    emit(cursor_in, text, length);
}

bool output_pump(void)
{
    while (head != tail) {
        size_t from = head % QUEUE_SIZE, length = tail - head;
        if (length > QUEUE_SIZE - from)
            length = QUEUE_SIZE - from;
        size_t taken = terminal_put(queue + from, length);
        head += taken;
        if (taken < length && taken == 0)
            break;
    }
    dropped_note();
    return head == tail;
}
