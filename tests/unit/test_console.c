/* SPDX-License-Identifier: MIT */
/* The console fleet without a Xen: its ring is a page of this program, whose other
 * side is the test, honest or not. */
#include "fleets/console/input.h"
#include "fleets/console/output.h"
#include "fleets/console/terminal.h"

#include <fos/memory.h>
#include <fos/proto/console.h>
#include <fos/syscall.h>

#include "unit.h"

enum { IN = 1024, OUT = 2048 };

static struct {
    char in[IN], out[OUT];
    _Atomic uint32_t in_cons, in_prod, out_cons, out_prod;
    char beyond[4096 - IN - OUT - 16];
} ring __attribute__((aligned(4096)));

void *fos_pages_reserve(size_t pages)
{
    return pages == 1 ? &ring : NULL;
}

long fos_sys_device_map(struct fos_cap device, void *address)
{
    return device.id == 5 && address == &ring ? 0 : -FOS_EPERM;
}

long fos_sys_device_bind(struct fos_cap device, unsigned event)
{
    return device.id == 5 && event == 8 ? 0 : -FOS_EPERM;
}

long fos_sys_device_ack(struct fos_cap device)
{
    return device.id == 5 ? 0 : -FOS_EPERM;
}

long fos_sys_device_notify(struct fos_cap device)
{
    return device.id == 5 ? 0 : -FOS_EPERM;
}

long fos_sys_console_io(struct fos_cap device, unsigned operation, void *buffer,
                        size_t length)
{
    (void)device, (void)operation, (void)buffer, (void)length;
    FAIL("console_io although there is a ring");
    return -FOS_ENOSYS;
}

/* Answers: mailbox 1 and 2 take them, any other is gone. */
static char answer[CONSOLE_LINE_MAX + 1];
static uint64_t answered_to;

long fos_answer(const struct fos_caller *caller, long result, void *reply,
                size_t length)
{
    const struct console_read_rep *rep = reply;

    if (caller->reply.id > 2)
        return -FOS_EPERM;
    CHECK_EQ(result, 0);
    CHECK_EQ(length, sizeof *rep);
    REQUIRE(rep->length <= CONSOLE_LINE_MAX);
    memcpy(answer, rep->text, rep->length);
    answer[rep->length] = '\0';
    answered_to = caller->reply.id;
    return 0;
}

/* The host takes what is in the ring; the queue is emptied that way. */
static const char *shown(void)
{
    static char text[200000];
    size_t length = 0;
    bool empty;

    do {
        empty = output_pump();
        uint32_t cons = ring.out_cons;
        for (; cons != ring.out_prod && length < sizeof text - 1; cons++)
            text[length++] = ring.out[cons % OUT];
        ring.out_cons = cons;
    } while (!empty);
    text[length] = '\0';
    return text;
}

static void say(uint64_t stream, const char *text)
{
    output_write(stream, text, strlen(text));
}

static void type(const char *keys)
{
    char typed[64];
    size_t length;

    for (; *keys; keys++)
        ring.in[ring.in_prod++ % IN] = *keys;
    while ((length = terminal_get(typed, sizeof typed)) > 0)
        input_typed(typed, length);
}

static void reader(uint64_t mailbox)
{
    struct fos_caller caller = {.tag = 1, .reply = {mailbox, 9}};

    answered_to = 0;
    CHECK_EQ(input_reader_add(&caller), 0);
}

CASE("the ring is opened where the host has left it")
{
    ring.in_cons = ring.in_prod = 0xfffffff0;
    ring.out_cons = ring.out_prod = 0xffffff00;
    CHECK_EQ(terminal_open((struct fos_cap){5, 5}, true, 8), 0);
}

CASE("lines of two writers stay whole, and end in CR LF")
{
    say(1, "one ");
    say(2, "two ");
    CHECK_TEXT(shown(), "");
    say(1, "and one\n");
    say(2, "and two\nthree\n");
    CHECK_TEXT(shown(), "one and one\r\ntwo and two\r\nthree\r\n");
}

CASE(
    "an unfinished line is shown when its writer reads; another's begins a new one")
{
    say(1, "name? ");
    output_show(1);
    CHECK_TEXT(shown(), "name? ");
    say(2, "by the way\n");
    CHECK_TEXT(shown(), "\r\nby the way\r\n");
    say(1, "x");
    CHECK(output_unfinished());
    output_show_all();
    CHECK(!output_unfinished());
    say(1, "y\n");
    CHECK_TEXT(shown(), "xy\r\n");
}

