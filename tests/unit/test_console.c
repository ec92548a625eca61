/* SPDX-License-Identifier: MIT */
/* The console fleet without a Xen: its ring is a page of this program, whose other
 * side is the test, honest or not. */
#include "fleets/console/log.h"
#include "fleets/console/output.h"
#include "fleets/console/terminal.h"
#include "fleets/console/wait.h"

#include <poll.h>
#include <signal.h>
#include <termios.h>

#include <fos/memory.h>
#include <fos/proto/console.h>
#include <fos/syscall.h>
#include <fos/ticket.h>

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

/* Answers: mailboxes 1 to 9 take them, any other is gone. */
static char answer[CONSOLE_FETCH_MAX + 1];
static uint64_t answered_to;
static long answered;

static void answer_text(const void *reply, size_t length)
{
    const struct console_read_rep *line = reply;
    const struct console_fetch_rep *fetch = reply;
    bool is_fetch = length == sizeof *fetch;
    uint32_t bytes = is_fetch ? fetch->length : line->length;

    REQUIRE(is_fetch || length == sizeof *line);
    REQUIRE(bytes <= (is_fetch ? CONSOLE_FETCH_MAX : CONSOLE_LINE_MAX));
    memcpy(answer, is_fetch ? fetch->text : line->text, bytes);
    answer[bytes] = '\0';
}

long fos_answer(const struct fos_caller *caller, long result, void *reply,
                size_t length)
{
    if (caller->reply.id > 9)
        return -FOS_EPERM;
    answered = result;
    answered_to = caller->reply.id;
    answer[0] = '\0';
    if (result == 0 && length > sizeof(struct fos_reply))
        answer_text(reply, length);
    return 0;
}

/* Signals that would go to the process fleet. */
static uint64_t signal_group;
static int signal_number;
static unsigned signals;

void signal_send(uint64_t group, int number)
{
    if (!group)
        return;
    signal_group = group;
    signal_number = number;
    signals++;
}

/* The process fleet's answer is out. */
static bool signals_under_way, signals_arrive;

bool signals_waiting(void)
{
    return signals_under_way;
}

bool signals_serve(uint64_t now)
{
    bool arrived = signals_under_way && signals_arrive;

    (void)now;
    if (arrived)
        signals_under_way = signals_arrive = false;
    return arrived;
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
    output_write(stream, text, strlen(text), 0);
}

static void type(const char *keys)
{
    char typed[64];
    size_t length;

    for (; *keys; keys++)
        ring.in[ring.in_prod++ % IN] = *keys;
    while ((length = terminal_get(typed, sizeof typed)) > 0)
        tty_typed(typed, length, 0);
    wait_input_serve(0);
}

static void reader(uint64_t mailbox)
{
    struct fos_caller caller = {.tag = 1, .reply = {mailbox, 9}};

    answered_to = 0;
    wait_input(&caller, NULL, CONSOLE_LINE_MAX, 0);
}

static const struct fos_siphash_key key = {{3, 4}};

/* A process of a group and a session. */
static struct console_who who(uint64_t pid, uint64_t group, uint64_t session)
{
    return (struct console_who){
        .ticket = fos_ticket_make(&key, pid), .group = group, .session = session};
}

static void fetch(uint64_t mailbox, struct console_who by, size_t capacity)
{
    struct fos_caller caller = {.tag = 1, .reply = {mailbox, 9}};

    answered_to = 0;
    answered = tty_check(&by, TTY_READ);
    if (answered)
        answered_to = mailbox;
    else
        wait_input(&caller, &by, capacity, 0);
}

