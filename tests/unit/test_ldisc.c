/* SPDX-License-Identifier: MIT */
/* The line discipline: keys in, what the screen gets and what readers get out. */
#include "fleets/console/ldisc.h"

#include <signal.h>
#include <termios.h>

#include "fleets/console/width.h"
#include "unit.h"

static struct ldisc l;
static char screen[65536];
static size_t screen_length;
static int signals[16];
static unsigned signalled;
static bool stopped;

static void put(const char *text, size_t length)
{
    if (screen_length + length < sizeof screen) {
        memcpy(screen + screen_length, text, length);
        screen_length += length;
    }
    screen[screen_length] = '\0';
}

static void raise_signal(int number)
{
    signals[signalled++ % 16] = number;
}

static void stop(bool stops)
{
    stopped = stops;
}

static void begin(void)
{
    static const struct ldisc_io io = {put, raise_signal, stop};

    ldisc_init(&l, &io);
    l.t.lflag &= ~CONSOLE_LINEEDIT;
    screen_length = 0;
    screen[0] = '\0';
    signalled = 0;
    stopped = false;
}

static void type(const char *keys)
{
    ldisc_input(&l, keys, strlen(keys));
}

static const char *shown(void)
{
    screen_length = 0;
    return screen;
}

static char taken[8192];
static size_t taken_length, taken_used;

static const char *take(size_t capacity)
{
    taken_length = ldisc_take(&l, (uint8_t *)taken, capacity, &taken_used);
    taken[taken_length] = '\0';
    return taken;
}

static void set(void (*change)(struct console_termios *))
{
    struct console_termios t = l.t;

    change(&t);
    ldisc_set(&l, &t);
}

static void raw(struct console_termios *t)
{
    t->lflag &= ~(unsigned)(ICANON | ECHO | ISIG | IEXTEN);
    t->iflag &= ~(unsigned)(ICRNL | IXON);
    t->cc[VMIN] = 1;
    t->cc[VTIME] = 0;
}

static void cooked(struct console_termios *t)
{
    t->lflag |= ICANON | ECHO | ISIG | IEXTEN;
    t->iflag |= ICRNL | IXON;
}

/* What a terminal of 200 columns has on its line after these bytes; wide characters
 * fill two places, the second with a NUL that is left out. */
static const char *line_of(const char *bytes, size_t length)
{
    static char cells[256][5];
    static char text[1024];
    unsigned at = 0, columns, most = 0;

    memset(cells, 0, sizeof cells);
    for (size_t i = 0; i < length;) {
        size_t size =
            character_next((const uint8_t *)bytes + i, length - i, &columns);
        if (bytes[i] == '\b') {
            at -= at > 0;
        } else if (bytes[i] == '\t') {
            do
                strcpy(cells[at++], " ");
            while (at % 8);
        } else if (columns && at < 250) {
            memset(cells[at], 0, sizeof cells[at]);
            memcpy(cells[at], bytes + i, size);
            if (columns == 2)
                strcpy(cells[at + 1], "\1");
            at += columns;
        }
        most = at > most ? at : most;
        i += size;
    }
    text[0] = '\0';
    for (unsigned i = 0; i < most; i++)
        if (cells[i][0] != 1)
            strcat(text, cells[i][0] ? cells[i] : " ");
    for (size_t end = strlen(text); end && text[end - 1] == ' ';)
        text[--end] = '\0';
    return text;
}

static const char *line_shown(void)
{
    return line_of(screen, screen_length);
}

CASE("a line is echoed and readable when its end was typed, not before")
{
    begin();
    type("hello");
    CHECK_EQ(ldisc_readable(&l), 0);
    CHECK(!ldisc_ready(&l));
    type("\r");
    CHECK_EQ(ldisc_readable(&l), 6);
    CHECK(ldisc_ready(&l));
    CHECK_TEXT(shown(), "hello\r\n");
    CHECK_TEXT(take(100), "hello\n");
    CHECK(!ldisc_ready(&l));
}

CASE("a reader gets one line, and of a long one what it has room for")
{
    begin();
    type("one\rtwo\r");
    CHECK_TEXT(take(2), "on");
    CHECK_TEXT(take(2), "e\n");
    CHECK_TEXT(take(100), "two\n");
    CHECK_EQ(l.records, 0);
}

