/* SPDX-License-Identifier: MIT */
/*
 * Sleeping and waking without a lost wake-up and without a fence for the sender.
 *
 * A thread that waits polls for about as long as a sleep and its wake-up would cost
 * (so it never pays more than twice the better choice), then goes to sleep by the
 * protocol of struct fos_doorbell (abi/types.h).  A poll that lasts offers the processor
 * to others, as who is waited for may wait for this one: soon if the kernel says that
 * somebody waits for one (`crowded` of struct fos_events, `called` of struct
 * fos_trace_control), else rarely, as that is a system call.
 *
 *  S1. The sleeper stores SLEEPING, makes the serialize system call, and only then
 *      looks once more at everything that could end its wait.
 *
 *  S2. Who changes something a peer may sleep for (a tag, an acknowledgement)
 *      stores it and then loads the peer's doorbell; the processor may let that
 *      load pass the store, and S1's serialize is what makes it harmless.
 *
 *  S3. Every reason to wake sets a bit of fos_events, and the wait system call
 *      returns at once while one is set; a bit is taken before the thing it tells
 *      of is looked at.
 *
 *  S4. Who waits for the kernel alone (messages in a mailbox, events) needs no
 *      serialize: it passes a full fence between SLEEPING and its last look, the
 *      kernel another between a message and its look at the doorbell.
 */
#ifndef FOS_SLEEP_H
#define FOS_SLEEP_H

#include <stdbool.h>

#include <fos/abi/atomic.h>
#include <fos/abi/types.h>

#ifndef fos_tsc
#define fos_tsc() __builtin_ia32_rdtsc()
#endif

/* Event bits that the messaging code takes itself. */
#define FOS_EVENTS_RESERVED ((1ull << FOS_EVENT_FIRST_FREE) - 1)

/* How one thread waits.  Private to it. */
struct fos_sleeper {
    struct fos_doorbell *doorbell;   /* its own; peers read it */
    struct fos_published *published; /* in the same page */
    struct fos_events *events;
    uint64_t tsc_hz;
    uint64_t tsc_then, ns_then; /* one moment, in cycles and in nanoseconds */
    uint64_t spin_cycles;       /* how long to poll before sleeping */
    bool interruptible; /* a signal that is not blocked ends a receive's wait,
                                 * by -FOS_EINTR */
};

/*
 * How to wait for an answer to something just sent.  A look that comes before the
 * peer has written takes the line away from the peer, who must fetch it again to
 * write: on Intel servers that doubles the time of an echo.  A look that comes late
 * is only late.  So a thread pushes its store out, pauses about as long as a line
 * takes to the other core, looks, and so on.
 *
 * How long exactly differs from moment to moment, as processors are moved and clocked;
 * and where pauses and locked operations cost more than they can save, as under an
 * emulator or between two threads of one core, it is better to look again and again.
 * A trial of each way for a few epochs tells.  It is made anew every FOS_PACE_TERM
 * epochs and no oftener: the peer tunes itself too, and the two would follow each
 * other about.  Where a pause is a good part of a line's way (AMD's is a third), the first
 * look is waited for by cycles.
 *
 * Who finds the next message there already, a server with a queue, does not wait at
 * all.
 */
enum {
    /* Way 0: no wait; 1..: the shortest, a pause longer, ... */
    FOS_PACE_WAYS_PAUSES = 5,
    /* or FOS_PACE_STEP cycles longer, ... */
    FOS_PACE_WAYS = 10,
    FOS_PACE_STEP = 14,
    FOS_PACE_ROUNDS = 32, /* of nothing, in way 0: one is a cycle or two */
    FOS_PACE_EPOCH = 64,  /* waits judged together */
    FOS_PACE_EACH = 4,    /* epochs of each way in a trial */
    FOS_PACE_TERM = 256,  /* epochs from trial to trial */
    /* Cycles of a pause from which on the first look is waited for by cycles. */
    FOS_PACE_PAUSE_LONG = 36,
    /* Cycles of a pause above which this is an emulator, and nothing is tried: the longest
     * of a processor is 140 at full clock. */
    FOS_PACE_PAUSE_MOST = 300,
};

