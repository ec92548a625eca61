/* SPDX-License-Identifier: MIT */
/*
 * Boot scenarios: programs that run in the guest, print one line to a case,
 *
 *     ok <sentence>
 *     FAIL <sentence>: <why>
 *
 * and exit with 1 when a case failed.  A case begins with case_begin, which notes
 * what the system holds, and ends with case_end, which fails it unless all is back
 * (case_fleets_grow: unless all processes and threads are gone; fleets keep what they
 * have come to use for the programs they serve).
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fos/call.h>
#include <fos/clock.h>
#include <fos/mem.h>
#include <fos/proc.h>
#include <fos/syscall.h>

static const char *case_sentence;
static char case_why[256];
static struct fos_kernel_info case_before;
static int64_t case_fleets_before;
static uint32_t case_answering_before;
static int case_failures;
enum { CASE_HEAP = 32768 };

static bool case_fleets_grow; /* frames, mailboxes and channels are not compared */

static inline bool case_is_fleet(const char *name)
{
    static const char *const fleets[] = {"page", "mem", "fs", "console", "name"};

    for (size_t i = 0; i < sizeof fleets / sizeof *fleets; i++)
        if (!strcmp(name, fleets[i]))
            return true;
    return false;
}

/* A program that the memory fleet looks after uses frames of the page fleet's, and lets
 * others grow with what it asks of them: what fleets have is no leak of its own. */
static inline int64_t case_fleet_frames(void)
{
    enum { PROCESSES = 128 };
    static struct proc_entry entries[PROCESSES];
    int64_t frames = 0;
    long count = fos_mem_paged() ? fos_process_list(entries, PROCESSES) : 0;

    for (long i = 0; i < count; i++)
        if (case_is_fleet(entries[i].name))
            frames += entries[i].info.frames_used;
    return frames;
}

/* Frames not in use; the kernel's pools of objects keep theirs. */
static inline int64_t balance_frames(const struct fos_kernel_info *info)
{
    return (int64_t)info->frames_free + info->frames_pools;
}

/* The channels by which services answer this process: made when that pays, be it in
 * the middle of a case. */
static inline uint32_t case_answering(void)
{
    struct fos_client *client = fos_thread_self()->client;
    uint32_t count = 0;

    if (!client)
        return 0;
    for (struct fos_inbound *i = client->mailbox.channels.next;
         i != &client->mailbox.channels; i = i->next)
        count++;
    for (struct fos_inbound *i = client->mailbox.waiting; i; i = i->next)
        count++;
    return count;
}

/* Notes the first reason only. */
__attribute__((format(printf, 1, 2))) static inline void
case_fail(const char *format, ...)
{
    va_list ap;

    if (case_why[0])
        return;
    va_start(ap, format);
    vsnprintf(case_why, sizeof case_why, format, ap);
    va_end(ap);
}

#define CASE_CHECK(condition)                               \
    do {                                                    \
        if (!(condition))                                   \
            case_fail("line %d: %s", __LINE__, #condition); \
    } while (0)

#define CASE_EQUAL(value, expected)                                            \
    do {                                                                       \
        long long got_ = (long long)(value), want_ = (long long)(expected);    \
        if (got_ != want_)                                                     \
            case_fail("line %d: %s is %lld, not %lld", __LINE__, #value, got_, \
                      want_);                                                  \
    } while (0)

static inline void case_begin(const char *sentence)
{
    case_sentence = sentence;
    case_why[0] = '\0';
    free(malloc(CASE_HEAP)); /* the heap's first piece is there from now on */
    /* Fleets may be giving back what those before had: both are of one moment, unless
     * somebody never rests. */
    for (int tries = 0; tries < 100; tries++) {
        case_fleets_before = case_fleet_frames();
        fos_sys_kernel_info(&case_before);
        if (case_fleets_before == case_fleet_frames())
            break;
    }
    case_answering_before = case_answering();
}

/* Exact, neither less nor more, for a program that maps its own memory when there are as
 * many channels as before.  Else it cannot be: `more` channels hold the frames of their rings,
 * of which the size is not known, and perhaps a few page tables are new; page tables
 * under memory that went again stay, a paged program's own and its fleets'. */
static inline bool frames_balanced(int64_t gone, int more)
{
    enum { TABLES = 6 };
    bool paged = fos_mem_paged();

    return gone <= (int64_t)more * FOS_RING_PAGES_DEFAULT +
                       (abs(more) + 2 * paged) * TABLES &&
           (gone >= 0 || more < 0 || paged);
}

/* Those used by others than fleets, beyond what was when the case began. */
static inline int64_t frames_gone(const struct fos_kernel_info *now)
{
    return balance_frames(&case_before) + case_fleets_before - balance_frames(now) -
           case_fleet_frames();
}

/* Services answer by channels which they make and leave when they like: there may be
 * as many more as answer this process, and fewer for those who have ended.  Those who
 * look after its memory and files talk to each other, too. */
static inline bool balanced(const struct fos_kernel_info *now)
{
    enum { AMONG_FLEETS = 8 };
    int among = fos_mem_paged() ? AMONG_FLEETS : 0;
    int answering = (int)(case_answering() - case_answering_before);
    int more = (int)(now->channels - case_before.channels);

    if (case_fleets_grow)
        return now->spaces == case_before.spaces &&
               now->threads == case_before.threads;
    return more <= (answering > 0 ? answering : 0) + among &&
           frames_balanced(frames_gone(now), more) &&
           now->spaces == case_before.spaces &&
           now->threads == case_before.threads &&
           now->mailboxes == case_before.mailboxes;
}

/* Others may still be giving back what they had, and who looks sees several moments at
 * once: what is lost stays lost for longer than a busy machine takes. */
static inline void balance_check(void)
{
    struct fos_kernel_info now;
    uint64_t deadline = fos_now_ns() + 20 * FOS_SECOND;

    do {
        fos_sys_kernel_info(&now);
        if (balanced(&now))
            return;
        fos_clock_sleep(fos_now_ns() + 10 * FOS_MILLISECOND);
    } while (fos_now_ns() < deadline);
    case_fail("not given back: %lld frames, %d spaces, %d threads, %d mailboxes, "
              "%d channels",
              (long long)frames_gone(&now), (int)(now.spaces - case_before.spaces),
              (int)(now.threads - case_before.threads),
              (int)(now.mailboxes - case_before.mailboxes),
              (int)(now.channels - case_before.channels));
}

static inline void case_end(void)
{
    balance_check();
    if (case_why[0]) {
        printf("FAIL %s: %s\n", case_sentence, case_why);
        case_failures++;
    } else {
        printf("ok %s\n", case_sentence);
    }
}

static inline int cases_status(void)
{
    return case_failures ? 1 : 0;
}

#endif
