/* SPDX-License-Identifier: MIT */
/*
 * A process that throws dice for its system calls.  What it may destroy by accident
 * lies in an arena of its own; every now and then it aims at its program, stack or
 * shared pages, too, and mostly does not survive that.
 */
#include "child.h"

#include "../family.h"

#include <fos/memory.h>

enum {
    ARENA_MAPPED = 64, /* pages at the start */
    ARENA_PAGES = 512, /* reserved */
    POOL = 28,
    POOL_FIXED = 9, /* never overwritten by new capabilities */
    OWN_SPACE = 0,
    DEAD = 5,
    OWN_THREAD = 7, /* and the second */
    STACK_BYTES = 16384,
    SUICIDES = 4000, /* one of so many chances to end itself is taken */
};

/* One thread's dice and what it knows. */
struct fuzzer {
    struct dice dice;
    uint64_t calls;
    struct fos_cap pool[POOL];
    unsigned used;
    struct fos_cap out; /* where new capabilities mostly go */
    struct fos_channel_info channel;
    struct fos_thread_args thread;
    struct fos_copy copy;
    struct fos_share share;
    struct fuzz_tally tally;
};

static struct fuzzer fuzzers[2];
static uint8_t *arena;
static uint64_t stack[STACK_BYTES / 8] __attribute__((aligned(16)));

/* The arguments of each call: C capability (two registers), P pointer, A address of
 * pages, N count, B bytes, R protection, S slot, O operation, D deadline, V
 * anything. */
static const char *const shapes[FOS_SYS_COUNT] = {
    [FOS_SYS_null] = "",
    [FOS_SYS_exit] = "V",
    [FOS_SYS_kernel_info] = "P",
    [FOS_SYS_wait] = "D",
    [FOS_SYS_serialize] = "",
    [FOS_SYS_notify] = "C",
    [FOS_SYS_mailbox_create] = "ANPNP",
    [FOS_SYS_mailbox_close] = "C",
    [FOS_SYS_mailbox_send] = "CPB",
    [FOS_SYS_channel_connect] = "CANP",
    [FOS_SYS_channel_accept] = "AP",
    [FOS_SYS_channel_close] = "CN",
    [FOS_SYS_channel_retire] = "CN",
    [FOS_SYS_mailbox_renew] = "CP",
    [FOS_SYS_space_create] = "NNP",
    [FOS_SYS_space_destroy] = "C",
    [FOS_SYS_space_map] = "CANR",
    [FOS_SYS_space_protect] = "CANR",
    [FOS_SYS_space_copy] = "P",
    [FOS_SYS_space_share] = "P",
    [FOS_SYS_space_control] = "COV",
    [FOS_SYS_space_status] = "CP",
    [FOS_SYS_thread_create] = "CPP",
    [FOS_SYS_thread_control] = "COV",
    [FOS_SYS_device_control] = "COV",
    [FOS_SYS_device_map] = "CA",
    [FOS_SYS_console_io] = "CSPB",
    [FOS_SYS_shutdown] = "CS",
    [FOS_SYS_channel_exchange] = "CAN",
};

