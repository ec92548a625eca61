/* SPDX-License-Identifier: MIT */
/*
 * Raw processes: spaces that a test makes by system calls alone, with this program's own image
 * in them (text shared, data copied) and one thread that runs a function of it.  That function
 * makes system calls only: libfos has not been started there.  Both sides see a board.
 */
#ifndef RAW_H
#define RAW_H

#include <stdatomic.h>

#include <fos/memory.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "scenario.h"

#define RAW_STACK  0x600000000000ull /* its top */
#define RAW_THREAD 0x600000100000ull
#define RAW_BOARD  0x600000200000ull
#define RAW_EXTRA  0x600000300000ull /* for the test; same table as the board */

enum { RAW_STACK_PAGES = 4, RAW_FRAMES = 200, RAW_OBJECTS = 8, RAW_WORDS = 16 };

struct raw_board {
    _Atomic uint64_t word[RAW_WORDS];
    _Atomic uint64_t done; /* 1 when the function is through */
    _Atomic uint64_t wrong_line, wrong_got, wrong_wanted;
};

struct raw {
    struct fos_cap space, thread;
    struct raw_board *board; /* here */
};

/* Where a raw process finds its board. */
#define RAW_OWN_BOARD ((struct raw_board *)RAW_BOARD)

/* In a raw process: notes what is not so, once. */
#define RAW_EQUAL(value, expected)                             \
    do {                                                       \
        uint64_t got_ = (uint64_t)(value), want_ = (expected); \
        if (got_ != want_ && !RAW_OWN_BOARD->wrong_line) {     \
            RAW_OWN_BOARD->wrong_got = got_;                   \
            RAW_OWN_BOARD->wrong_wanted = want_;               \
            RAW_OWN_BOARD->wrong_line = __LINE__;              \
        }                                                      \
    } while (0)

/* Before the first case: what is made once and kept. */
static inline void raw_warm(void)
{
    fos_pages_unmap(fos_pages_map(1), 1);
}

static inline long raw_share(struct fos_cap to, uint64_t at, const void *from,
                             uint64_t pages, unsigned prot, unsigned how)
{
    struct fos_share s = {
        .to_space = to,
        .from_space = fos_own_space(),
        .to = at,
        .from = (uintptr_t)from,
        .pages = (uint32_t)pages,
        .prot = prot,
        .how = how,
    };

    return fos_sys_space_share(&s);
}

static inline long raw_own(struct fos_cap to, uint64_t at, uint64_t pages,
                           unsigned prot)
{
    struct fos_share s = {
        .to_space = to,
        .to = at,
        .pages = (uint32_t)pages,
        .prot = prot,
        .how = FOS_SHARE_OWN | FOS_SHARE_SPARSE,
    };

    return fos_sys_space_share(&s);
}

static inline void *page_of(const void *at)
{
    return (void *)((uintptr_t)at & ~(FOS_PAGE_SIZE - 1));
}

/* [from, end) of this program's image, at the same place. */
static inline void raw_image(struct fos_cap space, const char *from,
                             const char *end, unsigned prot)
{
    const char *at = page_of(from);

    while (at < end) {
        uint64_t pages = ((uint64_t)(end - at) + FOS_PAGE_SIZE - 1) / FOS_PAGE_SIZE;
        if (pages > FOS_MAP_PAGES_MAX)
            pages = FOS_MAP_PAGES_MAX;
        CASE_CHECK(raw_share(space, (uintptr_t)at, at, pages,
                             prot & ~(unsigned)FOS_PROT_WRITE,
                             FOS_SHARE_SPARSE) >= 0);
        if (prot & FOS_PROT_WRITE)
            CASE_CHECK(raw_own(space, (uintptr_t)at, pages, prot) >= 0);
        at += pages * FOS_PAGE_SIZE;
    }
}

/* Text, constants, and copies of the data as it is now. */
static inline void raw_load(struct fos_cap space)
{
    extern char __executable_start[], etext[], __init_array_start[], _end[];

    raw_image(space, __executable_start, etext, FOS_PROT_READ | FOS_PROT_EXEC);
    raw_image(space, page_of(etext + FOS_PAGE_SIZE - 1),
              page_of(__init_array_start), FOS_PROT_READ);
    raw_image(space, page_of(__init_array_start), _end,
              FOS_PROT_READ | FOS_PROT_WRITE);
}