struct fos_pace {
    uint32_t pauses; /* between looks; 0: way 0 */
    uint32_t first;  /* before the first look, and then */
    uint32_t rounds; /* of fos_linger */
    uint32_t left;   /* waits until this epoch ends */
    uint32_t pause;  /* cycles that one takes, the least seen; 0: not timed */
    uint32_t round;  /* of fos_linger, in 64ths of a cycle; 0: pauses are short */
    uint32_t epochs; /* since the trial began */
    bool busy;       /* the last immediate look found something */
    uint64_t began;  /* TSC value */
    uint64_t cost[FOS_PACE_WAYS]; /* cycles of a trial's epochs; 0: none */
} __attribute__((aligned(64)));

/*
 * What is waited for.  Where request and answer use one line a look may come while the
 * line is still on its way to the peer: it queues behind that.  Then who answers may look
 * early, and who calls has the service's work to wait for.
 */
enum fos_pace_kind {
    FOS_PACE_RING,   /* a message comes by a ring, after one was sent */
    FOS_PACE_ANSWER, /* the next request, after an answer in place */
    FOS_PACE_ASK,    /* an answer in place */
    FOS_PACE_SERVE,  /* the next request by a call line, after an answer */
    FOS_PACE_CALL,   /* an answer by a call line */
    FOS_PACE_KINDS,
};

/* Who answers looks early, and has pushed its store out by a locked one; only who asks
 * tries how long it takes: two that try at once find nothing. */
static inline bool fos_pace_tries(enum fos_pace_kind kind)
{
    return kind != FOS_PACE_ANSWER && kind != FOS_PACE_SERVE;
}

/* Ends an epoch: judges its way and chooses the next one's. */
void fos_pace_turn(struct fos_pace *pace, enum fos_pace_kind kind);

/* Before waiting: true when nothing is to be done first, neither a look at once nor the
 * end of an epoch. */
static inline bool fos_pace_waits(struct fos_pace *pace)
{
    if (pace->left <= 1 || pace->busy)
        return false;
    pace->left--;
    return true;
}

/* Before waiting: whether to look at once. */
static inline bool fos_pace_at_once(struct fos_pace *pace, enum fos_pace_kind kind)
{
    if (fos_pace_waits(pace))
        return false;
    if (pace->left <= 1)
        fos_pace_turn(pace, kind);
    else
        pace->left--;
    return true;
}

/* Whether no trial is under way, and none begins for some epochs. */
static inline bool fos_pace_settled(const struct fos_pace *pace)
{
    return pace->epochs >= FOS_PACE_WAYS * FOS_PACE_EACH &&
           pace->epochs < FOS_PACE_TERM / 2;
}

/* Between looks: the pauses, or where they are too long (an emulator's) a few rounds of
 * nothing, as looks without end keep the line from its writer there, too. */
static inline void fos_pace_again(const struct fos_pace *pace)
{
    if (pace->pauses == 0)
        for (int i = 0; i < FOS_PACE_ROUNDS; i++)
            fos_compiler_barrier();
    for (uint32_t i = pace->pauses; i > 0; i--)
        fos_pause();
}

/*
 * So many rounds of nothing, each of a multiplication's latency (3 cycles): a wait whose
 * length, unlike an empty loop's, does not depend on where it lies.
 */
static inline void fos_linger(uint32_t rounds)
{
    uint64_t word = rounds;

    while (rounds--)
        __asm__ __volatile__("imul %0, %0" : "+r"(word));
}

/* Begins a wait.  The number of looks it is good for. */
static inline uint32_t fos_pace_begin(const struct fos_pace *pace,
                                      enum fos_pace_kind kind)
{
    if (pace->pauses == 0) {
        fos_pace_again(pace);
        return 64;
    }
    if (fos_pace_tries(kind))
        fos_push_stores();
    for (uint32_t i = pace->first; i > 0; i--)
        fos_pause();
    fos_linger(pace->rounds);
    fos_settle();
    return 8;
}

