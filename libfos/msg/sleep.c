/* SPDX-License-Identifier: MIT */
/* Sleeping and waking.  Invariants: see fos/sleep.h. */
#include <fos/sleep.h>

#include <fos/syscall.h>
#include <fos/trace.h>

enum {
    CALIBRATION_NS = 20000,
    CALIBRATIONS = 6,
    WAKE_PARTS = 2, /* of a wake-up by a message, one by the clock is one */
    SPIN_CYCLES_MIN = 2000,
    SPIN_CYCLES_MAX = 2000000,
    YIELD_CYCLES_SOON = 8000,   /* of polling until others may run who want to, */
    YIELD_CYCLES_LATE = 128000, /* or of whom nothing is known */
    SYNC_READINGS = 3,
    SECOND_NS = 1000000000
};

static uint64_t scale(uint64_t value, uint64_t to, uint64_t from)
{
    return (uint64_t)((unsigned __int128)value * to / from);
}

static bool never(void *argument)
{
    (void)argument;
    return false;
}

/* The kernel read its clock somewhere between our two readings of the TSC: the closest
 * pair of a few. */
void fos_sleeper_sync(struct fos_sleeper *sleeper)
{
    uint64_t closest = UINT64_MAX;

    for (int i = 0; i < SYNC_READINGS; i++) {
        struct fos_kernel_info info = {0};
        uint64_t begin = fos_tsc(), took;

        fos_sys_kernel_info(&info);
        took = fos_tsc() - begin;
        if (took >= closest)
            continue;
        closest = took;
        sleeper->tsc_then = begin + took / 2;
        sleeper->ns_then = info.monotonic_ns;
        sleeper->tsc_hz = info.tsc_hz ? info.tsc_hz : SECOND_NS;
    }
}

/* A sleep of known length, timed: what it took longer is a sleep and a wake-up by the own
 * clock; the least of a few, as others may have had the processor meanwhile.  One by a
 * message costs more: there is the sender's part, and the way from its processor. */
static void measure(struct fos_sleeper *sleeper)
{
    uint64_t least = UINT64_MAX, asked;

    fos_sys_serialize(); /* the first one may be slower */
    fos_sleeper_sync(sleeper);
    for (int i = 0; i < CALIBRATIONS; i++) {
        uint64_t begin = fos_tsc(), took;
        fos_sleep(sleeper, 0, never, NULL,
                  fos_sleeper_now(sleeper) + CALIBRATION_NS);
        took = fos_tsc() - begin;
        least = took < least ? took : least;
    }
    asked = scale(CALIBRATION_NS, sleeper->tsc_hz, SECOND_NS);
    sleeper->spin_cycles = least > asked ? WAKE_PARTS * (least - asked) : 0;
}

void fos_sleeper_init(struct fos_sleeper *sleeper, struct fos_doorbell *doorbell,
                      struct fos_events *events)
{
    *sleeper = (struct fos_sleeper){.doorbell = doorbell,
                                    .published = fos_published_of(doorbell),
                                    .events = events};
    measure(sleeper);
    sleeper->published->sleep_tries = sleeper->published->sleeps = 0;
    if (sleeper->spin_cycles < SPIN_CYCLES_MIN)
        sleeper->spin_cycles = SPIN_CYCLES_MIN;
    if (sleeper->spin_cycles > SPIN_CYCLES_MAX)
        sleeper->spin_cycles = SPIN_CYCLES_MAX;
}

uint64_t fos_sleeper_now(const struct fos_sleeper *sleeper)
{
    return sleeper->ns_then +
           scale(fos_tsc() - sleeper->tsc_then, SECOND_NS, sleeper->tsc_hz);
}

static uint64_t deadline_tsc(const struct fos_sleeper *sleeper, uint64_t deadline)
{
    if (deadline == FOS_NEVER)
        return UINT64_MAX;
    if (deadline <= sleeper->ns_then)
        return 0;
    return sleeper->tsc_then +
           scale(deadline - sleeper->ns_then, sleeper->tsc_hz, SECOND_NS);
}

/* For how long to poll before the processor is offered to others: the kernel knows of those
 * it has made ready, but not of a vCPU that Xen has taken its processor from. */
