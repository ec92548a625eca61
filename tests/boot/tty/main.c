/* SPDX-License-Identifier: MIT */
/* The terminal by <termios.h>, without anybody who types. */
#include "tty.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <fos/console.h>
#include <fos/proto/console.h>
#include <fos/start.h>

#include "../scenario.h"

static void attributes(void)
{
    struct termios t, raw, now;

    case_begin("attributes are what was set, for every descriptor of the terminal");
    CASE_EQUAL(tcgetattr(0, &t), 0);
    CASE_CHECK((t.c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG));
    CASE_EQUAL(t.c_cc[VINTR], 3);
    raw = t;
    cfmakeraw(&raw);
    raw.c_cc[VINTR] = 'x';
    cfsetospeed(&raw, B9600);
    CASE_EQUAL(tcsetattr(1, TCSAFLUSH, &raw), 0);
    CASE_EQUAL(tcgetattr(2, &now), 0);
    CASE_EQUAL(now.c_iflag, raw.c_iflag);
    CASE_EQUAL(now.c_oflag, raw.c_oflag);
    CASE_EQUAL(now.c_cflag, raw.c_cflag);
    CASE_EQUAL(now.c_lflag, raw.c_lflag);
    CASE_EQUAL(now.c_cc[VINTR], raw.c_cc[VINTR]);
    CASE_EQUAL(cfgetospeed(&now), B9600);
    CASE_EQUAL(tcsetattr(0, TCSADRAIN, &t), 0);
    CASE_EQUAL(tcsetattr(0, 7, &t), -1);
    CASE_EQUAL(errno, EINVAL);
    case_end();
}

static void names(void)
{
    case_begin("descriptors that are no terminals say so");
    CASE_EQUAL(isatty(0), 1);
    CASE_EQUAL(isatty(99), 0);
    CASE_EQUAL(errno, EBADF);
    CASE_CHECK(ttyname(0) && strcmp(ttyname(0), "/dev/tty") == 0);
    CASE_CHECK(strcmp(ctermid(NULL), "/dev/tty") == 0);
    CASE_EQUAL(ioctl(0, 0x1234, 0), -1);
    CASE_EQUAL(errno, ENOTTY);
    case_end();
}

static void window(void)
{
    struct winsize w = {0}, other = {.ws_row = 50, .ws_col = 132};

    case_begin("the window has a size, and a new one when it is given");
    CASE_EQUAL(ioctl(0, TIOCGWINSZ, &w), 0);
    CASE_EQUAL(w.ws_row, 24);
    CASE_EQUAL(w.ws_col, 80);
    CASE_EQUAL(ioctl(0, TIOCSWINSZ, &other), 0);
    CASE_EQUAL(ioctl(1, TIOCGWINSZ, &w), 0);
    CASE_EQUAL(w.ws_row, 50);
    CASE_EQUAL(w.ws_col, 132);
    case_end();
}

static void session(void)
{
    case_begin("the main program leads the terminal's session, its group in front");
    CASE_EQUAL(tcgetsid(0), getpid());
    CASE_EQUAL(tcgetpgrp(0), getpid());
    CASE_EQUAL(tcsetpgrp(0, getpid()), 0);
    CASE_EQUAL(tcsetpgrp(0, -5), -1);
    CASE_EQUAL(errno, EINVAL);
    case_end();
}

static void raw_set(unsigned char least, unsigned char time)
{
    struct termios t;

    tcgetattr(0, &t);
    t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    t.c_cc[VMIN] = least;
    t.c_cc[VTIME] = time;
    tcsetattr(0, TCSANOW, &t);
}

static void cooked_set(void)
{
    struct termios t;

    tcgetattr(0, &t);
    t.c_lflag |= ICANON | ECHO;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    tcsetattr(0, TCSANOW, &t);
}

static void reading(void)
{
    char byte;
    int there = 9;

    case_begin("a read waits as VMIN, VTIME and O_NONBLOCK say");
    raw_set(0, 0);
    CASE_EQUAL(read(0, &byte, 1), 0);
    raw_set(0, 3);
    uint64_t began = fos_now_ns();
    CASE_EQUAL(read(0, &byte, 1), 0);
    uint64_t took = fos_now_ns() - began;
    CASE_CHECK(took >= 300 * FOS_MILLISECOND && took < 2 * FOS_SECOND);
    cooked_set();
    CASE_EQUAL(fcntl(0, F_SETFL, O_NONBLOCK), 0);
    CASE_CHECK(fcntl(0, F_GETFL) & O_NONBLOCK);
    CASE_EQUAL(read(0, &byte, 1), -1);
    CASE_EQUAL(errno, EAGAIN);
    CASE_EQUAL(fcntl(0, F_SETFL, 0), 0);
    CASE_EQUAL(ioctl(0, FIONREAD, &there), 0);
    CASE_EQUAL(there, 0);
    case_end();
}