/* A wait that has begun. */
struct fos_spin {
    const struct fos_sleeper *sleeper;
    uint64_t limit;  /* TSC value at which to sleep; 0: the clock not yet read */
    uint64_t polled; /* TSC value since which nobody else could run here */
    uint64_t deadline_ns; /* as given */
    uint64_t deadline;    /* TSC value */
    uint32_t rounds;
};

enum fos_spin_state { FOS_SPIN_ON, FOS_SPIN_SLEEP, FOS_SPIN_LATE };

/*
 * Binds a sleeper to the pages of the calling thread and measures what a sleep and
 * a wake-up by the clock cost here; spin_cycles becomes that.
 */
void fos_sleeper_init(struct fos_sleeper *sleeper, struct fos_doorbell *doorbell,
                      struct fos_events *events);

/* The monotonic clock, without a system call: carried on by the TSC from the last
 * fos_sleeper_sync. */
uint64_t fos_sleeper_now(const struct fos_sleeper *sleeper);

/* Asks the kernel again what time it is. */
void fos_sleeper_sync(struct fos_sleeper *sleeper);

/* `deadline`: absolute nanoseconds, ~0 none. */
static inline void fos_spin_begin(struct fos_spin *spin,
                                  const struct fos_sleeper *sleeper,
                                  uint64_t deadline)
{
    spin->sleeper = sleeper;
    spin->limit = 0;
    spin->deadline_ns = deadline;
    spin->rounds = 0;
}

/* Looks at the clock; called by fos_spin_round now and then. */
enum fos_spin_state fos_spin_look(struct fos_spin *spin);

/* One turn of a poll loop: pauses, and says whether to go on. */
static inline enum fos_spin_state fos_spin_round(struct fos_spin *spin)
{
    fos_pause();
    if (++spin->rounds % 32)
        return FOS_SPIN_ON;
    return fos_spin_look(spin);
}

/*
 * Sleeps until an event of `wanted` is pending, unless `ready` says there is no
 * reason to; then, or at the deadline, returns.  What `ready` has found true once
 * must stay true until its caller acts on it.  Pending events are left pending.
 * Spurious returns happen.  0 or -FOS_ETIMEDOUT.
 */
int fos_sleep(struct fos_sleeper *sleeper, uint64_t wanted, bool (*ready)(void *),
              void *argument, uint64_t deadline);

/* The same where no peer can end the wait by writing memory (S4). */
int fos_sleep_kernel(struct fos_sleeper *sleeper, uint64_t wanted,
                     bool (*ready)(void *), void *argument, uint64_t deadline);

/* Takes the pending events of `mask`, leaving others. */
uint64_t fos_sleeper_take(struct fos_sleeper *sleeper, uint64_t mask);

/* Whether events of `mask` are pending: one load. */
static inline bool fos_sleeper_pending(const struct fos_sleeper *sleeper,
                                       uint64_t mask)
{
    return (fos_load_relaxed(&sleeper->events->pending) & mask) != 0;
}

/* Whether a signal is to end the wait. */
static inline bool fos_sleeper_interrupted(const struct fos_sleeper *sleeper)
{
    return sleeper->interruptible &&
           (fos_load_relaxed(&sleeper->events->signals) &
            ~fos_load_relaxed(&sleeper->events->blocked)) != 0;
}

/* What a peer's doorbell says: enum fos_doorbell_state.  Acquire: who sees that a
 * peer has gone sees all that it had written. */
#ifndef fos_doorbell_load
#define fos_doorbell_load(doorbell) fos_load_acquire(&(doorbell)->state)
#endif

/*
 * The peer's doorbell, after something it may sleep for was stored: true when it is
 * awake, and nothing is to be done; else call notify (S2).
 */
static inline bool fos_doorbell_awake(struct fos_doorbell *doorbell)
{
    fos_compiler_barrier();
    return fos_doorbell_load(doorbell) == FOS_DOORBELL_AWAKE;
}

#endif
