/* SPDX-License-Identifier: MIT */
/*
 * Scenarios made of several processes.  A child is the same program again, started
 * with the name of its part and two numbers:
 *
 *     test-NAME part a b
 *
 * Its exit status is 0 when all went well for it.  Capabilities are passed on as
 * extras; a child that has a mailbox tells its parent by family_report, in the
 * parent's mailbox, whose capability is extra 0 by agreement.
 */
#ifndef FAMILY_H
#define FAMILY_H

#include <stdlib.h>

#include <fos/call.h>
#include <fos/error.h>
#include <fos/msg.h>
#include <fos/proc.h>
#include <fos/start.h>

#include "scenario.h"

enum { CHILD_CAPS_MAX = 8 };

/* Long enough for a machine that is busy with other things. */
#define FAMILY_PATIENCE (30 * FOS_SECOND)

struct child {
    const char *part;
    uint64_t a, b;
    struct fos_cap caps[CHILD_CAPS_MAX]; /* ended by one with id 0 */
    unsigned vcpu_plus_one;              /* 0: any */
    uint32_t frames, objects;            /* quotas; 0: the usual ones */
    uint64_t pid;                        /* once started; 0 when it could not be */
    struct fos_space_info info;          /* once ended */
};

struct part {
    const char *name;
    int (*run)(uint64_t a, uint64_t b);
};

static const char *family_program;

