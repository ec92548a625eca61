/* SPDX-License-Identifier: MIT */
#include "puppet.h"

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

static void hammer(_Atomic uint64_t *word)
{
    uint64_t count = 0;
    _Atomic uint64_t *at;

    while ((at = (_Atomic uint64_t *)atomic_load(&word[BOARD_HAMMER]))) {
        atomic_store_explicit(at, ++count, memory_order_relaxed);
        atomic_store_explicit(&word[BOARD_HAMMERED], count, memory_order_relaxed);
    }
    atomic_store(&word[BOARD_RESTING], 1);
}

static void puppet_run(uint64_t arg)
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

static void second_run(uint64_t arg)
{
    (void)arg;
    hammer(RAW_OWN_BOARD->word);
    for (;;)
        fos_sys_wait(FOS_NEVER);
}

static void command(struct puppet *p, uint64_t number)
{
    _Atomic uint64_t *word = p->raw.board->word;

    atomic_store(&word[BOARD_NUMBER], number);
    atomic_fetch_add(&word[BOARD_ASKED], 1);
}

static void command_await(struct puppet *p)
{
    _Atomic uint64_t *word = p->raw.board->word;
    uint64_t deadline = family_deadline();

    while (atomic_load(&word[BOARD_DONE]) != atomic_load(&word[BOARD_ASKED]) &&
           fos_now_ns() < deadline)
        continue;
    CASE_EQUAL(atomic_load(&word[BOARD_DONE]), atomic_load(&word[BOARD_ASKED]));
}

long puppet_call(struct puppet *p, uint64_t number, uint64_t a, uint64_t b,
                 uint64_t c, uint64_t d, uint64_t e)
{
    const uint64_t v[5] = {a, b, c, d, e};
    _Atomic uint64_t *word = p->raw.board->word;

    for (int i = 0; i < 5; i++)
        atomic_store(&word[BOARD_ARGUMENTS + i], v[i]);
    command(p, number);
    command_await(p);
    return (long)atomic_load(&word[BOARD_RESULT]);
}

static void space_map(const struct puppet *p, uint64_t at, uint64_t pages)
{
    CASE_EQUAL(
        fos_sys_space_map(p->raw.space, at, pages, FOS_PROT_READ | FOS_PROT_WRITE),
        0);
}

struct puppet puppet_make(unsigned vcpu)
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

void puppet_destroy(struct puppet *p)
{
    raw_destroy(&p->raw);
}

void puppets_connect(struct puppet *sender, struct puppet *receiver)
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

long puppet_exchange_at(struct puppet *p, uint64_t address, uint64_t pages)
{
    return puppet_call(p, FOS_SYS_channel_exchange, p->channel.id,
                       p->channel.secret, address, pages, 0);
}

long puppet_exchange(struct puppet *p, uint64_t first, uint64_t pages)
{
    return puppet_exchange_at(p, PUPPET_AREA + first * FOS_PAGE_SIZE, pages);
}

uint64_t puppet_read(struct puppet *p, uint64_t page)
{
    uint64_t value = 0;

    CASE_EQUAL(fos_sys_space_read(p->raw.space, PUPPET_AREA + page * FOS_PAGE_SIZE,
                                  &value, sizeof value),
               0);
    return value;
}

void puppet_write(struct puppet *p, uint64_t page, uint64_t value)
{
    CASE_EQUAL(fos_sys_space_write(p->raw.space, PUPPET_AREA + page * FOS_PAGE_SIZE,
                                   &value, sizeof value),
               0);
}

static void second_make(struct puppet *p)
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

void puppet_hammer(struct puppet *p, uint64_t page, bool by_second)
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

uint64_t puppet_hammered(const struct puppet *p)
{
    return atomic_load(&p->raw.board->word[BOARD_HAMMERED]);
}

void puppet_rest(struct puppet *p)
{
    _Atomic uint64_t *word = p->raw.board->word;

    atomic_store(&word[BOARD_HAMMER], 0);
    CASE_CHECK(raw_await(&word[BOARD_RESTING], 1));
    command_await(p);
}