CASE("erase takes back a character, of UTF-8 all its bytes and all its columns")
{
    begin();
    type("a\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80");
    CHECK_TEXT(line_shown(), "a\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80");
    type("\x7f");
    CHECK_TEXT(line_shown(), "a\xc3\xa9\xe4\xb8\xad");
    type("\x7f");
    CHECK_TEXT(line_shown(), "a\xc3\xa9");
    type("\x7f");
    CHECK_TEXT(line_shown(), "a");
    type("\x7f\x7f\x7fz\r");
    CHECK_TEXT(take(100), "z\n");
}

CASE("without IUTF8 erase takes a byte")
{
    begin();
    l.t.iflag &= ~CONSOLE_UTF8;
    type("\xc3\xa9\x7f\r");
    CHECK_TEXT(take(9), "\xc3\n");
}

CASE("erase of a tab and of a control character takes all their columns")
{
    begin();
    ldisc_output(&l, "$ ", 2);
    type("ab\tc\x16\x01");
    CHECK_TEXT(line_shown(), "$ ab    c^A");
    type("\x7f");
    CHECK_TEXT(line_shown(), "$ ab    c");
    type("\x7f\x7f!");
    CHECK_TEXT(line_shown(), "$ ab!");
    type("\r");
    CHECK_TEXT(take(100), "ab!\n");
}

CASE("erase without ECHOE shows the key; without ECHO nothing")
{
    begin();
    l.t.lflag &= ~(unsigned)ECHOE;
    type("ab\x7f\r");
    CHECK_TEXT(shown(), "ab^?\r\n");
    CHECK_TEXT(take(9), "a\n");
    l.t.lflag &= ~(unsigned)ECHO;
    type("secret\x7f\r");
    CHECK_TEXT(line_shown(), "");
    CHECK_TEXT(take(9), "secre\n");
    l.t.lflag |= ECHONL;
    type("x\r");
    CHECK_TEXT(shown(), "\r\n");
}

CASE("kill takes the line, by wiping it or by a new one")
{
    begin();
    type("some words\x15ok");
    CHECK_TEXT(line_shown(), "ok");
    shown();
    l.t.lflag &= ~(unsigned)ECHOKE;
    type("\x15");
    CHECK_TEXT(shown(), "^U\r\n");
    type("yes\r");
    CHECK_TEXT(take(100), "yes\n");
}

CASE("word erase takes a word and what is behind it")
{
    begin();
    type("cp one.c two-three  \x17");
    CHECK_TEXT(line_shown(), "cp one.c two-");
    type("\x17\x17\x17\x17\x17");
    CHECK_TEXT(line_shown(), "");
    type("end\r");
    CHECK_TEXT(take(100), "end\n");
}

CASE("literal next takes any key as it is")
{
    begin();
    type("\x16\x03\x16\x04\x16\x16\x16\n\r");
    CHECK_EQ(signalled, 0);
    take(100);
    CHECK_EQ(taken_length, 5);
    CHECK(memcmp(taken, "\x03\x04\x16\n\n", 5) == 0);
}

CASE("end of file ends a file on an empty line and a record elsewhere")
{
    begin();
    type("\x04");
    CHECK(ldisc_ready(&l));
    CHECK_EQ(ldisc_readable(&l), 0);
    CHECK_TEXT(take(9), "");
    CHECK_EQ(taken_used, 1);
    type("half\x04more\r");
    CHECK_TEXT(take(9), "half");
    CHECK_TEXT(take(9), "more\n");
    type("four\x04");
    CHECK_TEXT(take(4), "four");
    CHECK(!ldisc_ready(&l));
}

CASE("EOL and EOL2 end a line and belong to it")
{
    begin();
    l.t.cc[VEOL] = ';';
    l.t.cc[VEOL2] = '!';
    type("a;b!");
    CHECK_TEXT(take(9), "a;");
    CHECK_TEXT(take(9), "b!");
}

