/* SPDX-License-Identifier: MIT */
#include "tty.h"

#include <signal.h>
#include <string.h>
#include <termios.h>

#include <fos/abi/errors.h>
#include <fos/clock.h>
#include <fos/ticket.h>

#include "output.h"

enum { ROWS = 24, COLUMNS = 80, KEYS = 256 };

#define HELD_NS \
    (50 * FOS_MILLISECOND) /* a report's bytes follow each other sooner */

struct tty tty;
static struct fos_siphash_key tickets;

static void foreground_signal(int number)
{
    if (!(tty.l.t.lflag & NOFLSH))
        output_discard();
    signal_send(tty.foreground, number);
}

static const struct ldisc_io io = {output_tty, foreground_signal, output_stop};

void tty_init(const struct fos_siphash_key *key)
{
    tickets = *key;
    tty.window = (struct console_window){.rows = ROWS, .columns = COLUMNS};
    ldisc_init(&tty.l, &io);
}

bool tty_background(const struct console_who *who)
{
    return tty.session && who->session == tty.session && tty.foreground &&
           who->group != tty.foreground;
}

/* Who is left of a session without a leader. */
static bool is_left(const struct console_who *who)
{
    return who->session && who->session == tty.gone;
}

/* A session leader without a terminal gets this one; so does the session whose
 * terminal was forgotten with the fleet's last member. */
static void adopt(const struct console_who *who, bool any)
{
    if (tty.session || !who->session)
        return;
    if (any || fos_ticket_pid(who->ticket) == who->session) {
        tty.session = who->session;
        tty.foreground = who->group;
    }
}

long tty_check(const struct console_who *who, enum tty_use use)
{
    if (!fos_ticket_check(&tickets, who->ticket))
        return -FOS_EACCES;
    if (is_left(who))
        return use == TTY_LOOK || use == TTY_WRITE ? 0 : -FOS_EIO;
    adopt(who, use == TTY_OWN);
    if (use == TTY_OWN && who->session != tty.session)
        return -FOS_EACCES;
    if (use == TTY_LOOK || !tty_background(who))
        return 0;
    if (use == TTY_READ)
        return -FOS_ECANCELED;
    if (who->flags & CONSOLE_FORCE ||
        (use == TTY_WRITE && !(tty.l.t.lflag & TOSTOP)))
        return 0;
    return -FOS_ECANCELED;
}

static void sized(unsigned rows, unsigned columns)
{
    tty_window(&(struct console_window){.rows = (uint16_t)rows,
                                        .columns = (uint16_t)columns});
}

void tty_typed(const char *keys, size_t length, uint64_t now)
{
    char text[KEYS];

    for (size_t piece; length; keys += piece, length -= piece) {
        piece = length < KEYS / 2 ? length : KEYS / 2;
        memcpy(text, keys, piece);
        size_t left = reports_take(text, piece, sized);
        if (left)
            tty.typed_at = now;
        ldisc_input(&tty.l, text, left);
    }
    tty.held_until = now + HELD_NS;
}

uint64_t tty_release(uint64_t now)
{
    char keys[REPORTS_HELD_MAX];

    if (!reports_held())
        return UINT64_MAX;
    if (now < tty.held_until)
        return tty.held_until;
    tty.typed_at = now;
    ldisc_input(&tty.l, keys, reports_release(keys));
    return UINT64_MAX;
}

void tty_attributes(const struct console_termios *t)
{
    ldisc_set(&tty.l, t);
    output_hold(!ldisc_canonical(&tty.l));
}

void tty_window(const struct console_window *window)
{
    bool same = memcmp(window, &tty.window, sizeof *window) == 0;

    tty.window = *window;
    if (!same)
        signal_send(tty.foreground, SIGWINCH);
}

long tty_foreground(const struct console_who *who, uint64_t group)
{
    if (!group || group > INT32_MAX)
        return -FOS_EINVAL;
    if (who->session != tty.session)
        return -FOS_EACCES;
    tty.foreground = group;
    return 0;
}

static void hang_up(void)
{
    uint64_t group = tty.foreground;

    tty.session = tty.foreground = 0;
    signal_send(group, SIGHUP);
    signal_send(group, SIGCONT);
}

long tty_session(const struct console_who *who, uint32_t what)
{
    bool leads = who->session && fos_ticket_pid(who->ticket) == who->session;

    if (what == 0)
        return tty.session == who->session && tty.session ? 0 : -FOS_EPERM;
    if (what != 1)
        return -FOS_EINVAL;
    if (!tty.session || who->session != tty.session)
        return -FOS_EACCES;
    if (leads)
        hang_up();
    return 0;
}

/* The next session finds the terminal as the first one did. */
void tty_ended(uint64_t pid)
{
    struct ldisc *l = &tty.l;

    if (!pid || pid != tty.session)
        return;
    tty.gone = pid;
    hang_up();
    ldisc_flush(l);
    l->t = ldisc_attributes();
    tty_attributes(&l->t);
}