static uint64_t yield_after(const struct fos_sleeper *sleeper)
{
    bool wanted = fos_load_relaxed(&sleeper->events->crowded) ||
                  fos_load_relaxed(&fos_trace_control->called);

    return wanted ? YIELD_CYCLES_SOON : YIELD_CYCLES_LATE;
}

enum fos_spin_state fos_spin_look(struct fos_spin *spin)
{
    uint64_t now = fos_tsc();

    if (spin->limit == 0) {
        spin->limit = now + spin->sleeper->spin_cycles;
        spin->polled = now;
        spin->deadline = deadline_tsc(spin->sleeper, spin->deadline_ns);
    }
    if (now >= spin->deadline)
        return FOS_SPIN_LATE;
    if (now >= spin->limit)
        return FOS_SPIN_SLEEP;
    if (now - spin->polled >= yield_after(spin->sleeper)) {
        fos_sys_wait(0); /* who is waited for may wait for this very processor */
        spin->polled = fos_tsc();
    }
    return FOS_SPIN_ON;
}

/* The kernel ends a wait for every signal that is not blocked: where nobody asked for
 * that, all are meanwhile. */
static long kernel_wait(struct fos_sleeper *sleeper, uint64_t deadline)
{
    uint64_t blocked = fos_load_relaxed(&sleeper->events->blocked);
    long result;

    if (sleeper->interruptible)
        return fos_sys_wait(deadline);
    fos_store_relaxed(&sleeper->events->blocked, ~0ull);
    result = fos_sys_wait(deadline);
    fos_store_relaxed(&sleeper->events->blocked, blocked);
    return result;
}

static int sleep_in(struct fos_sleeper *sleeper, uint64_t wanted, bool peers,
                    bool (*ready)(void *), void *argument, uint64_t deadline)
{
    uint64_t held;
    long result = 0;

    fos_trace(FOS_TRACE_sleep_begin, deadline, wanted);
    sleeper->published->sleep_tries++;
    fos_store_relaxed(&sleeper->doorbell->state, FOS_DOORBELL_SLEEPING);
    if (peers)
        fos_sys_serialize();                           /* S1 */
    held = fos_exchange(&sleeper->events->pending, 0); /* S4: a full fence */
    if (!(held & wanted) && !ready(argument)) {
        sleeper->published->sleeps++;
        result = kernel_wait(sleeper, deadline); /* S3 */
    }
    if (held)
        fos_fetch_or(&sleeper->events->pending, held);
    fos_store_relaxed(&sleeper->doorbell->state, FOS_DOORBELL_AWAKE);
    fos_trace(FOS_TRACE_sleep_end, (uint64_t)result, 0);
    return result == -FOS_ETIMEDOUT ? -FOS_ETIMEDOUT : 0;
}

int fos_sleep(struct fos_sleeper *sleeper, uint64_t wanted, bool (*ready)(void *),
              void *argument, uint64_t deadline)
{
    return sleep_in(sleeper, wanted, true, ready, argument, deadline);
}

int fos_sleep_kernel(struct fos_sleeper *sleeper, uint64_t wanted,
                     bool (*ready)(void *), void *argument, uint64_t deadline)
{
    return sleep_in(sleeper, wanted, false, ready, argument, deadline);
}

uint64_t fos_sleeper_take(struct fos_sleeper *sleeper, uint64_t mask)
{
    uint64_t bits;

    if (!fos_sleeper_pending(sleeper, mask))
        return 0;
    bits = fos_exchange(&sleeper->events->pending, 0);
    if (bits & ~mask)
        fos_fetch_or(&sleeper->events->pending, bits & ~mask);
    return bits & mask;
}

/* The least of a few: others may have had the processor meanwhile. */
static uint32_t pause_cycles(void)
{
    enum { TIMES = 4, PAUSES = 8 };
    uint64_t least = UINT32_MAX;

    for (int t = 0; t < TIMES; t++) {
        uint64_t begin = fos_tsc(), each;
        for (int i = 0; i < PAUSES; i++)
            fos_pause();
        each = (fos_tsc() - begin) / PAUSES + 1;
        least = each < least ? each : least;
    }
    return (uint32_t)least;
}