static long trap(uint64_t number, const uint64_t v[6])
{
    register uint64_t r10 __asm__("r10") = v[3];
    register uint64_t r8 __asm__("r8") = v[4];
    register uint64_t r9 __asm__("r9") = v[5];
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(v[0]), "S"(v[1]), "d"(v[2]), "r"(r10),
                       "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static uint64_t number_throw(struct dice *d)
{
    uint64_t power = 1ull << dice_below(d, 64);

    switch (dice_below(d, 6)) {
    case 0:
        return dice_below(d, 20);
    case 1:
        return power;
    case 2:
        return power - 1;
    case 3:
        return -(uint64_t)dice_below(d, 20);
    case 4:
        return dice_throw(d);
    default:
        return dice_below(d, 70000);
    }
}

/* An address in the program, its stack, or the pages it shares with the kernel. */
static uint64_t own_throw(struct dice *d)
{
    static int anchor;
    const uint64_t places[] = {
        (uintptr_t)&fuzz_child,
        (uintptr_t)&anchor,
        (uintptr_t)FOS_STACK_TOP - 600,
        FOS_STACK_TOP - 64,
        (uintptr_t)fos_start_page,
        fos_start_page->events,
        FOS_PAGES_BASE,
        fos_start_page->doorbell,
    };

    return places[dice_below(d, sizeof places / sizeof *places)];
}

static uint64_t elsewhere_throw(struct dice *d)
{
    static const uint64_t bases[] = {
        0,
        FOS_USER_BASE - FOS_PAGE_SIZE,
        0x123456789000,
        FOS_USER_END - FOS_PAGE_SIZE,
        FOS_USER_END,
        0x00007ffffffffff8,
        0x0000800000000000,
        0x8000000000000000,
        0xffff800000000000,
        0xffff880000000000,
        0xffffc90000000000,
        0xffffffff80000000,
        0xffffffff80100000,
        0xfffffffffffff000,
    };
    uint64_t base = bases[dice_below(d, sizeof bases / sizeof *bases)];

    return base + (dice_below(d, 2) ? 0 : dice_below(d, 1 << 20) * FOS_PAGE_SIZE);
}

static uint64_t page_throw(struct dice *d)
{
    uint32_t kind = dice_below(d, 400);

    if (kind == 0)
        return own_throw(d) & ~(FOS_PAGE_SIZE - 1);
    if (kind < 10)
        return elsewhere_throw(d);
    if (kind < 12)
        return number_throw(d);
    return (uintptr_t)arena + dice_below(d, ARENA_PAGES) * FOS_PAGE_SIZE;
}

static uint64_t pointer_throw(struct dice *d)
{
    uint32_t kind = dice_below(d, 300);
    uint32_t page = dice_below(d, dice_below(d, 4) ? ARENA_MAPPED : ARENA_PAGES);

    if (kind == 0)
        return own_throw(d) + dice_below(d, 64);
    if (kind < 15)
        return elsewhere_throw(d) + dice_below(d, 16);
    if (kind < 20)
        return number_throw(d);
    if (kind < 60) /* across two pages */
        return (uintptr_t)arena + (page + 1) * FOS_PAGE_SIZE - dice_below(d, 64);
    return (uintptr_t)arena + page * FOS_PAGE_SIZE + (dice_below(d, 4096) & ~7u);
}

static uint64_t count_throw(struct dice *d)
{
    static const uint64_t likely[] = {0, 1, 1, 1, 1,  1,  1,  2,
                                      2, 3, 4, 8, 16, 17, 64, 513};

    return dice_below(d, 12) ? likely[dice_below(d, sizeof likely / sizeof *likely)]
                             : number_throw(d);
}

static uint64_t bytes_throw(struct dice *d)
{
    static const uint64_t likely[] = {0,  1,  8,  16,  24,   24,   55,
                                      56, 57, 99, 112, 1000, 4097, 65537};

    return dice_below(d, 12) ? likely[dice_below(d, sizeof likely / sizeof *likely)]
                             : number_throw(d);
}

static void cap_throw(struct fuzzer *f, uint64_t v[2])
{
    struct dice *d = &f->dice;
    uint32_t kind = dice_below(d, 20);
    struct fos_cap cap =
        f->pool[dice_below(d, 3) ? dice_below(d, f->used) : OWN_SPACE];

    if (kind == 0)
        cap.secret ^= 1ull << dice_below(d, 64);
    else if (kind == 1)
        cap.id ^= 1ull << dice_below(d, 64);
    else if (kind == 2)
        cap = (struct fos_cap){number_throw(d), number_throw(d)};
    else if (kind == 3)
        cap = f->pool[DEAD];
    v[0] = cap.id;
    v[1] = cap.secret;
}

static uint64_t prot_throw(struct dice *d)
{
    static const uint32_t flags[] = {0, 0, FOS_MAP_MINE, FOS_MAP_SPARSE};

    return dice_below(d, 20) ? dice_below(d, 8) | flags[dice_below(d, 4)]
                             : number_throw(d);
}

static struct fos_cap cap_pick(struct fuzzer *f)
{
    uint64_t v[2];

    cap_throw(f, v);
    return (struct fos_cap){v[0], v[1]};
}

static void copy_throw(struct fuzzer *f)
{
    f->copy = (struct fos_copy){.to_space = cap_pick(f),
                                .to = pointer_throw(&f->dice),
                                .from_space = cap_pick(f),
                                .from = pointer_throw(&f->dice),
                                .length = bytes_throw(&f->dice)};
}

static void share_throw(struct fuzzer *f)
{
    struct dice *d = &f->dice;

    f->share = (struct fos_share){
        .to_space = cap_pick(f),
        .from_space = cap_pick(f),
        .to = page_throw(d),
        .from = page_throw(d),
        .pages = (uint32_t)count_throw(d),
        .prot = (uint32_t)prot_throw(d),
        .how = dice_below(d, 20) ? dice_below(d, 16) : (uint32_t)number_throw(d),
        .reserved = dice_below(d, 20) == 0};
    if (dice_below(d, 4) == 0)
        f->share.thread = cap_pick(f);
    if (dice_below(d, 4) == 0)
        f->share.from_space = (struct fos_cap){0};
}

/* Arguments that fit the call's shape, more or less. */
static void shaped_throw(struct fuzzer *f, uint64_t number, uint64_t v[6])
{
    struct dice *d = &f->dice;
    int at = 0;

    for (const char *s = shapes[number]; *s; s++) {
        switch (*s) {
        case 'C':
            cap_throw(f, &v[at++]);
            break;
        case 'P':
            v[at] = pointer_throw(d);
            break;
        case 'A':
            v[at] = page_throw(d);
            break;
        case 'N':
            v[at] = count_throw(d);
            break;
        case 'B':
            v[at] = bytes_throw(d);
            break;
        case 'R':
            v[at] = prot_throw(d);
            break;
        case 'O':
            v[at] = dice_below(d, 20) ? dice_below(d, 10) : number_throw(d);
            break;
        case 'S':
            v[at] = dice_below(d, 8) ? dice_below(d, 70) : number_throw(d);
            break;
        case 'D':
            v[at] = dice_below(d, 2) ? 0 : number_throw(d);
            break;
        default:
            v[at] = number_throw(d);
        }
        at++;
    }
}

static void wild_throw(struct fuzzer *f, uint64_t v[6])
{
    for (int i = 0; i < 6; i++) {
        switch (dice_below(&f->dice, 5)) {
        case 0:
            v[i] = pointer_throw(&f->dice);
            break;
        case 1:
            v[i] = page_throw(&f->dice);
            break;
        case 2:
            v[i] = elsewhere_throw(&f->dice);
            break;
        default:
            v[i] = number_throw(&f->dice);
        }
    }
    if (dice_below(&f->dice, 2))
        cap_throw(f, v);
}

/* Good arguments, where accident alone would rarely find them. */
static void aim(struct fuzzer *f, uint64_t number, uint64_t v[6])
{
    if (number == FOS_SYS_space_create || number == FOS_SYS_mailbox_renew)
        v[2] = (uintptr_t)&f->out;
    if (number == FOS_SYS_thread_create)
        v[3] = (uintptr_t)&f->out;
    if (number == FOS_SYS_mailbox_create)
        v[4] = (uintptr_t)&f->out;
    if (number == FOS_SYS_channel_connect)
        v[4] = (uintptr_t)&f->channel;
    if (number == FOS_SYS_channel_accept)
        v[1] = dice_below(&f->dice, 4) ? (uintptr_t)&f->channel : 0;
    if (number == FOS_SYS_mailbox_create) {
        v[0] = (uintptr_t)arena + dice_below(&f->dice, 8) * FOS_PAGE_SIZE;
        v[1] = 64u << dice_below(&f->dice, 3);
        v[2] &= ~7ull;
    }
    if (number == FOS_SYS_thread_create) {
        f->thread = (struct fos_thread_args){
            .entry =
                dice_below(&f->dice, 2) ? number_throw(&f->dice) : (uintptr_t)arena,
            .stack = (uintptr_t)arena,
            .pages = page_throw(&f->dice),
            .vcpu = dice_below(&f->dice, 9),
            .flags = dice_below(&f->dice, 3),
            .tls = dice_below(&f->dice, 2) ? number_throw(&f->dice) : 0};
        v[2] = (uintptr_t)&f->thread;
    }
    if (number == FOS_SYS_space_copy) {
        copy_throw(f);
        v[0] = (uintptr_t)&f->copy;
    }
    if (number == FOS_SYS_space_share) {
        share_throw(f);
        v[0] = (uintptr_t)&f->share;
    }
    if (number == FOS_SYS_space_control && v[2] == FOS_SPACE_PAGER)
        v[3] = dice_below(&f->dice, 2)
                   ? (uintptr_t)&f->pool[dice_below(&f->dice, POOL)]
                   : 0;
    if (number == FOS_SYS_thread_control && v[2] == FOS_THREAD_MOVE)
        v[3] = dice_below(&f->dice, fos_start_page->vcpus);
}

/* New capabilities take the place of older ones. */
static void keep(struct fuzzer *f, uint64_t number)
{
    struct fos_cap cap = f->out;

    if (number == FOS_SYS_channel_connect || number == FOS_SYS_channel_accept)
        cap = f->channel.channel;
    else if (number != FOS_SYS_mailbox_create && number != FOS_SYS_space_create &&
             number != FOS_SYS_thread_create && number != FOS_SYS_mailbox_renew)
        return;
    if (f->used < POOL)
        f->pool[f->used++] = cap;
    else
        f->pool[POOL_FIXED + dice_below(&f->dice, POOL - POOL_FIXED)] = cap;
}

/* It would stop or end this process, or let its faults go unanswered. */
static bool is_suicide(const struct fuzzer *f, uint64_t number, const uint64_t v[6])
{
    bool own = v[0] == f->pool[OWN_SPACE].id;

    if (number == FOS_SYS_space_control)
        return own && (v[2] == FOS_SPACE_PAGER || v[2] == FOS_SPACE_STOP ||
                       v[2] == FOS_SPACE_END);
    if (number == FOS_SYS_thread_control)
        return (v[0] == f->pool[OWN_THREAD].id ||
                v[0] == f->pool[OWN_THREAD + 1].id) &&
               (v[2] == FOS_THREAD_STOP || v[2] == FOS_THREAD_END ||
                v[2] == FOS_THREAD_TLS);
    return number == FOS_SYS_exit || (own && (number == FOS_SYS_space_destroy ||
                                              number == FOS_SYS_thread_create));
}

/* The console would print what it is sent; serialize costs a millisecond when
 * several emulated processors ask for it; renewing makes what is known of a mailbox
 * worthless; a thread in the own space mostly faults.
 */
static bool unwelcome(struct fuzzer *f, uint64_t number, const uint64_t v[6])
{
    if (number == FOS_SYS_mailbox_send)
        return v[0] == fos_start_page->caps[FOS_START_CONSOLE].id &&
               dice_below(&f->dice, 200);
    if (number == FOS_SYS_serialize || number == FOS_SYS_mailbox_renew)
        return dice_below(&f->dice, 20);
    return is_suicide(f, number, v) && dice_below(&f->dice, SUICIDES);
}

static void call_throw(struct fuzzer *f)
{
    uint64_t v[6] = {0};
    uint64_t number = dice_below(&f->dice, FOS_SYS_COUNT);
    long result;

    if (dice_below(&f->dice, 50) == 0)
        number = number_throw(&f->dice);
    if (number >= FOS_SYS_COUNT || dice_below(&f->dice, 6) == 0)
        wild_throw(f, v);
    else
        shaped_throw(f, number, v);
    if (dice_below(&f->dice, 2))
        aim(f, number, v);
    if (unwelcome(f, number, v))
        return;
    if (number == FOS_SYS_wait) /* whatever the deadline, it returns */
        fos_fetch_or(&((struct fos_events *)fos_start_page->events)->pending, 2);
    result = trap(number, v);
    if (result < 0 || number >= FOS_SYS_COUNT)
        return;
    f->tally.done[number]++;
    keep(f, number);
}

static void fuzzer_run(struct fuzzer *f)
{
    while (f->calls--)
        call_throw(f);
}

/* Another thread of the same space, on another vCPU. */
static void second_thread(struct fuzzer *f)
{
    fuzzer_run(f);
    for (;;)
        fos_sys_wait(FOS_NEVER);
}

static void second_start(void)
{
    struct fos_thread_args args = {
        .entry = (uintptr_t)second_thread,
        .stack = (uintptr_t)stack + sizeof stack - 8,
        .arg = (uintptr_t)&fuzzers[1],
        .pages = (uintptr_t)fos_pages_reserve(FOS_THREAD_PAGES),
        .vcpu = (fos_start_page->vcpu + 1) % fos_start_page->vcpus,
    };

    CHILD_EQUAL(fos_sys_thread_create(fos_own_space(), &args,
                                      &fuzzers[0].pool[OWN_THREAD + 1]),
                0);
}

/* A mailbox in the arena, of which the host learns: it connects to it. */
static struct fos_cap mailbox_make(void)
{
    struct report report = {.pid = fos_pid()};

    CHILD_EQUAL(fos_sys_mailbox_create((struct fos_mailbox_slot *)arena, 64,
                                       (_Atomic uint64_t *)(arena + FOS_PAGE_SIZE),
                                       ~0ull, &report.mailbox),
                0);
    CHILD_EQUAL(
        fos_post(fos_start_extra(1), &report, sizeof report, family_deadline()), 0);
    return report.mailbox;
}

static void fuzzer_init(struct fuzzer *f, uint64_t seed, uint64_t calls,
                        struct fos_cap mailbox)
{
    f->dice = dice_of(seed);
    f->calls = calls;
    f->pool[f->used++] = fos_own_space();
    f->pool[f->used++] = fos_start_page->caps[FOS_START_PROC];
    f->pool[f->used++] = fos_start_page->caps[FOS_START_CONSOLE];
    for (unsigned i = 0; i < 3; i++)
        f->pool[f->used++] = fos_start_extra(i);
    f->pool[f->used++] = mailbox;
    f->pool[f->used++] = fos_start_page->caps[FOS_START_THREAD];
    f->pool[f->used++] = fos_start_page->caps[FOS_START_THREAD];
}

int fuzz_child(uint64_t seed, uint64_t calls)
{
    struct dice dice = dice_of(~seed);
    struct fos_cap mailbox;

    arena = fos_pages_reserve(ARENA_PAGES);
    CHILD_CHECK(arena);
    CHILD_EQUAL(fos_range_map((uintptr_t)arena, ARENA_MAPPED,
                              FOS_PROT_READ | FOS_PROT_WRITE),
                0);
    for (unsigned line = 0; line < ARENA_MAPPED * 64; line++)
        if (line % 3)
            dice_fill(&dice, arena + 64 * line, 64);
        else /* looks like a request */
            arena[64 * line] = (uint8_t)dice_below(&dice, 10);
    mailbox = mailbox_make();
    fuzzer_init(&fuzzers[0], seed, calls, mailbox);
    fuzzer_init(&fuzzers[1], ~seed, calls, mailbox);
    if (seed % 8 == 0)
        second_start();
    fuzzer_run(&fuzzers[0]);
    fos_sys_mailbox_send(fos_start_extra(0), &fuzzers[0].tally,
                         sizeof fuzzers[0].tally);
    return 0;
}