CASE("reprint shows the line again")
{
    begin();
    type("abc\x12");
    CHECK_TEXT(shown(), "abc^R\r\nabc");
}

CASE("signal keys signal, and throw away what was typed unless NOFLSH")
{
    begin();
    type("line\rpart\x03");
    CHECK_EQ(signalled, 1);
    CHECK_EQ(signals[0], SIGINT);
    CHECK_EQ(ldisc_readable(&l), 0);
    type("\x1c\x1a");
    CHECK_EQ(signals[1], SIGQUIT);
    CHECK_EQ(signals[2], SIGTSTP);
    CHECK_TEXT(shown(), "line\r\npart^C^\\^Z");
    l.t.lflag |= NOFLSH;
    type("kept\x03\r");
    CHECK_TEXT(take(9), "kept\n");
    l.t.lflag &= ~(unsigned)ISIG;
    type("\x03\r");
    CHECK_TEXT(take(9), "\x03\n");
    CHECK_EQ(signalled, 4);
}

CASE("a disabled character is an ordinary one")
{
    begin();
    l.t.cc[VINTR] = l.t.cc[VERASE] = 0;
    type("a\x03\x7f\r");
    CHECK_EQ(signalled, 0);
    CHECK_TEXT(take(9), "a\x03\x7f\n");
}

CASE("ICRNL, INLCR and IGNCR translate")
{
    begin();
    l.t.iflag &= ~(unsigned)ICRNL;
    type("a\rb\n");
    CHECK_TEXT(take(9), "a\rb\n");
    l.t.iflag |= IGNCR;
    type("a\rb\n");
    CHECK_TEXT(take(9), "ab\n");
    l.t.iflag = (l.t.iflag & ~(unsigned)IGNCR) | INLCR;
    type("x\n");
    CHECK(!ldisc_ready(&l));
}

CASE("Ctrl-S stops output and Ctrl-Q starts it; a signal does, too")
{
    begin();
    type("\x13");
    CHECK(stopped);
    type("a");
    CHECK(stopped);
    type("\x11");
    CHECK(!stopped);
    type("\x13\x03");
    CHECK(!stopped);
    l.t.iflag |= IXANY;
    type("\x13x");
    CHECK(!stopped);
    type("\x13");
    set(raw);
    CHECK(!stopped);
    type("\x13");
    CHECK(!stopped);
}

CASE("raw bytes are readable at once and nothing is special")
{
    begin();
    set(raw);
    type("a\x03\x7f\r\x04");
    CHECK_TEXT(take(9), "a\x03\x7f\r\x04");
    CHECK_TEXT(shown(), "");
    CHECK_EQ(signalled, 0);
}

CASE("what was typed before a change of mode stays readable")
{
    begin();
    type("line\rpart");
    set(raw);
    CHECK_TEXT(take(100), "line\npart");
    type("again");
    set(cooked);
    CHECK_TEXT(take(100), "again");
    type("\x04");
    set(raw);
    CHECK_TEXT(take(100), "\x04");
    CHECK_EQ(l.records, 0);
}

CASE("VMIN and VTIME: the four cases of POSIX")
{
    const uint64_t s = 100000000; /* a tenth of a second */
    uint64_t at;

    begin();
    set(raw);
    CHECK(!ldisc_due(&l, 10, 0, 0, 5 * s, &at));
    CHECK(at == UINT64_MAX);
    type("a");
    CHECK(ldisc_due(&l, 10, 0, 0, 0, &at));
    l.t.cc[VMIN] = 3;
    CHECK(!ldisc_due(&l, 10, 0, 0, 9 * s, &at));
    CHECK(ldisc_due(&l, 1, 0, 0, 0, &at));
    l.t.cc[VTIME] = 2;
    CHECK(!ldisc_due(&l, 10, 1 * s, 4 * s, 5 * s, &at));
    CHECK_EQ(at, 6 * s);
    CHECK(ldisc_due(&l, 10, 1 * s, 4 * s, 6 * s, &at));
    CHECK(!ldisc_due(&l, 10, 7 * s, 4 * s, 8 * s, &at));
    CHECK_EQ(at, 9 * s);
    type("bc");
    CHECK(ldisc_due(&l, 10, 7 * s, 7 * s, 7 * s, &at));
    take(10);
    CHECK(!ldisc_due(&l, 10, 7 * s, 7 * s, 99 * s, &at));
    CHECK(at == UINT64_MAX);
    l.t.cc[VMIN] = 0;
    CHECK(!ldisc_due(&l, 10, 7 * s, 0, 8 * s, &at));
    CHECK_EQ(at, 9 * s);
    CHECK(ldisc_due(&l, 10, 7 * s, 0, 9 * s, &at));
    l.t.cc[VTIME] = 0;
    CHECK(ldisc_due(&l, 10, 7 * s, 0, 7 * s, &at));
}