/* A round of fos_linger, in 64ths of a cycle. */
static uint32_t round_cycles(void)
{
    enum { TIMES = 4, ROUNDS = 256 };
    uint64_t least = UINT32_MAX;

    for (int t = 0; t < TIMES; t++) {
        uint64_t begin = fos_tsc(), took;
        fos_linger(ROUNDS);
        took = fos_tsc() - begin + 1;
        least = took < least ? took : least;
    }
    return (uint32_t)((least * 64 + ROUNDS - 1) / ROUNDS);
}

/* The cheapest of the `ways`, which are ever longer, but way 0.  A shorter wait must be
 * worth it: a look a little late costs little, one a little early a lot. */
static uint32_t pace_best(const struct fos_pace *pace, uint32_t ways)
{
    uint32_t way = ways - 1;

    for (uint32_t i = way; i-- > 1;)
        if (pace->cost[i] < pace->cost[way] - pace->cost[way] / 32)
            way = i;
    return way;
}

/* So must waiting at all. */
static bool pace_pays(const struct fos_pace *pace, uint32_t way)
{
    return pace->cost[way] < pace->cost[0] - pace->cost[0] / 16;
}

/* The way for this epoch. */
static uint32_t pace_way(struct fos_pace *pace, enum fos_pace_kind kind)
{
    uint32_t ways = pace->round ? FOS_PACE_WAYS : FOS_PACE_WAYS_PAUSES;
    uint32_t tried = pace->epochs / FOS_PACE_EACH, way;

    if (pace->pause > FOS_PACE_PAUSE_MOST)
        return 0;
    if (!fos_pace_tries(kind))
        return tried > 0;
    if (tried < ways)
        return tried;
    way = pace_best(pace, ways);
    return pace_pays(pace, way) ? way : 0;
}

/* The shortest wait of each kind, in cycles: made of pauses, at least one, or not. */
static const struct {
    uint32_t by_pauses, by_cycles;
} shortest[FOS_PACE_KINDS] = {
    [FOS_PACE_RING] = {88, 88}, [FOS_PACE_ANSWER] = {26, 60},
    [FOS_PACE_ASK] = {26, 41},  [FOS_PACE_SERVE] = {26, 60},
    [FOS_PACE_CALL] = {77, 83},
};

static void pace_go(struct fos_pace *pace, enum fos_pace_kind kind, uint32_t way)
{
    uint32_t cycles = shortest[kind].by_pauses, pause = pace->pause;

    pace->first = pace->pauses = pace->rounds = 0;
    if (way == 0)
        return;
    if (pace->round) {
        pace->pauses = 1;
        cycles = shortest[kind].by_cycles + FOS_PACE_STEP * (way - 1);
        pace->rounds = 64 * cycles / pace->round;
    } else {
        pace->first = pause && pause < cycles ? (cycles + pause / 2) / pause : 1;
        pace->first += way - 1;
        pace->pauses = pace->first;
    }
}

/* Adds what an epoch cost to its way's; one that was disturbed counts as two. */
static void pace_learn(struct fos_pace *pace, uint64_t cost)
{
    uint32_t way = pace->epochs / FOS_PACE_EACH,
             done = pace->epochs % FOS_PACE_EACH;
    uint64_t *sum = &pace->cost[way];

    if (way >= FOS_PACE_WAYS)
        return;
    if (done && cost > 2 * *sum / done)
        cost = 2 * *sum / done;
    *sum += cost;
}

void fos_pace_turn(struct fos_pace *pace, enum fos_pace_kind kind)
{
    uint64_t now = fos_tsc();

    if (pace->pause == 0 || pace->epochs == FOS_PACE_TERM) {
        uint32_t timed = pause_cycles();
        uint32_t pause = pace->pause && pace->pause < timed ? pace->pause : timed;
        *pace = (struct fos_pace){
            .busy = pace->busy,
            .pause = pause,
            .round = pause < FOS_PACE_PAUSE_LONG ? 0 : round_cycles(),
        };
        now = fos_tsc();
    } else {
        pace_learn(pace, now - pace->began);
        pace->epochs++;
    }
    pace_go(pace, kind, pace_way(pace, kind));
    pace->left = FOS_PACE_EPOCH;
    pace->began = now;
}