static void queues(void)
{
    case_begin("queues are drained, flushed, stopped and started");
    CASE_EQUAL(write(1, "some text\n", 10), 10);
    CASE_EQUAL(tcdrain(1), 0);
    CASE_EQUAL(tcflush(0, TCIOFLUSH), 0);
    CASE_EQUAL(tcflush(0, 9), -1);
    CASE_EQUAL(tcflow(1, TCOOFF), 0);
    CASE_EQUAL(tcflow(1, TCOON), 0);
    CASE_EQUAL(tcflow(1, 9), -1);
    CASE_EQUAL(tcsendbreak(1, 0), 0);
    case_end();
}

static void much(void)
{
    static char text[40000];

    case_begin("much output at once is written whole");
    memset(text, '.', sizeof text);
    for (size_t i = 79; i < sizeof text; i += 80)
        text[i] = '\n';
    CASE_EQUAL(write(1, text, sizeof text), sizeof text);
    CASE_EQUAL(tcdrain(1), 0);
    case_end();
}

static void logged(void)
{
    char text[2048] = "";
    uint64_t from = 0;

    case_begin("the log has the kernel's first line, and what is written there");
    CASE_EQUAL(fos_console_write("for the log\n", 12), 0);
    long length = fos_console_log(&from, text, sizeof text - 1);
    CASE_CHECK(length > 0 && strstr(text, "] fos: ") && strstr(text, "vCPU"));
    CASE_CHECK(strstr(text, "] for the log\n"));
    CASE_EQUAL(fos_console_log(&from, text, sizeof text), 0);
    case_end();
}

FOS_CLIENT_CALLS(console, CONSOLE_OPS)

static struct fos_peer console;

static uint64_t soon(void)
{
    return fos_now_ns() + FOS_SECOND;
}

/* One who shows no ticket, asks nonsense, and asks it often. */
static void adversary(void)
{
    struct console_state_req state = {.who.session = fos_pid()};
    struct console_state_rep state_rep;
    struct console_attributes_req set = {.who.ticket = fos_ticket(), .when = 77};
    struct console_attributes_rep set_rep;
    struct console_fetch_req fetch = {.who.ticket = fos_ticket(),
                                      .who.group = 1,
                                      .who.session = fos_pid(),
                                      .capacity = UINT32_MAX};
    struct console_fetch_rep fetch_rep;

    case_begin("who has no ticket, or asks nonsense, is refused");
    CASE_EQUAL(console_state_call(&console, &state, &state_rep, soon()),
               -FOS_EACCES);
    state.who.ticket = fos_ticket();
    state.who.ticket.secret ^= 4;
    CASE_EQUAL(console_state_call(&console, &state, &state_rep, soon()),
               -FOS_EACCES);
    CASE_EQUAL(console_attributes_call(&console, &set, &set_rep, soon()),
               -FOS_EINVAL);
    CASE_EQUAL(console_fetch_call(&console, &fetch, &fetch_rep, soon()),
               -FOS_ECANCELED);
    CASE_EQUAL(isatty(0), 1);
    case_end();
}

/* 100 reads under way, of which the console keeps some and refuses the others. */
static void many_readers(void)
{
    enum { READS = 12, ROUNDS = 9 };
    static struct fos_call calls[READS];
    static struct console_fetch_rep reps[READS];
    struct console_fetch_req req = {.who.ticket = fos_ticket(), .capacity = 10};

    case_begin("reads without end are given up, and cost nobody else anything");
    for (int round = 0; round < ROUNDS; round++) {
        int begun = 0;
        while (begun < READS && console_fetch_start(&calls[begun], &console, &req,
                                                    &reps[begun]) == 0)
            begun++;
        CASE_CHECK(begun > 0);
        while (begun)
            fos_call_cancel(&calls[--begun]);
    }
    CASE_EQUAL(isatty(0), 1);
    raw_set(0, 0);
    char byte;
    CASE_EQUAL(read(0, &byte, 1), 0);
    cooked_set();
    case_end();
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return interactive(argv[1]);
    fos_peer_open(&console, fos_start_page->caps[FOS_START_CONSOLE],
                  FOS_TRANSPORT_KERNEL);
    (void)isatty(0); /* the way to the console is there from now on */
    attributes();
    names();
    window();
    session();
    reading();
    queues();
    much();
    logged();
    adversary();
    many_readers();
    return cases_status();
}