CASE("what a reader did not get is put back, unless it was flushed")
{
    begin();
    type("one\rtwo\r\x04");
    take(2);
    CHECK(ldisc_untake(&l, taken_used));
    CHECK_TEXT(take(9), "one\n");
    take(9);
    CHECK_TEXT(take(9), "");
    CHECK(ldisc_untake(&l, taken_used));
    CHECK_EQ(l.records, 1);
    CHECK_TEXT(take(9), "");
    ldisc_flush(&l);
    CHECK(!ldisc_untake(&l, 1));
}

CASE("a line is at most so long, and typing ahead ends with bells")
{
    begin();
    for (int i = 0; i < 2 * LDISC_LINE; i++) {
        type("k");
        screen_length = screen_length > 4000 ? 0 : screen_length;
    }
    CHECK(screen[screen_length - 1] == '\a');
    type("\r");
    take(sizeof taken - 1);
    CHECK_EQ(taken_length, LDISC_LINE - 1);
    for (int i = 0; i < 2 * LDISC_RING; i++) {
        type("l\r");
        screen_length = 0;
    }
    CHECK(l.tail - l.head <= LDISC_RING);
    while (ldisc_ready(&l))
        REQUIRE(strcmp(take(9), "l\n") == 0 || strcmp(taken, "l") == 0);
    type("after\x15yes\r");
    CHECK_TEXT(take(9), "yes\n");
}

static void editing(void)
{
    begin();
    l.t.lflag |= CONSOLE_LINEEDIT;
}

#define UP    "\x1b[A"
#define DOWN  "\x1b[B"
#define RIGHT "\x1bOC"
#define LEFT  "\x1b[D"

CASE("arrow keys go through the lines typed before, and back to the draft")
{
    editing();
    type("first\rsecond line\rsecond line\r");
    shown();
    type("dra" UP);
    CHECK_TEXT(line_shown(), "second line");
    type(UP UP);
    CHECK_TEXT(line_shown(), "first");
    type(DOWN DOWN DOWN);
    CHECK_TEXT(line_shown(), "dra");
    type(UP "!\r");
    take(100), take(100), take(100);
    CHECK_TEXT(take(100), "second line!\n");
}

CASE("arrow keys move within the line; keys go in there and out of there")
{
    editing();
    type("ac\xe4\xb8\xad" LEFT LEFT "b");
    CHECK_TEXT(line_shown(), "abc\xe4\xb8\xad");
    type(RIGHT "\xc3\xa9");
    CHECK_TEXT(line_shown(), "abc\xc3\xa9\xe4\xb8\xad");
    type("\x7f\x1b[3~");
    CHECK_TEXT(line_shown(), "abc");
    type("\x1b[H>\x1b[F<\x1b[1~");
    CHECK_TEXT(line_shown(), ">abc<");
    type("\r");
    CHECK_TEXT(take(100), ">abc<\n");
}

CASE("what is no arrow key's sequence is nothing, or typed text")
{
    editing();
    type("a\x1b[5~\x1b[1;5Zb\x1bxc\r");
    CHECK_TEXT(take(100), "ab\x1bxc\n");
    type("\x16\x1b[A\r");
    CHECK_TEXT(take(100), "\x1b[A\n");
}

CASE("what is typed without echo is not remembered")
{
    editing();
    type("seen\r");
    l.t.lflag &= ~(unsigned)ECHO;
    type("password\r");
    l.t.lflag |= ECHO;
    shown();
    type(UP);
    CHECK_TEXT(line_shown(), "seen");
}

