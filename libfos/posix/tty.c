/* SPDX-License-Identifier: MIT */
/* The terminal as one kind of file. */
#include "tty.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <fos/console.h>
#include <fos/error.h>
#include <fos/start.h>

#include "files.h"

/* struct fos_file: word[0] holds the status flags. */
enum { FLAGS_KEPT = O_NONBLOCK | O_APPEND, DEVICE = 5 << 8 };

#define TTY_CALL(req, rep, signal) \
    fos_tty_call(&(req), sizeof(req), &(rep), sizeof(rep), signal, true)

static uint32_t file_flags(const struct fos_file *file)
{
    return file->word[0] & O_NONBLOCK ? CONSOLE_NONBLOCK : 0;
}

static long tty_read(struct fos_file *file, void *to, size_t capacity,
                     int64_t offset)
{
    struct console_fetch_req req = {.head.tag = FOS_TAG(console, fetch),
                                    .who.flags = file_flags(file),
                                    .capacity = capacity < CONSOLE_FETCH_MAX
                                                    ? (uint32_t)capacity
                                                    : CONSOLE_FETCH_MAX};
    struct console_fetch_rep rep;

    (void)offset;
    if (capacity == 0)
        return 0;
    long result = TTY_CALL(req, rep, SIGTTIN);
    if (result < 0)
        return result;
    if (rep.length > req.capacity)
        return -FOS_EPROTO;
    memcpy(to, rep.text, rep.length);
    return rep.length;
}

static long write_piece(const struct fos_file *file, const char *from,
                        size_t length)
{
    struct {
        struct console_send_req req;
        char text[CONSOLE_WRITE_MAX];
    } message = {.req.head.tag = FOS_TAG(console, send),
                 .req.who.flags = file_flags(file)};
    struct console_send_rep rep;

    memcpy(message.text, from, length);
    return fos_tty_call(&message, (uint32_t)(sizeof message.req + length), &rep,
                        sizeof rep, SIGTTOU, true);
}

static long tty_write(struct fos_file *file, const void *from, size_t length,
                      int64_t offset)
{
    size_t done = 0;

    (void)offset;
    while (done < length) {
        size_t piece = length - done;
        if (piece > CONSOLE_WRITE_MAX)
            piece = CONSOLE_WRITE_MAX;
        long result = write_piece(file, (const char *)from + done, piece);
        if (result < 0)
            return done ? (long)done : result;
        done += (size_t)result < piece ? (size_t)result : piece;
        if ((size_t)result < piece)
            break;
    }
    return (long)done;
}

static long tty_stat(struct fos_file *file, struct stat *out)
{
    (void)file;
    memset(out, 0, sizeof *out);
    out->st_mode = S_IFCHR | 0620;
    out->st_nlink = 1;
    out->st_rdev = DEVICE;
    out->st_ino = DEVICE;
    out->st_blksize = CONSOLE_WRITE_MAX;
    return 0;
}

static long tty_flags(struct fos_file *file, int set)
{
    if (set != -1)
        file->word[0] = (uint64_t)(set & FLAGS_KEPT);
    return (long)file->word[0] | O_RDWR;
}

/* ---- requests ---- */

static long state(struct console_state_rep *rep)
{
    struct console_state_req req = {.head.tag = FOS_TAG(console, state)};

    return TTY_CALL(req, *rep, 0);
}

static void termios_from(struct termios *to, const struct console_termios *t)
{
    *to = (struct termios){.c_iflag = t->iflag,
                           .c_oflag = t->oflag,
                           .c_cflag = t->cflag,
                           .c_lflag = t->lflag,
                           .c_ispeed = t->ispeed,
                           .c_ospeed = t->ospeed};
    memcpy(to->c_cc, t->cc, sizeof to->c_cc);
}

static long attributes_set(uint32_t when, const struct termios *t)
{
    struct console_attributes_req req = {.head.tag = FOS_TAG(console, attributes),
                                         .when = when,
                                         .termios = {.iflag = t->c_iflag,
                                                     .oflag = t->c_oflag,
                                                     .cflag = t->c_cflag,
                                                     .lflag = t->c_lflag,
                                                     .ispeed = t->c_ispeed,
                                                     .ospeed = t->c_ospeed}};
    struct console_attributes_rep rep;

    memcpy(req.termios.cc, t->c_cc, sizeof req.termios.cc);
    return TTY_CALL(req, rep, SIGTTOU);
}

static long window_set(const struct winsize *w)
{
    struct console_window_req req = {
        .head.tag = FOS_TAG(console, window),
        .window = {w->ws_row, w->ws_col, w->ws_xpixel, w->ws_ypixel}};
    struct console_window_rep rep;

    return TTY_CALL(req, rep, SIGTTOU);
}

static long foreground_set(pid_t group)
{
    struct console_foreground_req req = {.head.tag = FOS_TAG(console, foreground),
                                         .group = (uint64_t)group};
    struct console_foreground_rep rep;

    return group > 0 ? TTY_CALL(req, rep, SIGTTOU) : -FOS_EINVAL;
}