CASE("a line too long goes out in pieces, nothing of it is lost")
{
    char text[5000];
    memset(text, 'l', sizeof text);
    text[sizeof text - 1] = '\n';
    output_write(3, text, sizeof text);
    CHECK_EQ(strlen(shown()), sizeof text + 1);
}

CASE("more writers than there are streams lose nothing")
{
    size_t count = 0;
    for (uint64_t stream = 100; stream < 400; stream++)
        say(stream, "#");
    output_show_all();
    for (const char *at = shown(); *at; at++)
        count += *at == '#';
    CHECK_EQ(count, 300);
    say(1, "\n");
    shown();
}

CASE("a host that takes nothing costs lines, whole ones, and the count is told")
{
    unsigned lines = 0;
    for (int i = 0; i < 20000; i++) {
        say(1, "0123456789\n");
        output_pump();
    }
    const char *text = shown();
    for (const char *at = text; (at = strstr(at, "0123456789\r\n")); at += 12)
        lines++;
    CHECK(lines > 1000 && lines < 20000);
    const char *note = strstr(text, "[console: ");
    REQUIRE(note != NULL);
    CHECK_EQ(strtoul(note + 10, NULL, 10), (20000 - lines) * 11);
    say(1, "again\n");
    CHECK_TEXT(shown(), "again\r\n");
}

CASE("a host's impossible indices are counted and nothing is moved by them")
{
    uint32_t cons = ring.out_cons, prod = ring.out_prod;
    uint64_t before = terminal_nonsense();
    ring.out_cons = cons + 1;
    say(1, "unheard\n");
    CHECK(!output_pump());
    CHECK_EQ(ring.out_prod, prod);
    ring.out_cons = prod - OUT - 1;
    CHECK(!output_pump());
    CHECK(terminal_nonsense() > before);
    ring.out_cons = cons;
    CHECK_TEXT(shown(), "unheard\r\n");

    char typed[64];
    ring.in_prod += IN + 1;
    CHECK_EQ(terminal_get(typed, sizeof typed), 0);
    for (uint64_t seed = 7, i = 0; i < 10000; i++) {
        ring.in_prod = (uint32_t)unit_random(&seed);
        ring.out_cons = (uint32_t)unit_random(&seed);
        CHECK(terminal_get(typed, sizeof typed) <= sizeof typed);
        say(1, "x\n");
        output_pump();
    }
    for (size_t i = 0; i < sizeof ring.beyond; i++)
        REQUIRE(ring.beyond[i] == 0);
    ring.out_cons = ring.out_prod;
    ring.in_prod = ring.in_cons;
    shown();
}

CASE("a typed line is echoed and goes to the reader, with its newline")
{
    reader(1);
    type("hi there\r");
    CHECK_EQ(answered_to, 1);
    CHECK_TEXT(answer, "hi there\n");
    CHECK_TEXT(shown(), "hi there\r\n");
}

CASE("backspace and Ctrl-U take back, not more than there is")
{
    reader(1);
    type("\b\bab\x7f"
         "c\r");
    CHECK_TEXT(answer, "ac\n");
    reader(1);
    type("much of it\x15ok\r");
    CHECK_TEXT(answer, "ok\n");
    shown();
}

CASE("Ctrl-D ends the file at a line's beginning and a line elsewhere")
{
    reader(1);
    type("\x04");
    CHECK_EQ(answered_to, 1);
    CHECK_TEXT(answer, "");
    reader(1);
    type("half\x04");
    CHECK_TEXT(answer, "half");
    shown();
}

CASE("lines typed ahead wait; a reader that is gone does not cost one")
{
    type("first\rsecond\r");
    reader(7);
    reader(2);
    CHECK_EQ(answered_to, 2);
    CHECK_TEXT(answer, "first\n");
    reader(1);
    CHECK_TEXT(answer, "second\n");
    shown();
}

CASE("a line longer than a line may be is cut, the rest of the keys only beep")
{
    reader(1);
    for (int i = 0; i < 1000; i++) {
        type("k");
        shown();
    }
    type("\r");
    CHECK_EQ(strlen(answer), CONSOLE_LINE_MAX);
    shown();
}

CASE("typing without end and without a reader overflows nothing")
{
    for (int i = 0; i < 100; i++) {
        type("line\r");
        shown();
    }
    for (int i = 0; i < 15; i++) {
        reader(1);
        CHECK_TEXT(answer, "line\n");
    }
    reader(1);
    CHECK_EQ(answered_to, 0);
    type("x\r");
    CHECK_EQ(answered_to, 1);
    shown();
}