CASE("history keeps the newest lines")
{
    char line[16];

    editing();
    for (int i = 0; i < 3 * LDISC_HISTORY; i++) {
        snprintf(line, sizeof line, "%d\r", i);
        type(line);
        take(100);
    }
    for (int i = 0; i < 2 * LDISC_HISTORY; i++)
        type(UP);
    snprintf(line, sizeof line, "%d\n", 2 * LDISC_HISTORY);
    type("\r");
    CHECK_TEXT(take(100), line);
}

CASE("output: newlines, tabs, returns as the attributes say")
{
    begin();
    ldisc_output(&l, "a\tb\n\tc", 6);
    CHECK_TEXT(shown(), "a\tb\r\n\tc");
    CHECK_EQ(l.column, 9);
    l.t.oflag |= XTABS;
    ldisc_output(&l, "\n123\tx", 6);
    CHECK_TEXT(shown(), "\r\n123     x");
    l.t.oflag = OPOST | ONOCR | OCRNL | ONLRET;
    ldisc_output(&l, "\r\n\r\r", 4);
    CHECK_TEXT(shown(), "\n\n");
    l.t.oflag = OPOST | OLCUC;
    ldisc_output(&l, "Up\xc3\xa9", 4);
    CHECK_TEXT(shown(), "UP\xc3\xa9");
    l.t.oflag = 0;
    ldisc_output(&l, "raw\n", 4);
    CHECK_TEXT(shown(), "raw\n");
}

CASE("output grows by no more than it says")
{
    char tabs[512];

    begin();
    l.t.oflag |= XTABS;
    memset(tabs, '\t', sizeof tabs);
    ldisc_output(&l, tabs, sizeof tabs);
    CHECK(screen_length <= LDISC_OUTPUT_GROWTH * sizeof tabs);
}

CASE("characters: widths, and bytes that are none")
{
    unsigned columns;

    CHECK_EQ(character_next((const uint8_t *)"\xcc\x81x", 3, &columns), 2);
    CHECK_EQ(columns, 0);
    CHECK_EQ(character_next((const uint8_t *)"\xff\x81", 2, &columns), 1);
    CHECK_EQ(columns, 1);
    CHECK_EQ(character_next((const uint8_t *)"\xe4\xb8", 2, &columns), 2);
    CHECK_EQ(columns, 0);
    CHECK_EQ(character_next((const uint8_t *)"\xe4\xb8z", 3, &columns), 1);
    CHECK_EQ(character_last((const uint8_t *)"a\x80\x80", 3, true), 1);
    CHECK_EQ(character_last((const uint8_t *)"\xf0\x9f\x98\x80", 4, true), 4);
    CHECK(character_unfinished((const uint8_t *)"a\xe4\xb8", 3));
    CHECK(!character_unfinished((const uint8_t *)"\xe4\xb8\xad", 3));
}

/* What the screen shows of a line is the line, whatever was done to it. */
CASE("random editing: the screen shows the line, and the ring stays whole")
{
    static const char *const keys[] = {
        "a",      "\xc3\xa9", "\xe4\xb8\xad", "\x7f",    LEFT, RIGHT, "\x1b[H",
        "\x1b[F", "\x17",     "b ",           "\x1b[3~", UP,   DOWN,  "\x16\x02"};
    uint64_t seed = unit_setting("SEED", 11);

    unit_seed_is(seed);
    for (int round = 0; round < 300; round++) {
        editing();
        type("older one\rother\r");
        shown();
        for (int i = 0; i < 60; i++)
            type(keys[unit_random(&seed) % (sizeof keys / sizeof *keys)]);
        char want[8192];
        size_t n = 0;
        for (size_t i = 0; i < l.length; i++) {
            if (l.line[i] < ' ')
                want[n++] = '^';
            want[n++] = (char)(l.line[i] < ' ' ? l.line[i] ^ 0x40 : l.line[i]);
        }
        while (n && want[n - 1] == ' ')
            n--;
        want[n] = '\0';
        if (!CHECK_TEXT(line_shown(), want))
            return;
        CHECK(l.cursor <= l.length);
    }
}