/* In a child: it ends when this does not hold, and says where. */
#define CHILD_CHECK(condition)                                            \
    do {                                                                  \
        if (!(condition)) {                                               \
            printf("%s:%d: child %llu: not so: %s\n", __FILE__, __LINE__, \
                   (unsigned long long)fos_pid(), #condition);            \
            exit(1);                                                      \
        }                                                                 \
    } while (0)

#define CHILD_EQUAL(value, expected)                                              \
    do {                                                                          \
        long long got_ = (long long)(value), want_ = (long long)(expected);       \
        if (got_ != want_) {                                                      \
            printf("%s:%d: child %llu: %s is %lld, not %lld\n", __FILE__,         \
                   __LINE__, (unsigned long long)fos_pid(), #value, got_, want_); \
            exit(1);                                                              \
        }                                                                         \
    } while (0)

static inline uint64_t family_deadline(void)
{
    return fos_now_ns() + FAMILY_PATIENCE;
}

static inline void child_start(struct child *c)
{
    char a[24], b[24];
    const char *argv[] = {family_program, c->part, a, b, NULL};
    struct fos_spawn what = {.path = family_program,
                             .argv = argv,
                             .caps = c->caps,
                             .vcpu_plus_one = c->vcpu_plus_one,
                             .frames = c->frames,
                             .objects = c->objects};
    long error;

    snprintf(a, sizeof a, "%llu", (unsigned long long)c->a);
    snprintf(b, sizeof b, "%llu", (unsigned long long)c->b);
    while (what.ncaps < CHILD_CAPS_MAX && c->caps[what.ncaps].id)
        what.ncaps++;
    error = fos_spawn(&what, &c->pid);
    if (error) {
        c->pid = 0;
        case_fail("starting %s: %s", c->part, fos_strerror(error));
    }
}

/* The child's exit status; negative: it could not be awaited. */
static inline int child_wait(struct child *c)
{
    int status = -1;
    long error = c->pid ? fos_process_wait(c->pid, &status, &c->info) : -FOS_EPERM;

    if (error)
        case_fail("waiting for %s: %s", c->part, fos_strerror(error));
    return error ? (int)error : status;
}

static inline void child_expect(struct child *c, int status)
{
    int got = child_wait(c);

    if (got != status)
        case_fail("%s ended with %d, not %d", c->part, got, status);
}

static inline void child_kill(struct child *c)
{
    long error = c->pid ? fos_process_kill(c->pid) : 0;

    if (error)
        case_fail("killing %s: %s", c->part, fos_strerror(error));
    child_wait(c);
}

/* What a child tells first. */
struct report {
    uint64_t pid;
    struct fos_cap mailbox;
};

static inline void family_report(const struct fos_mailbox *mailbox)
{
    struct report report = {fos_pid(), mailbox->cap};

    CHILD_EQUAL(
        fos_post(fos_start_extra(0), &report, sizeof report, family_deadline()), 0);
}

/* Waits for the report of `c` alone; gives its mailbox, or id 0. */
static inline struct fos_cap family_await(struct fos_mailbox *inbox,
                                          const struct child *c)
{
    struct report report = {0};
    uint32_t length = 0;
    int error =
        fos_msg_recv(inbox, &report, sizeof report, &length, family_deadline());

    if (error || length != sizeof report || report.pid != c->pid) {
        case_fail("no report from %s: %s", c->part, fos_strerror(error));
        return (struct fos_cap){0};
    }
    return report.mailbox;
}

/* Opens a channel of so many pages to a receiver that is busy for a while. */
static inline int family_open(struct fos_peer *peer, struct fos_cap to,
                              uint32_t pages)
{
    uint64_t deadline = family_deadline();
    int error;

    while ((error = fos_peer_open_ring(peer, to, pages)) == -FOS_EAGAIN &&
           fos_now_ns() < deadline)
        fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
    return error;
}

/* Takes and throws away what comes until the channels of those who have ended are
 * gone. */
static inline void family_settle(struct fos_mailbox *inbox)
{
    uint64_t deadline = family_deadline();
    struct fos_kernel_info info;
    uint8_t byte;
    uint32_t length;

    do {
        while (fos_msg_recv(inbox, &byte, 0, &length, 0) != -FOS_ETIMEDOUT)
            fos_msg_discard(inbox);
        fos_sys_kernel_info(&info);
    } while (info.channels != case_before.channels && fos_now_ns() < deadline);
}

/* A part: opens `count` channels to extra 1, then closes them and reports. */
static inline int part_crowd(uint64_t count, uint64_t b)
{
    static struct fos_peer peers[FOS_CHANNELS_MAX + 10];
    uint64_t deadline = family_deadline();

    (void)b;
    CHILD_CHECK(count <= sizeof peers / sizeof *peers);
    for (uint64_t i = 0; i < count;) {
        int error =
            fos_peer_open(&peers[i], fos_start_extra(1), FOS_TRANSPORT_CHANNEL);
        CHILD_CHECK(error == 0 || error == -FOS_EAGAIN);
        CHILD_CHECK(fos_now_ns() < deadline);
        if (error) /* too many wait to be accepted */
            fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
        else
            i++;
    }
    fos_clock_sleep(fos_now_ns() + 100 * FOS_MILLISECOND);
    for (uint64_t i = 0; i < count; i++)
        fos_peer_close(&peers[i]);
    family_report(&(struct fos_mailbox){0});
    return 0;
}

/* Lets the owner of mailbox `to`, maybe this process, grow to what that many
 * channels need; it keeps that.  The program must have the part `crowd`. */
static inline void family_grow(struct fos_mailbox *inbox, struct fos_cap to,
                               uint64_t count)
{
    struct child crowd = {.part = "crowd", .a = count, .caps = {inbox->cap, to}};

    case_begin("growing");
    child_start(&crowd);
    family_await(inbox, &crowd);
    child_expect(&crowd, 0);
    family_settle(inbox);
    if (case_why[0])
        printf("growing: %s\n", case_why);
}

/* Plays the part that the first argument names. */
static inline int family_child(char **argv, const struct part *parts, size_t count)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < count; i++)
        if (strcmp(argv[1], parts[i].name) == 0)
            return parts[i].run(strtoull(argv[2], NULL, 0),
                                strtoull(argv[3], NULL, 0));
    printf("no part is called %s\n", argv[1]);
    return 99;
}

/* ---- random numbers: xorshift64*, Vigna 2014 ---- */

struct dice {
    uint64_t state;
};

static inline struct dice dice_of(uint64_t seed)
{
    return (struct dice){(seed + 1) * 0x9e3779b97f4a7c15ull | 1};
}

static inline uint64_t dice_throw(struct dice *d)
{
    d->state ^= d->state >> 12;
    d->state ^= d->state << 25;
    d->state ^= d->state >> 27;
    return d->state * 0x2545f4914f6cdd1dull;
}

/* 0 .. below - 1 */
static inline uint32_t dice_below(struct dice *d, uint32_t below)
{
    return (uint32_t)((dice_throw(d) >> 32) * below >> 32);
}

static inline void dice_fill(struct dice *d, void *to, size_t bytes)
{
    uint8_t *at = to;

    for (; bytes >= 8; bytes -= 8, at += 8) {
        uint64_t word = dice_throw(d);
        memcpy(at, &word, 8);
    }
    for (; bytes; bytes--)
        *at++ = (uint8_t)dice_throw(d);
}

#endif