CASE("the ring is opened where the host has left it")
{
    ring.in_cons = ring.in_prod = 0xfffffff0;
    ring.out_cons = ring.out_prod = 0xffffff00;
    CHECK_EQ(terminal_open((struct fos_cap){5, 5}, true, 8), 0);
    tty_init(&key);
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
    output_write(3, text, sizeof text, 0);
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

CASE("lines typed ahead wait; a reader that is gone does not cost one")
{
    type("first\rsecond\r");
    reader(77);
    reader(2);
    CHECK_EQ(answered_to, 2);
    CHECK_TEXT(answer, "first\n");
    reader(1);
    CHECK_TEXT(answer, "second\n");
    shown();
}

CASE("typing without end and without a reader overflows nothing")
{
    for (int i = 0; i < 20000; i++) {
        type("line\r");
        shown();
    }
    for (;;) {
        reader(1);
        if (answered_to != 1 || strcmp(answer, "line\n") != 0)
            break;
    }
    type("\x15x\r");
    reader(1);
    shown();
    struct fos_caller caller = {.tag = 1, .reply = {1, 9}};
    wait_cancel(&caller);
    ldisc_flush(&tty.l);
}

CASE("who has no ticket has no terminal")
{
    struct console_who by = who(7, 7, 7);
    by.ticket.secret ^= 1;
    CHECK_EQ(tty_check(&by, TTY_LOOK), -FOS_EACCES);
    CHECK_EQ(tty.session, 0);
}

CASE("a session leader's first use makes it the controlling terminal")
{
    struct console_who other = who(8, 8, 7), leader = who(7, 7, 7);
    CHECK_EQ(tty_check(&other, TTY_READ), 0);
    CHECK_EQ(tty.session, 0);
    CHECK_EQ(tty_check(&leader, TTY_READ), 0);
    CHECK_EQ(tty.session, 7);
    CHECK_EQ(tty.foreground, 7);
    CHECK_EQ(tty_check(&other, TTY_READ), -FOS_ECANCELED);
}

CASE("keys that signal go to the foreground group")
{
    struct console_who leader = who(7, 7, 7), job = who(9, 9, 7);
    unsigned before = signals;
    type("\x03");
    CHECK_EQ(signals, before + 1);
    CHECK_EQ(signal_group, 7);
    CHECK_EQ(signal_number, SIGINT);
    CHECK_EQ(tty_foreground(&leader, 9), 0);
    type("\x1a");
    CHECK_EQ(signal_group, 9);
    CHECK_EQ(signal_number, SIGTSTP);
    CHECK_EQ(tty_check(&job, TTY_READ), 0);
    CHECK_EQ(tty_check(&leader, TTY_OWN), -FOS_ECANCELED);
    leader.flags = CONSOLE_FORCE;
    CHECK_EQ(tty_check(&leader, TTY_OWN), 0);
    CHECK_EQ(tty_check(&leader, TTY_READ), -FOS_ECANCELED);
    CHECK_EQ(tty_foreground(&leader, 7), 0);
    shown();
}

CASE("what is typed after a signal key is for who asks when the signal has arrived")
{
    fetch(5, who(7, 7, 7), 100);
    signals_under_way = true;
    type("\x03");
    answered_to = 0;
    type("later\r");
    CHECK_EQ(answered_to, 0);
    signals_arrive = true;
    wait_input_serve(0);
    CHECK_EQ(answered_to, 5);
    CHECK_EQ(answered, -FOS_EAGAIN);
    fetch(6, who(7, 7, 7), 100);
    CHECK_EQ(answered_to, 6);
    CHECK_TEXT(answer, "later\n");
    shown();
}

CASE("another session may write and look, and not take over")
{
    struct console_who stranger = who(20, 20, 20);
    CHECK_EQ(tty_check(&stranger, TTY_WRITE), 0);
    CHECK_EQ(tty_check(&stranger, TTY_OWN), -FOS_EACCES);
    CHECK_EQ(tty_foreground(&stranger, 20), -FOS_EACCES);
    CHECK_EQ(tty_session(&stranger, 0), -FOS_EPERM);
    CHECK_EQ(tty_session(&stranger, 1), -FOS_EACCES);
    CHECK_EQ(tty_foreground(&stranger, 0), -FOS_EINVAL);
    CHECK_EQ(tty.foreground, 7);
}

CASE("output from the background stops only with TOSTOP")
{
    struct console_who job = who(9, 9, 7);
    CHECK_EQ(tty_check(&job, TTY_WRITE), 0);
    tty.l.t.lflag |= TOSTOP;
    CHECK_EQ(tty_check(&job, TTY_WRITE), -FOS_ECANCELED);
    tty.l.t.lflag &= ~(unsigned)TOSTOP;
}

CASE("a reader that is put into the background is sent away, and takes no key")
{
    struct console_who leader = who(7, 7, 7), job = who(9, 9, 7);
    CHECK_EQ(tty_foreground(&leader, 9), 0);
    fetch(2, job, 100);
    CHECK_EQ(answered_to, 0);
    leader.flags = CONSOLE_FORCE;
    CHECK_EQ(tty_foreground(&leader, 7), 0);
    leader.flags = 0;
    fetch(1, leader, 100);
    wait_input_serve(0);
    CHECK_EQ(answered_to, 2);
    CHECK_EQ(answered, -FOS_EAGAIN);
    type("for the shell\r");
    CHECK_EQ(answered_to, 1);
    CHECK_TEXT(answer, "for the shell\n");
    shown();
}

CASE("a reader that gives up is answered once, and its line is another's")
{
    struct fos_caller caller = {.tag = 1, .reply = {3, 9}};
    fetch(3, who(7, 7, 7), 100);
    wait_cancel(&caller);
    CHECK_EQ(answered_to, 3);
    CHECK_EQ(answered, -FOS_EINTR);
    answered_to = 0;
    wait_cancel(&caller);
    CHECK_EQ(answered_to, 0);
    type("line\r");
    fetch(77, who(7, 7, 7), 100);
    fetch(4, who(7, 7, 7), 100);
    CHECK_EQ(answered_to, 4);
    CHECK_TEXT(answer, "line\n");
    shown();
}

CASE("a reader that will not wait is told at once")
{
    struct console_who by = who(7, 7, 7);
    by.flags = CONSOLE_NONBLOCK;
    fetch(5, by, 100);
    CHECK_EQ(answered_to, 5);
    CHECK_EQ(answered, -FOS_EAGAIN);
}

CASE("poll answers when a line is there, or there is room")
{
    struct fos_caller caller = {.tag = 1, .reply = {6, 9}};
    struct console_who by = who(7, 7, 7);
    answered_to = 0;
    wait_poll(&caller, &by, POLLIN);
    CHECK_EQ(answered_to, 0);
    type("half");
    CHECK_EQ(answered_to, 0);
    type("\r");
    CHECK_EQ(answered_to, 6);
    CHECK_EQ(answered, POLLIN);
    wait_poll(&caller, &by, POLLIN | POLLOUT);
    CHECK_EQ(answered, POLLIN | POLLOUT);
    ldisc_flush(&tty.l);
    shown();
}

CASE("a report of the window's size is no key, however it comes")
{
    unsigned before = signals;
    fetch(1, who(7, 7, 7), 100);
    type("a\x1b[8;50;132tb");
    CHECK_EQ(tty.window.rows, 50);
    CHECK_EQ(tty.window.columns, 132);
    CHECK_EQ(signal_number, SIGWINCH);
    for (const char *key = "\x1b[8;51;99tc\r"; *key; key++)
        type((char[]){*key, 0});
    CHECK_EQ(tty.window.rows, 51);
    CHECK_EQ(tty.window.columns, 99);
    CHECK_TEXT(answer, "abc\n");
    CHECK_EQ(signals, before + 2);
    type("\x1b[8;51;99t");
    CHECK_EQ(signals, before + 2);
    shown();
}

CASE("what comes late of a report that begins with no key is no key, either")
{
    unsigned before = signals;
    fetch(1, who(7, 7, 7), 100);
    for (const char *key = "\xff[8;52;98t"; *key; key++) {
        CHECK_EQ(tty.window.rows, 51);
        CHECK_EQ(tty_release(FOS_NEVER - 1), FOS_NEVER);
        type((char[]){*key, 0});
    }
    CHECK_EQ(tty.window.rows, 52);
    CHECK_EQ(tty.window.columns, 98);
    CHECK_EQ(signals, before + 1);
    type("\xff[8;\xff[8;51;99t\x15x\r");
    CHECK_EQ(tty.window.rows, 51);
    CHECK_TEXT(answer, "x\n");
    shown();
}

CASE("what only begins like a report is typed")
{
    struct console_termios t = tty.l.t;
    t.lflag &= ~(unsigned)(ICANON | ECHO);
    tty_attributes(&t);
    const char *const keys[] = {"\x1b",
                                "\x1b[",
                                "\x1b[A",
                                "\x1b[8~",
                                "\x1b[8;5;5u",
                                "\x1b[8;123456789012;4t",
                                "\x1b\x1b[8;0;0t",
                                "\xff\xc3\xa9",
                                "\xff[8;0;0t"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        type(keys[i]);
        uint64_t until = tty_release(0);
        CHECK(until == FOS_NEVER || tty_release(until) == FOS_NEVER);
        fetch(1, who(7, 7, 7), 100);
        CHECK_TEXT(answer, keys[i]);
    }
    CHECK_EQ(tty.window.rows, 51);
}

CASE("the log is kept from the terminal while it is raw, and shown after")
{
    struct console_termios t = tty.l.t;
    output_tty("screen", 6);
    say(1, "unseen\n");
    CHECK_TEXT(shown(), "screen");
    t.lflag |= ICANON | ECHO;
    tty_attributes(&t);
    const char *text = shown();
    CHECK(strstr(text, "unseen\r\n") != NULL);
    CHECK_EQ(strncmp(text, "\r\n[", 3), 0);
    say(1, "seen\n");
    CHECK_TEXT(shown(), "seen\r\n");
}

CASE("a program's text waits for room, is not lost, and stops for Ctrl-S")
{
    struct console_who by = who(7, 7, 7);
    char text[CONSOLE_WRITE_MAX];
    unsigned written = 0;
    memset(text, 't', sizeof text);
    for (uint64_t i = 0; i < 200; i++) {
        struct fos_caller caller = {.tag = i << 16, .reply = {1 + i % 9, 9}};
        answered = 0;
        wait_output(&caller, &by, text, sizeof text);
        if (answered == -FOS_EBUSY)
            break;
        written++;
    }
    CHECK(wait_output_any());
    CHECK(written > 16 && written < 50);
    size_t bytes = 0;
    for (int i = 0; i < 20; i++) {
        bytes += strlen(shown());
        wait_output_serve();
    }
    CHECK_EQ(bytes, written * sizeof text);
    type("\x13");
    ldisc_output(&tty.l, "x\n", 2);
    CHECK(!output_room());
    CHECK(!output_pump());
    CHECK_EQ(ring.out_cons, ring.out_prod);
    type("\x11");
    CHECK_TEXT(shown(), "x\r\n");
}

CASE("attributes wait for output when they are to, and throw input away")
{
    struct fos_caller caller = {.tag = 1, .reply = {1, 9}};
    struct console_termios t = tty.l.t;
    t.cc[VINTR] = 'i';
    type("typed\r");
    answered_to = 0;
    wait_drained(&caller, 0, false, &t, true);
    wait_drained_serve(false, 0);
    CHECK_EQ(answered_to, 0);
    CHECK(tty.l.t.cc[VINTR] != 'i');
    wait_drained_serve(true, 0);
    CHECK_EQ(answered_to, 1);
    CHECK_EQ(tty.l.t.cc[VINTR], 'i');
    CHECK(!ldisc_ready(&tty.l));
    shown();
}

CASE("the end of a session's leader hangs up, and the next one starts afresh")
{
    struct console_who next = who(30, 30, 30), left = who(8, 8, 7);
    unsigned before = signals;
    tty_ended(9);
    CHECK_EQ(tty.session, 7);
    tty_ended(7);
    CHECK_EQ(signals, before + 2);
    CHECK_EQ(tty.session, 0);
    CHECK_EQ(tty.l.t.cc[VINTR], 3);
    CHECK_EQ(tty_check(&left, TTY_OWN), -FOS_EIO);
    CHECK_EQ(tty.session, 0);
    CHECK_EQ(tty_check(&next, TTY_READ), 0);
    CHECK_EQ(tty.session, 30);
    CHECK_EQ(tty_check(&left, TTY_READ), -FOS_EIO);
    CHECK_EQ(tty_check(&left, TTY_CHANGE), -FOS_EIO);
    CHECK_EQ(tty_check(&left, TTY_WRITE), 0);
}

CASE("the log keeps its newest lines, each with its time")
{
    char text[256];
    uint64_t from = log_end();
    log_put("one\ntwo\n", 8, 1234567890123);
    size_t length = log_get(&from, text, sizeof text - 1);
    text[length] = '\0';
    CHECK_TEXT(text, "[ 1234.567890] one\n[ 1234.567890] two\n");
    for (int i = 0; i < 10000; i++)
        log_put("filling\n", 8, 0);
    length = log_get(&from, text, sizeof text - 1);
    text[length] = '\0';
    CHECK_EQ(strncmp(text, "[    0.000000] filling\n", 23), 0);
    CHECK(from > log_end() - LOG_SIZE);
    from = UINT64_MAX;
    CHECK_EQ(log_get(&from, text, sizeof text), 0);
    CHECK_EQ(from, log_end());
}
