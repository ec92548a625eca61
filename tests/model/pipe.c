/* SPDX-License-Identifier: MIT */
/*
 * Pipes in shared memory (fos/pipe.h) under every interleaving: processes that read and
 * write, and ask the fleet where they cannot; the fleet, which queues them as
 * fleets/fs/pipe.c does.  Bytes go in words, of which a pipe holds two; each says who
 * wrote it and which of his it is.
 */
#include <fos/pipe.h>

#include <string.h>

#include "verdict.h"

enum { PROCESSES = 3, FLEET = PROCESSES, OWNER = 9, WORD = 8 };
enum { BELL_KICK = 1, BELL_DEAD = 2, BELL_DONE = 4 }; /* DONE << process */
enum role { READER, WRITER, DIER };

static struct {
    struct fos_pipe pipe;
    _Atomic uint64_t bell;              /* messages to the fleet */
    _Atomic uint32_t asks[PROCESSES];   /* who waits in the fleet's queues */
    _Atomic uint32_t answer[PROCESSES]; /* a word and one; 0: none yet */
    uint64_t given[PROCESSES];          /* words of those who write */
    /* Private to one thread each: */
    uint64_t read[PROCESSES][8] __attribute__((aligned(64)));
    uint32_t counts[PROCESSES];
} __attribute__((aligned(64))) memory;

static struct {
    enum role role[PROCESSES];
    uint32_t count[PROCESSES]; /* words each one reads or writes */
    uint32_t processes;
    bool no_fence;   /* a bug: the fleet does not wait for its store of state */
    bool early_look; /* a bug: state is read before the lock is let go */
    bool no_break;   /* a bug: a dead owner's lock stays */
} setting;

/* ---- processes ---- */

static void tell(uint64_t what)
{
    fos_fetch_or(&memory.bell, what);
}

static uint64_t ask(void)
{
    int self = explore_self();

    fos_store_release(&memory.asks[self], 1);
    tell(BELL_KICK);
    explore_wait_nonzero((const void *)&memory.answer[self], 4);
    return fos_exchange(&memory.answer[self], 0) - 1;
}

static void kick(uint32_t state)
{
    if (state & FOS_PIPE_WAITED)
        tell(BELL_KICK);
}

static uint64_t word_read(void)
{
    uint32_t state = 0;
    uint64_t word = 0;
    long got = 0;

    if (!(fos_load_relaxed(&memory.pipe.state) & FOS_PIPE_READERS_WAIT))
        got = fos_pipe_take(&memory.pipe, 1 + (uint64_t)explore_self(),
                            (uint8_t *)&word, WORD, &state);
    kick(state);
    return got > 0 ? word : ask();
}

/* fos_pipe_put, with what a writer of it might get wrong. */
static long put_early(uint64_t word, uint32_t *state)
{
    _Atomic uint64_t *lock = &memory.pipe.writing.lock;
    uint32_t at, room;

    *state = 0;
    if (!fos_pipe_lock(lock, 1 + (uint64_t)explore_self()))
        return -FOS_EAGAIN;
    at = fos_load_relaxed(&memory.pipe.writing.put);
    room = FOS_PIPE_BYTES -
           fos_pipe_count(fos_load_acquire(&memory.pipe.reading.taken), at);
    if (room) {
        fos_payload_write(memory.pipe.data + at % FOS_PIPE_BYTES, &word, WORD);
        fos_store_release(&memory.pipe.writing.put, at + WORD);
    }
    *state = fos_load_relaxed(&memory.pipe.state);
    fos_exchange(lock, 0);
    return room != 0;
}

static void word_write(uint64_t word)
{
    uint32_t state = 0;
    long put = 0;

    if (setting.early_look)
        put = put_early(word, &state);
    else if (!(fos_load_relaxed(&memory.pipe.state) & FOS_PIPE_WRITERS_WAIT))
        put = fos_pipe_put(&memory.pipe, 1 + (uint64_t)explore_self(),
                           (uint8_t *)&word, WORD, true, &state);
    kick(state);
    if (put > 0)
        return;
    fos_payload_write(&memory.given[explore_self()], &word, WORD);
    ask();
}

static void process(void)
{
    int self = explore_self();

    if (setting.role[self] == DIER) {
        fos_pipe_lock(&memory.pipe.writing.lock, 1 + (uint64_t)self);
        tell(BELL_DEAD | BELL_DONE << self);
        return;
    }
    for (uint32_t i = 0; i < setting.count[self]; i++) {
        if (setting.role[self] == READER)
            memory.read[self][memory.counts[self]++] = word_read();
        else
            word_write((uint64_t)self << 4 | i);
    }
    tell((uint64_t)BELL_DONE << self);
}

/* ---- the fleet ---- */

/* The first that asks; PROCESSES: nobody. */
static uint32_t waiting(enum role role)
{
    uint32_t i = 0;

    while (i < setting.processes &&
           (setting.role[i] != role || !fos_load_acquire(&memory.asks[i])))
        i++;
    return i < setting.processes ? i : PROCESSES;
}

static void serve(uint32_t process, uint64_t word)
{
    fos_store_relaxed(&memory.asks[process], 0);
    fos_store_release(&memory.answer[process], (uint32_t)word + 1);
}

static bool reader_serve(void)
{
    uint32_t process = waiting(READER), state;
    uint64_t word;

    if (process == PROCESSES ||
        fos_pipe_take(&memory.pipe, OWNER, (uint8_t *)&word, WORD, &state) <= 0)
        return false;
    serve(process, word);
    return true;
}

