/* SPDX-License-Identifier: MIT */
/*
 * Raw processes that make the system calls they are told to, and write or watch a word of
 * their memory: so both sides of a channel do exactly what a case wants.
 */
#ifndef PUPPET_H
#define PUPPET_H

#include "../family.h"
#include "../raw.h"

enum {
    PUPPET_PAGES = 48, /* of its own, at PUPPET_AREA */
    PUPPET_SLOTS = 64, /* of its mailbox */
};

#define PUPPET_AREA    0x600000400000ull
#define PUPPET_MAILBOX 0x600000500000ull /* its slots, then a page for its head */
#define PUPPET_WINDOW  0x600000600000ull
#define PUPPET_TABLE   0x600000700000ull /* the second thread's stack is below it */

struct puppet {
    struct raw raw;
    struct fos_cap mailbox, channel, second;
};

/* The words of a puppet's board. */
enum {
    BOARD_ASKED, /* count of commands given, */
    BOARD_DONE,  /* and carried out */
    BOARD_NUMBER,
    BOARD_ARGUMENTS, /* five */
    BOARD_RESULT = BOARD_ARGUMENTS + 5,
    BOARD_HAMMER, /* address to write to; 0: none */
    BOARD_HAMMERED,
    BOARD_RESTING,
};

enum { NUMBER_HAMMER = 1000 }; /* a command, not a system call */

