/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "terminal.h"

enum { STREAMS = 32, QUEUE_SIZE = 65536, NOTE_ROOM = 64, RELEASE_MAX = 4096 };

struct stream {
    uint64_t key;
    uint64_t used_at; /* for evicting the one silent longest */
    size_t length;
    char text[OUTPUT_LINE_MAX];
};

static struct stream streams[STREAMS];
static uint64_t clock_now, log_now;

/* Bytes [head, tail) wait, positions run freely. */
static char queue[QUEUE_SIZE];
static size_t head, tail;
static size_t dropped; /* bytes, since the last note */

/* Whose unfinished line the cursor stands in; NULL: a program's, or at the margin. */
static const struct stream *cursor_in;
static bool margin = true;

static bool stopped;
static bool held;          /* the log is kept from the terminal */
static uint64_t held_from; /* its position when that began */
static const char more[] = "[console: more of the log: dmesg]\n";

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

    if (!dropped || queue_room() < QUEUE_SIZE / 4 * 3)
        return;
    int length =
        snprintf(note, sizeof note, "[console: %zu bytes dropped]\n", dropped);
    dropped = 0;
    queue_put(note, (size_t)length);
}

/* Whole or not at all, after a newline if another's text stands on the line. */
static void emit(const struct stream *from, const char *text, size_t length)
{
    if (!length || held)
        return;
    dropped_note();
    if (dropped ||
        cooked_size(text, length) + NOTE_ROOM + QUEUE_SIZE / 2 > queue_room()) {
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
    log_put(s->text, s->length, log_now);
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

void output_write(uint64_t key, const char *text, size_t length, uint64_t now)
{
    struct stream *s = stream_get(key);

    log_now = now;
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

void output_release(void)
{
    char text[512];
    size_t shown = 0, length;

    if (!held)
        return;
    held = false;
    while (shown < RELEASE_MAX &&
           (length = log_get(&held_from, text, sizeof text))) {
        emit(streams, text, length);
        held_from += length;
        shown += length;
    }
    if (held_from != log_end())
        emit(streams, more, sizeof more - 1);
    held_from = log_end();
    held = true;
}

void output_hold(bool hold)
{
    if (hold == held)
        return;
    if (hold) {
        held_from = log_end();
        held = true;
    } else {
        output_release();
        held = false;
    }
}

/* A device that sends a newline as CR LF gets what means CR LF to us as a newline,
 * and what means one line down as the VT that does that on terminals. */
void output_tty(const char *text, size_t length)
{
    bool adds_cr = !terminal_wants_cr();

    if (!length || length > queue_room())
        return;
    if (cursor_in && !margin)
        queue_put("\n", 1);
    cursor_in = NULL;
    for (size_t i = 0; i < length; i++) {
        bool crlf = text[i] == '\r' && i + 1 < length && text[i + 1] == '\n';
        if (adds_cr && crlf)
            queue_byte(text[++i]);
        else
            queue_byte(adds_cr && text[i] == '\n' ? '\v' : text[i]);
    }
    margin = text[length - 1] == '\n';
}

bool output_room(void)
{
    return !stopped && tail - head <= QUEUE_SIZE / 4;
}

void output_stop(bool stop)
{
    stopped = stop;
}

void output_discard(void)
{
    head = tail;
}

size_t output_queued(void)
{
    return tail - head;
}

bool output_pump(void)
{
    while (head != tail && !stopped) {
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
