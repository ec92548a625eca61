/* SPDX-License-Identifier: MIT */
/*
 * The terminal as processes see it: the line discipline, the window, and whose it
 * is.  Who may do what: proto/console.h.
 */
#ifndef CONSOLE_TTY_H
#define CONSOLE_TTY_H

#include <fos/siphash.h>

#include "ldisc.h"

struct tty {
    struct ldisc l;
    struct console_window window;
    uint64_t foreground; /* process group; 0: none */
    uint64_t session;    /* 0: none */
    uint64_t gone;       /* the last one, whose leader has ended; 0: none yet */
    uint64_t typed_at;   /* ns: when the last key came */
    uint64_t held_until; /* ns: what may be a report's beginning, then keys */
};

extern struct tty tty;

/* What an op needs. */
enum tty_use {
    TTY_LOOK,   /* anybody with a ticket */
    TTY_READ,   /* not from the background */
    TTY_WRITE,  /* not from the background with TOSTOP */
    TTY_CHANGE, /* not from the background */
    TTY_OWN,    /* the same, by the terminal's session */
};

void tty_init(const struct fos_siphash_key *tickets);

/* 0, -FOS_EACCES, -FOS_ECANCELED or -FOS_EIO, as proto/console.h says. */
long tty_check(const struct console_who *who, enum tty_use use);

/* Whether a reader's group has been put into the background. */
bool tty_background(const struct console_who *who);

/* Keys from the device. */
void tty_typed(const char *keys, size_t length, uint64_t now);

/* Takes for keys what has been held for long (report.c).  When to look again, or
 * FOS_NEVER. */
uint64_t tty_release(uint64_t now);

void tty_attributes(const struct console_termios *t);
void tty_window(const struct console_window *window);
/* EACCES: no session of the caller's. */
long tty_foreground(const struct console_who *who, uint64_t group);
/* `what` as in struct console_session_req. */
long tty_session(const struct console_who *who, uint32_t what);
void tty_ended(uint64_t pid);

/*
 * signal.c: a signal for a process group, by the process fleet; 0: for nobody.  It is
 * told by signals_serve, whose result is whether the last of those that waited has
 * arrived now.  Until then no reader is given anything: what was typed after a signal
 * key is for who outlives it.
 */
void signal_send(uint64_t group, int number);
bool signals_waiting(void);
bool signals_serve(uint64_t now);

/* report.c: takes terminals' reports of their size, ESC or 0xff and [ 8 ; ROWS ; COLUMNS
 * t, out of the keys, in place; gives how many bytes are left.  What is held back of them
 * at the end may be a report's beginning.  reports_held: how much of it may be keys, too;
 * reports_release gives it up for keys. */
enum { REPORTS_HELD_MAX = 16 };

size_t reports_take(char *keys, size_t length,
                    void (*sized)(unsigned rows, unsigned columns));
size_t reports_held(void);
size_t reports_release(char *keys);

#endif