static inline long trap(uint64_t number, const uint64_t v[5])
{
    register uint64_t r10 __asm__("r10") = v[3];
    register uint64_t r8 __asm__("r8") = v[4];
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(v[0]), "S"(v[1]), "d"(v[2]), "r"(r10),
                       "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

static inline void hammer(_Atomic uint64_t *word)
{
    uint64_t count = 0;
    _Atomic uint64_t *at;

    while ((at = (_Atomic uint64_t *)atomic_load(&word[BOARD_HAMMER]))) {
        atomic_store_explicit(at, ++count, memory_order_relaxed);
        atomic_store_explicit(&word[BOARD_HAMMERED], count, memory_order_relaxed);
    }
    atomic_store(&word[BOARD_RESTING], 1);
}

static inline void puppet_run(uint64_t arg)
{
    _Atomic uint64_t *word = RAW_OWN_BOARD->word;
    uint64_t done = 0, v[5];

    (void)arg;
    for (;;) {
        while (atomic_load(&word[BOARD_ASKED]) == done)
            fos_sys_null();
        for (int i = 0; i < 5; i++)
            v[i] = atomic_load(&word[BOARD_ARGUMENTS + i]);
        if (atomic_load(&word[BOARD_NUMBER]) == NUMBER_HAMMER)
            hammer(word);
        else
            atomic_store(&word[BOARD_RESULT],
                         (uint64_t)trap(atomic_load(&word[BOARD_NUMBER]), v));
        atomic_store(&word[BOARD_DONE], ++done);
    }
}

static inline void second_run(uint64_t arg)
{
    (void)arg;
    hammer(RAW_OWN_BOARD->word);
    for (;;)
        fos_sys_wait(FOS_NEVER);
}

static inline void command(struct puppet *p, uint64_t number)
{
    _Atomic uint64_t *word = p->raw.board->word;

    atomic_store(&word[BOARD_NUMBER], number);
    atomic_fetch_add(&word[BOARD_ASKED], 1);
}

static inline void command_await(struct puppet *p)
{
    _Atomic uint64_t *word = p->raw.board->word;
    uint64_t deadline = family_deadline();

    while (atomic_load(&word[BOARD_DONE]) != atomic_load(&word[BOARD_ASKED]) &&
           fos_now_ns() < deadline)
        continue;
    CASE_EQUAL(atomic_load(&word[BOARD_DONE]), atomic_load(&word[BOARD_ASKED]));
}

/* It makes the call; its result. */
static inline long puppet_call(struct puppet *p, uint64_t number, uint64_t a,
                               uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    const uint64_t v[5] = {a, b, c, d, e};
    _Atomic uint64_t *word = p->raw.board->word;

    for (int i = 0; i < 5; i++)
        atomic_store(&word[BOARD_ARGUMENTS + i], v[i]);
    command(p, number);
    command_await(p);
    return (long)atomic_load(&word[BOARD_RESULT]);
}

static inline void space_map(const struct puppet *p, uint64_t at, uint64_t pages)
{
    CASE_EQUAL(
        fos_sys_space_map(p->raw.space, at, pages, FOS_PROT_READ | FOS_PROT_WRITE),
        0);
}

/* At the last vCPU but `vcpu`, with PUPPET_PAGES pages and a mailbox. */
static inline struct puppet puppet_make(unsigned vcpu)
{
    const uint64_t slots_pages =
        PUPPET_SLOTS * sizeof(struct fos_mailbox_slot) / FOS_PAGE_SIZE;
    struct puppet p = {
        .raw = raw_make(puppet_run, 0, fos_start_page->vcpus - 1 - vcpu)};

    space_map(&p, PUPPET_AREA, PUPPET_PAGES);
    space_map(&p, PUPPET_MAILBOX, slots_pages + 1);
    raw_go(&p.raw);
    CASE_EQUAL(puppet_call(&p, FOS_SYS_mailbox_create, PUPPET_MAILBOX, PUPPET_SLOTS,
                           PUPPET_MAILBOX + slots_pages * FOS_PAGE_SIZE, UINT32_MAX,
                           PUPPET_AREA),
               0);
    CASE_EQUAL(
        fos_sys_space_read(p.raw.space, PUPPET_AREA, &p.mailbox, sizeof p.mailbox),
        0);
    return p;
}

static inline void puppet_destroy(struct puppet *p)
{
    raw_destroy(&p->raw);
}

/* Connects and accepts: both know the channel. */
static inline void puppets_connect(struct puppet *sender, struct puppet *receiver)
{
    struct fos_channel_info info = {0};

    CASE_EQUAL(puppet_call(sender, FOS_SYS_channel_connect, receiver->mailbox.id,
                           receiver->mailbox.secret, PUPPET_WINDOW, 1, PUPPET_AREA),
               0);
    CASE_EQUAL(puppet_call(receiver, FOS_SYS_channel_accept, PUPPET_WINDOW,
                           PUPPET_AREA, 0, 0, 0),
               0);
    CASE_EQUAL(
        fos_sys_space_read(sender->raw.space, PUPPET_AREA, &info, sizeof info), 0);
    sender->channel = receiver->channel = info.channel;
}

/* channel_exchange by `p`. */
static inline long puppet_exchange_at(struct puppet *p, uint64_t address,
                                      uint64_t pages)
{
    return puppet_call(p, FOS_SYS_channel_exchange, p->channel.id,
                       p->channel.secret, address, pages, 0);
}

/* The same, of its pages from number `first` on. */
static inline long puppet_exchange(struct puppet *p, uint64_t first, uint64_t pages)
{
    return puppet_exchange_at(p, PUPPET_AREA + first * FOS_PAGE_SIZE, pages);
}

/* A word of its page, read and written from here. */
static inline uint64_t puppet_read(struct puppet *p, uint64_t page)
{
    uint64_t value = 0;

    CASE_EQUAL(fos_sys_space_read(p->raw.space, PUPPET_AREA + page * FOS_PAGE_SIZE,
                                  &value, sizeof value),
               0);
    return value;
}

static inline void puppet_write(struct puppet *p, uint64_t page, uint64_t value)
{
    CASE_EQUAL(fos_sys_space_write(p->raw.space, PUPPET_AREA + page * FOS_PAGE_SIZE,
                                   &value, sizeof value),
               0);
}

static inline void second_make(struct puppet *p)
{
    struct fos_thread_args args = {
        .entry = (uintptr_t)second_run,
        .stack = PUPPET_TABLE - 8,
        .pages = PUPPET_TABLE,
        .vcpu = 0,
    };

    space_map(p, PUPPET_TABLE - FOS_PAGE_SIZE, 1);
    CASE_EQUAL(fos_sys_thread_create(p->raw.space, &args, &p->second), 0);
}

/* How many were written. */
static inline uint64_t puppet_hammered(const struct puppet *p)
{
    return atomic_load(&p->raw.board->word[BOARD_HAMMERED]);
}

/* It keeps writing ever higher numbers to its page, until puppet_rest; by its second thread,
 * which is made for that, its first one takes calls meanwhile. */
static inline void puppet_hammer(struct puppet *p, uint64_t page, bool by_second)
{
    _Atomic uint64_t *word = p->raw.board->word;
    uint64_t deadline = family_deadline();

    atomic_store(&word[BOARD_RESTING], 0);
    atomic_store(&word[BOARD_HAMMERED], 0);
    atomic_store(&word[BOARD_HAMMER], PUPPET_AREA + page * FOS_PAGE_SIZE);
    if (by_second)
        second_make(p);
    else
        command(p, NUMBER_HAMMER);
    while (puppet_hammered(p) < 1000 && fos_now_ns() < deadline)
        continue;
    CASE_CHECK(puppet_hammered(p) >= 1000);
}

static inline void puppet_rest(struct puppet *p)
{
    _Atomic uint64_t *word = p->raw.board->word;

    atomic_store(&word[BOARD_HAMMER], 0);
    CASE_CHECK(raw_await(&word[BOARD_RESTING], 1));
    command_await(p);
}

#endif