static bool writer_serve(void)
{
    uint32_t process = waiting(WRITER), state;
    uint64_t word;

    if (process == PROCESSES || fos_pipe_held(&memory.pipe) == FOS_PIPE_BYTES)
        return false;
    fos_payload_read(&word, &memory.given[process], WORD);
    if (fos_pipe_put(&memory.pipe, OWNER, (uint8_t *)&word, WORD, true, &state) <=
        0)
        return false;
    serve(process, 0);
    return true;
}

static void state_tell(void)
{
    fos_store_relaxed(
        &memory.pipe.state,
        (waiting(READER) < PROCESSES ? FOS_PIPE_READERS_WAIT : 0u) |
            (waiting(WRITER) < PROCESSES ? FOS_PIPE_WRITERS_WAIT : 0u));
    if (!setting.no_fence)
        fos_fence();
}

static void locks_break(void)
{
    for (uint64_t i = 0; i < setting.processes; i++) {
        uint64_t owner = i + 1;
        if (setting.role[i] == DIER && !setting.no_break)
            fos_compare_exchange(&memory.pipe.writing.lock, &owner, 0);
    }
}

static void fleet(void)
{
    const uint64_t all = (BELL_DONE << setting.processes) - BELL_DONE;
    uint64_t done = 0;

    while (done != all) {
        explore_wait_nonzero((const void *)&memory.bell, 8);
        uint64_t bell = fos_exchange(&memory.bell, 0);
        done |= bell & all;
        if (!(bell & (BELL_KICK | BELL_DEAD)))
            continue;
        if (bell & BELL_DEAD)
            locks_break();
        state_tell();
        while (reader_serve() || writer_serve())
            continue;
        state_tell();
    }
}

/* ---- */

/* Each writer's words have come once, and to one reader in their order. */
static void finish(void)
{
    uint32_t next[PROCESSES] = {0}, seen = 0, written = 0, read = 0;

    for (uint32_t i = 0; i < setting.processes; i++) {
        memset(next, 0, sizeof next);
        for (uint32_t n = 0; n < memory.counts[i]; n++) {
            uint64_t word = memory.read[i][n];
            EXPLORE_CHECK(word >> 4 < PROCESSES);
            EXPLORE_CHECK((word & 15u) >= next[word >> 4]);
            EXPLORE_CHECK(!(seen & 1u << (word >> 4) * 8 << (word & 7)));
            next[word >> 4] = (uint32_t)(word & 15u) + 1;
            seen |= 1u << (word >> 4) * 8 << (word & 7);
        }
        if (setting.role[i] == WRITER)
            written += setting.count[i];
        read += memory.counts[i];
    }
    EXPLORE_CHECK((uint32_t)__builtin_popcount(seen) == read);
    EXPLORE_CHECK(fos_pipe_held(&memory.pipe) == (written - read) * WORD);
    EXPLORE_CHECK(!memory.pipe.reading.lock);
    EXPLORE_CHECK(setting.no_break || !memory.pipe.writing.lock);
}

static void memory_reset(void)
{
    memset(&memory, 0, sizeof memory);
}

static const struct explore_place places[] = {
    {"readers", 0},
    {"writers", offsetof(struct fos_pipe, writing)},
    {"state", offsetof(struct fos_pipe, state)},
    {"data", offsetof(struct fos_pipe, data)},
    {"bell", offsetof(__typeof__(memory), bell)},
    {"asks", offsetof(__typeof__(memory), asks)},
    {"answer", offsetof(__typeof__(memory), answer)},
    {"given", offsetof(__typeof__(memory), given)},
    {0, 0},
};

static struct explore_model model(uint32_t processes)
{
    struct explore_model m = {
        .memory = &memory,
        .size = sizeof memory,
        .shared = offsetof(__typeof__(memory), read),
        .reset = memory_reset,
        .finish = finish,
        .places = places,
        .buffer = 3,
    };

    for (uint32_t i = 0; i < processes; i++)
        m.thread[i] = process;
    m.thread[FLEET] = fleet;
    setting.processes = processes;
    return m;
}

static struct explore_model pair(uint32_t reads, uint32_t writes)
{
    setting.role[0] = READER;
    setting.role[1] = WRITER;
    setting.count[0] = reads;
    setting.count[1] = writes;
    return model(2);
}

static struct explore_model three(enum role third, uint32_t words)
{
    pair(words, words);
    setting.role[2] = third;
    setting.count[2] = 1;
    setting.count[1] += third == READER;
    return model(3);
}

static void mutants(void)
{
    struct explore_model m = pair(1, 3);

    setting.no_fence = true;
    verdict_finds("a fleet that does not wait for its store loses a wake-up", &m,
                  "waits for ever");
    setting.no_fence = false;
    m = pair(1, 1);
    setting.early_look = true;
    verdict_finds("so does a look at state before the lock is free", &m,
                  "waits for ever");
    setting.early_look = false;
    m = three(DIER, 1);
    setting.no_break = true;
    verdict_finds("a dead owner's lock that stays stops a writer", &m,
                  "waits for ever");
    setting.no_break = false;
}

int main(void)
{
    struct explore_model m = pair(3, 3);

    verdict_holds("a reader and a writer lose and repeat nothing", &m);
    m = pair(1, 3);
    verdict_holds("a reader that goes leaves no writer waiting for its room", &m);
    m = three(WRITER, 1);
    verdict_holds("nor do two writers and a reader", &m);
    m = three(READER, 1);
    verdict_holds("nor two readers and a writer", &m);
    m = three(DIER, 1);
    verdict_holds("nor where somebody dies with the lock", &m);
    mutants();
    return verdict_status();
}