static long session_do(uint32_t what)
{
    struct console_session_req req = {.head.tag = FOS_TAG(console, session),
                                      .what = what};
    struct console_session_rep rep;

    return TTY_CALL(req, rep, 0);
}

static long queue_do(uint32_t what)
{
    struct console_queue_req req = {.head.tag = FOS_TAG(console, queue),
                                    .what = what};
    struct console_queue_rep rep;

    return TTY_CALL(req, rep, SIGTTOU);
}

/* The group and session of a terminal are told to that session alone. */
static long owner_ask(unsigned long request, pid_t *to)
{
    struct console_state_rep rep;
    long error = state(&rep);

    if (error < 0)
        return error;
    if (!rep.session || rep.session != fos_start_page->session)
        return -FOS_ENOTTY;
    *to = (pid_t)(request == TIOCGSID ? rep.session : rep.foreground);
    return 0;
}

static long state_ask(unsigned long request, void *argument)
{
    struct console_state_rep rep;
    long error = state(&rep);

    if (error < 0)
        return error;
    if (request == TCGETS)
        termios_from(argument, &rep.termios);
    else if (request == TIOCGWINSZ)
        *(struct winsize *)argument =
            (struct winsize){rep.window.rows, rep.window.columns, rep.window.width,
                             rep.window.height};
    else
        *(int *)argument = (int)(request == FIONREAD ? rep.readable : rep.unsent);
    return 0;
}

/* TCFLSH, TCXONC: by the numbers of <termios.h>. */
static long queue_request(unsigned long request, uintptr_t argument)
{
    static const uint8_t flow[] = {CONSOLE_SUSPEND, CONSOLE_RESUME,
                                   CONSOLE_SEND_STOP, CONSOLE_SEND_START};

    if (request == TCSBRK)
        return queue_do(argument ? CONSOLE_DRAIN : CONSOLE_BREAK);
    if (request == TCXONC)
        return argument < sizeof flow ? queue_do(flow[argument]) : -FOS_EINVAL;
    return argument <= TCIOFLUSH ? queue_do(CONSOLE_FLUSH_IN + (uint32_t)argument)
                                 : -FOS_EINVAL;
}

static long tty_ioctl(struct fos_file *file, unsigned long request, void *argument)
{
    switch (request) {
    case TCGETS:
    case TIOCGWINSZ:
    case FIONREAD:
    case TIOCOUTQ:
        return argument ? state_ask(request, argument) : -FOS_EFAULT;
    case TIOCGPGRP:
    case TIOCGSID:
        return argument ? owner_ask(request, argument) : -FOS_EFAULT;
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return argument ? attributes_set((uint32_t)(request - TCSETS), argument)
                        : -FOS_EFAULT;
    case TIOCSWINSZ:
        return argument ? window_set(argument) : -FOS_EFAULT;
    case TIOCSPGRP:
        return argument ? foreground_set(*(pid_t *)argument) : -FOS_EFAULT;
    case TIOCSCTTY:
    case TIOCNOTTY:
        return session_do(request == TIOCNOTTY);
    case TCSBRK:
    case TCXONC:
    case TCFLSH:
        return queue_request(request, (uintptr_t)argument);
    case FIONBIO:
        tty_flags(file, argument && *(int *)argument ? O_NONBLOCK : 0);
        return 0;
    default:
        return -FOS_ENOTTY;
    }
}

/* ---- poll ---- */

static uint32_t events_of(const struct fos_poll_set *set)
{
    uint32_t events = 0;

    for (unsigned i = 0; i < set->count; i++)
        events |= (uint32_t)set->items[i]->events & (POLLIN | POLLOUT);
    return events;
}

static long tty_poll_start(struct fos_poll_set *set)
{
    struct console_poll_req req = {.head.tag = FOS_TAG(console, poll),
                                   .who.flags = set->wait ? 0 : CONSOLE_NONBLOCK,
                                   .events = events_of(set)};

    fos_tty_who(&req.who);
    return fos_call_start(&set->call, fos_console_peer(), &req, sizeof req,
                          set->reply, sizeof(struct console_poll_rep));
}

static long tty_poll_end(struct fos_poll_set *set, long result)
{
    long ready = 0;

    for (unsigned i = 0; i < set->count; i++) {
        struct fos_poll_item *item = set->items[i];
        item->revents = result < 0 ? POLLERR : item->events & (short)result;
        ready += item->revents != 0;
    }
    return ready;
}

const struct fos_file_ops fos_tty_ops = {.kind = FOS_FILE_TTY,
                                         .read = tty_read,
                                         .write = tty_write,
                                         .stat = tty_stat,
                                         .flags = tty_flags,
                                         .ioctl = tty_ioctl,
                                         .poll_start = tty_poll_start,
                                         .poll_end = tty_poll_end};

int fos_tty_open(uint64_t rdev, int flags, unsigned fd_flags)
{
    struct fos_file *file = fos_file_make(&fos_tty_ops, 0);

    (void)rdev;
    if (!file)
        return -FOS_EMFILE;
    file->word[0] = (uint64_t)(flags & FLAGS_KEPT);
    return fos_fd_install(file, 0, fd_flags);
}
