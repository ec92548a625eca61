/* SPDX-License-Identifier: MIT */
#include "wait_list.h"

#include <fos/abi/errors.h>

#include "output.h"

enum { WRITERS = 16, DRAINS = 32 };

#define FLUSH_LIMIT 2000000000ull /* ns */

static struct writer {
    struct fos_caller caller;
    size_t length;
    char text[CONSOLE_WRITE_MAX];
} writers[WRITERS];
static size_t writing;

static struct drain {
    struct fos_caller caller;
    uint64_t deadline; /* ns */
    struct console_termios attributes;
    bool sets, discards;
} drains[DRAINS];
static size_t draining;

static void written(const struct fos_caller *caller, const char *text,
                    size_t length)
{
    ldisc_output(&tty.l, text, length);
    if (caller->reply.id)
        fos_answer(caller, (long)length, &(struct console_send_rep){0},
                   sizeof(struct console_send_rep));
}

void wait_output(const struct fos_caller *caller, const struct console_who *who,
                 const char *text, size_t length)
{
    if (!writing && output_room()) {
        written(caller, text, length);
    } else if (who->flags & CONSOLE_NONBLOCK || writing == WRITERS) {
        fos_answer(caller, who->flags & CONSOLE_NONBLOCK ? -FOS_EAGAIN : -FOS_EBUSY,
                   NULL, 0);
    } else {
        struct writer *w = &writers[writing++];
        w->caller = *caller;
        w->length = length;
        memcpy(w->text, text, length);
    }
}

void wait_output_serve(void)
{
    while (writing && output_room()) {
        written(&writers[0].caller, writers[0].text, writers[0].length);
        LIST_REMOVE(writers, writing, 0);
    }
}

void wait_drained(const struct fos_caller *caller, uint64_t now, bool flush,
                  const struct console_termios *attributes, bool discard)
{
    if (draining == DRAINS) {
        fos_answer(caller, -FOS_EBUSY, NULL, 0);
        return;
    }
    struct drain *d = &drains[draining++];
    *d = (struct drain){.caller = *caller,
                        .deadline = flush ? now + FLUSH_LIMIT : UINT64_MAX,
                        .sets = attributes,
                        .discards = discard};
    if (attributes)
        d->attributes = *attributes;
}

/* Flush, attributes and queue answer with a bare head. */
static void drain_end(const struct drain *d)
{
    struct fos_reply rep = {0};

    if (d->discards)
        ldisc_flush(&tty.l);
    if (d->sets)
        tty_attributes(&d->attributes);
    fos_answer(&d->caller, 0, &rep, sizeof rep);
}

uint64_t wait_drained_serve(bool drained, uint64_t now)
{
    uint64_t deadline = UINT64_MAX;

    for (size_t i = 0; i < draining;) {
        struct drain d = drains[i];
        if ((drained && !writing) || now >= d.deadline) {
            LIST_REMOVE(drains, draining, i);
            drain_end(&d);
        } else {
            deadline = d.deadline < deadline ? d.deadline : deadline;
            i++;
        }
    }
    return deadline;
}

bool wait_output_any(void)
{
    return writing || draining;
}

bool wait_output_cancel(const struct fos_caller *caller)
{
    for (size_t i = 0; i < writing; i++)
        if (fos_caller_same(&writers[i].caller, caller)) {
            LIST_REMOVE(writers, writing, i);
            return true;
        }
    for (size_t i = 0; i < draining; i++)
        if (fos_caller_same(&drains[i].caller, caller)) {
            LIST_REMOVE(drains, draining, i);
            return true;
        }
    return false;
}

void wait_cancel(const struct fos_caller *caller)
{
    if (wait_input_cancel(caller) || wait_output_cancel(caller))
        fos_answer(caller, -FOS_EINTR, NULL, 0);
}