static inline struct fos_thread_args raw_args(void (*run)(uint64_t), uint64_t arg,
                                              unsigned vcpu)
{
    return (struct fos_thread_args){
        .entry = (uintptr_t)run,
        .stack = RAW_STACK - 8, /* as if called */
        .arg = arg,
        .pages = RAW_THREAD,
        .vcpu = vcpu % fos_start_page->vcpus,
        .flags = FOS_THREAD_CREATE_STOPPED,
    };
}

/* A raw process whose thread is made, but does not run before FOS_THREAD_GO. */
static inline struct raw raw_make(void (*run)(uint64_t), uint64_t arg,
                                  unsigned vcpu)
{
    const unsigned rw = FOS_PROT_READ | FOS_PROT_WRITE;
    struct fos_thread_args args = raw_args(run, arg, vcpu);
    struct raw r = {.board = fos_pages_map(1)};

    memset(r.board, 0, sizeof *r.board);
    CASE_EQUAL(fos_sys_space_create(RAW_FRAMES, RAW_OBJECTS, &r.space), 0);
    raw_load(r.space);
    CASE_EQUAL(fos_sys_space_map(r.space,
                                 RAW_STACK - RAW_STACK_PAGES * FOS_PAGE_SIZE,
                                 RAW_STACK_PAGES, rw),
               0);
    CASE_EQUAL(raw_share(r.space, RAW_BOARD, r.board, 1, rw, FOS_SHARE_KEEP), 1);
    CASE_EQUAL(fos_sys_thread_create(r.space, &args, &r.thread), 0);
    return r;
}

static inline void raw_go(const struct raw *r)
{
    CASE_EQUAL(fos_sys_thread_control(r->thread, FOS_THREAD_GO, 0), 0);
}

/* Waits until `word` is `value`, at most half a minute. */
static inline bool raw_await(_Atomic uint64_t *word, uint64_t value)
{
    uint64_t deadline = fos_now_ns() + 30 * FOS_SECOND;

    while (atomic_load(word) != value && fos_now_ns() < deadline)
        fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
    return atomic_load(word) == value;
}

static inline void raw_board_check(const struct raw *r)
{
    if (r->board->wrong_line)
        case_fail("raw process, line %llu: %lld, not %lld",
                  (unsigned long long)r->board->wrong_line,
                  (long long)r->board->wrong_got,
                  (long long)r->board->wrong_wanted);
}

static inline struct fos_space_info raw_status(const struct raw *r)
{
    struct fos_space_info info = {0};

    CASE_EQUAL(fos_sys_space_status(r->space, &info), 0);
    return info;
}

static inline void raw_destroy(struct raw *r)
{
    uint64_t deadline = fos_now_ns() + 30 * FOS_SECOND;
    long error;

    while ((error = fos_sys_space_destroy(r->space)) == -FOS_EAGAIN &&
           fos_now_ns() < deadline)
        continue;
    CASE_EQUAL(error, 0);
    fos_pages_unmap(r->board, 1);
}

/* It came to its end and found all well. */
static inline void raw_finish(struct raw *r)
{
    CASE_CHECK(raw_await(&r->board->done, 1));
    raw_board_check(r);
    CASE_EQUAL(raw_status(r).state, FOS_SPACE_RUNNING);
    raw_destroy(r);
}

/* It ended by a fault of this vector. */
static inline void raw_faults(struct raw *r, unsigned vector)
{
    uint64_t deadline = fos_now_ns() + 30 * FOS_SECOND;
    struct fos_space_info info = raw_status(r);

    while (info.state == FOS_SPACE_RUNNING && fos_now_ns() < deadline) {
        fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
        info = raw_status(r);
    }
    raw_board_check(r);
    CASE_EQUAL(info.state, FOS_SPACE_FAULTED);
    CASE_EQUAL(info.vector, vector);
    raw_destroy(r);
}

/* How a raw process's function ends. */
static inline _Noreturn void raw_through(void)
{
    atomic_store(&RAW_OWN_BOARD->done, 1);
    for (;;)
        fos_sys_wait(FOS_NEVER);
}

#endif
