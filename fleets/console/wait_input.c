/* SPDX-License-Identifier: MIT */
#include "wait_list.h"

#include <poll.h>
#include <string.h>

#include <fos/abi/errors.h>
#include <fos/clock.h>

#include "output.h"

enum { READERS = 32, POLLERS = 64 };

#define SIGNAL_LOOK FOS_MILLISECOND /* for the process fleet's answer */

static struct reader {
    struct fos_caller caller;
    struct console_who who;
    uint64_t since; /* ns */
    size_t capacity;
    bool line; /* a read: struct console_read_rep */
} readers[READERS];
static size_t reading;

static struct poller {
    struct fos_caller caller;
    uint32_t events;
} pollers[POLLERS];
static size_t polling;

/* W2: what an answer does not reach has been put back. */
static void deliver(const struct reader *r)
{
    union {
        struct console_read_rep line;
        struct console_fetch_rep fetch;
    } rep = {0};
    size_t used, taken = ldisc_take(
                     &tty.l, (uint8_t *)(r->line ? rep.line.text : rep.fetch.text),
                     r->capacity, &used);

    if (r->line)
        rep.line.length = (uint32_t)taken;
    else
        rep.fetch.length = (uint32_t)taken;
    if (fos_answer(&r->caller, 0, &rep,
                   r->line ? sizeof rep.line : sizeof rep.fetch))
        ldisc_untake(&tty.l, used);
}

/* Whether it is done with; else *deadline may come nearer. */
static bool reader_serve(const struct reader *r, uint64_t now, uint64_t *deadline)
{
    uint64_t later;

    if (signals_waiting())
        return false;
    if (!r->line && tty_background(&r->who)) {
        fos_answer(&r->caller, -FOS_EAGAIN, NULL, 0); /* W3 */
        return true;
    }
    if (ldisc_due(&tty.l, r->capacity, r->since, tty.typed_at, now, &later)) {
        deliver(r);
        return true;
    }
    *deadline = later < *deadline ? later : *deadline;
    return false;
}

static uint32_t events_now(void)
{
    return (ldisc_ready(&tty.l) ? POLLIN : 0) | (output_room() ? POLLOUT : 0);
}

static void pollers_serve(void)
{
    uint32_t now = polling ? events_now() : 0;

    for (size_t i = 0; i < polling;) {
        uint32_t met = pollers[i].events & now;
        if (met) {
            fos_answer(&pollers[i].caller, met, &(struct console_poll_rep){0},
                       sizeof(struct console_poll_rep));
            LIST_REMOVE(pollers, polling, i);
        } else {
            i++;
        }
    }
}

/* Those who have a signal now hear of it before they ask again. */
static void readers_send_back(void)
{
    for (size_t i = 0; i < reading;)
        if (readers[i].line) {
            i++;
        } else {
            fos_answer(&readers[i].caller, -FOS_EAGAIN, NULL, 0);
            LIST_REMOVE(readers, reading, i);
        }
}

uint64_t wait_input_serve(uint64_t now)
{
    uint64_t deadline = UINT64_MAX;

    if (signals_serve(now))
        readers_send_back();
    if (signals_waiting())
        deadline = now + SIGNAL_LOOK;
    for (size_t i = 0; i < reading;)
        if (reader_serve(&readers[i], now, &deadline))
            LIST_REMOVE(readers, reading, i);
        else
            i++;
    pollers_serve();
    return deadline;
}

void wait_input(const struct fos_caller *caller, const struct console_who *who,
                size_t capacity, uint64_t now)
{
    struct reader r = {
        .caller = *caller, .since = now, .capacity = capacity, .line = !who};
    uint64_t deadline = 0;

    if (who)
        r.who = *who;
    if (reader_serve(&r, now, &deadline))
        return;
    if (r.who.flags & CONSOLE_NONBLOCK)
        fos_answer(caller, -FOS_EAGAIN, NULL, 0);
    else if (reading == READERS)
        fos_answer(caller, -FOS_EBUSY, NULL, 0);
    else
        readers[reading++] = r;
}

void wait_poll(const struct fos_caller *caller, const struct console_who *who,
               uint32_t events)
{
    uint32_t met = events & events_now();

    if (met || who->flags & CONSOLE_NONBLOCK)
        fos_answer(caller, met, &(struct console_poll_rep){0},
                   sizeof(struct console_poll_rep));
    else if (polling == POLLERS)
        fos_answer(caller, -FOS_EBUSY, NULL, 0);
    else
        pollers[polling++] = (struct poller){*caller, events};
}

bool wait_input_cancel(const struct fos_caller *caller)
{
    for (size_t i = 0; i < reading; i++)
        if (fos_caller_same(&readers[i].caller, caller)) {
            LIST_REMOVE(readers, reading, i);
            return true;
        }
    for (size_t i = 0; i < polling; i++)
        if (fos_caller_same(&pollers[i].caller, caller)) {
            LIST_REMOVE(pollers, polling, i);
            return true;
        }
    return false;
}
