/* SPDX-License-Identifier: MIT */
/* Upcalls: signals and exceptions arrive, nest, and everything goes on as it was. */
#include <fos/upcall.h>

#include "../raw.h"

/* In a raw process. */
#define EVENTS ((struct fos_events *)(RAW_THREAD + FOS_PAGE_EVENTS * FOS_PAGE_SIZE))
#define BOARD  RAW_OWN_BOARD

enum {
    W_CALLS,
    W_SIGNALS,
    W_VECTOR,
    W_ADDRESS,
    W_DEPTH,
    W_DEPTH_MAX,
    W_SPINS,
    W_READY
};

static void take(struct fos_frame *frame, struct fos_events *events)
{
    uint64_t bits =
        atomic_fetch_and(&events->signals, atomic_load(&events->blocked)) &
        ~atomic_load(&events->blocked);

    (void)frame;
    BOARD->word[W_CALLS]++;
    BOARD->word[W_SIGNALS] |= bits;
}

/* ---- every register ---- */

struct registers {
    uint64_t general[15], unused; /* rax rbx rcx rdx rsi rdi rbp r8 .. r15 */
    uint8_t vectors[16][16];
    uint64_t red_zone[16];
};

/* Fills the registers and the red zone from `in`, spins while *flag is 0, and stores them in
 * `out`. */
void registers_hold(const struct registers *in, struct registers *out,
                    _Atomic uint64_t *flag, _Atomic uint64_t *ready);

static void registers_run(uint64_t unused)
{
    static struct registers in, out;

    (void)unused;
    for (size_t i = 0; i < sizeof in; i++)
        ((uint8_t *)&in)[i] = (uint8_t)(i * 37 + i / 256 + 1);
    out.general[2] = in.general[2]; /* rcx is not kept for the test */
    out.unused = in.unused;
    fos_upcall_begin(EVENTS, take);
    registers_hold(&in, &out, &BOARD->word[W_SPINS], &BOARD->word[W_READY]);
    for (size_t i = 0; i < sizeof in / 8; i++)
        RAW_EQUAL(((uint64_t *)&out)[i], ((uint64_t *)&in)[i]);
    RAW_EQUAL(EVENTS->hold, 0);
    raw_through();
}

static void test_registers(void)
{
    struct raw r;

    case_begin("signals at any moment leave every register and the red zone alone");
    r = raw_make(registers_run, 0, 1);
    raw_go(&r);
    CASE_CHECK(raw_await(&r.board->word[W_READY], 1));
    for (int i = 0; i < 64; i++) {
        CASE_EQUAL(fos_sys_thread_control(r.thread, FOS_THREAD_SIGNAL, 1ull << i),
                   0);
        if (i % 4 == 0)
            fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
    }
    for (int i = 0; i < 1000 && r.board->word[W_SIGNALS] != ~0ull; i++)
        fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
    CASE_EQUAL(r.board->word[W_SIGNALS], ~0ull);
    CASE_CHECK(r.board->word[W_CALLS] > 1);
    r.board->word[W_SPINS] = 1;
    raw_finish(&r);
    case_end();
}

/* ---- by the thread itself ---- */

static void self_run(uint64_t unused)
{
    struct fos_cap self;

    (void)unused;
    while (!BOARD->word[W_READY])
        continue;
    self.id = BOARD->word[8];
    self.secret = BOARD->word[9];
    fos_upcall_begin(EVENTS, take);
    RAW_EQUAL(fos_sys_thread_control(self, FOS_THREAD_SIGNAL, 1), 0);
    RAW_EQUAL(BOARD->word[W_CALLS], 1);
    RAW_EQUAL(BOARD->word[W_SIGNALS], 1);

    EVENTS->blocked = 2;
    RAW_EQUAL(fos_sys_thread_control(self, FOS_THREAD_SIGNAL, 2), 0);
    RAW_EQUAL(BOARD->word[W_CALLS], 1);
    RAW_EQUAL(fos_sys_wait(0), -FOS_ETIMEDOUT);

    EVENTS->hold = 1;
    EVENTS->blocked = 0;
    RAW_EQUAL(fos_sys_wait(FOS_NEVER), -FOS_EINTR);
    RAW_EQUAL(BOARD->word[W_CALLS], 1);
    EVENTS->hold = 0;
    RAW_EQUAL(fos_sys_null(), 0);
    RAW_EQUAL(BOARD->word[W_CALLS], 2);
    RAW_EQUAL(BOARD->word[W_SIGNALS], 3);
    RAW_EQUAL(EVENTS->signals, 0);
    raw_through();
}

static void test_self(void)
{
    struct raw r;

    case_begin("a signal waits while it is blocked or held, and ends a wait");
    r = raw_make(self_run, 0, 1);
    r.board->word[8] = r.thread.id;
    r.board->word[9] = r.thread.secret;
    r.board->word[W_READY] = 1;
    raw_go(&r);
    raw_finish(&r);
    case_end();
}

static void sleeper_run(uint64_t unused)
{
    (void)unused;
    fos_upcall_begin(EVENTS, take);
    for (uint64_t i = 1; i <= 5; i++) {
        BOARD->word[W_READY] = i;
        RAW_EQUAL(fos_sys_wait(FOS_NEVER), -FOS_EINTR);
        RAW_EQUAL(BOARD->word[W_CALLS], i);
    }
    raw_through();
}

static void test_sleeper(void)
{
    struct raw r;

    case_begin("a signal ends another thread's wait");
    r = raw_make(sleeper_run, 0, 1);
    raw_go(&r);
    for (uint64_t i = 1; i <= 5; i++) {
        CASE_CHECK(raw_await(&r.board->word[W_READY], i));
        fos_clock_sleep(fos_now_ns() + 2 * FOS_MILLISECOND);
        CASE_EQUAL(fos_sys_thread_control(r.thread, FOS_THREAD_SIGNAL, 1), 0);
    }
    raw_finish(&r);
    case_end();
}

/* ---- nesting ---- */

static void nest(struct fos_frame *frame, struct fos_events *events)
{
    uint64_t depth = ++BOARD->word[W_DEPTH];

    take(frame, events);
    if (depth > BOARD->word[W_DEPTH_MAX])
        BOARD->word[W_DEPTH_MAX] = depth;
    if (depth < 4) {
        BOARD->word[W_READY] = depth + 1;
        events->hold = 0;
        while (BOARD->word[W_DEPTH_MAX] < 4)
            continue;
        events->hold = 1;
    }
    BOARD->word[W_DEPTH]--;
}

static void nest_run(uint64_t apart)
{
    static uint8_t stack[32768] __attribute__((aligned(16)));

    if (apart) {
        EVENTS->upcall_stack = (uintptr_t)stack + sizeof stack;
        EVENTS->upcall_stack_size = sizeof stack;
    }
    fos_upcall_begin(EVENTS, nest);
    BOARD->word[W_READY] = 1;
    while (BOARD->word[W_DEPTH_MAX] < 4 || EVENTS->hold)
        continue;
    RAW_EQUAL(BOARD->word[W_DEPTH], 0);
    RAW_EQUAL(BOARD->word[W_SIGNALS], 15);
    raw_through();
}

static void test_nested(const char *sentence, bool apart)
{
    struct raw r;

    case_begin(sentence);
    r = raw_make(nest_run, apart, 1);
    raw_go(&r);
    for (uint64_t i = 1; i <= 4; i++) {
        CASE_CHECK(raw_await(&r.board->word[W_READY], i));
        CASE_EQUAL(
            fos_sys_thread_control(r.thread, FOS_THREAD_SIGNAL, 1ull << (i - 1)),
            0);
    }
    raw_finish(&r);
    case_end();
}

/* ---- exceptions ---- */

static uint64_t skip; /* length of the instruction that faults */

static void exception(struct fos_frame *frame, struct fos_events *events)
{
    take(frame, events);
    BOARD->word[W_VECTOR] = frame->vector;
    BOARD->word[W_ADDRESS] = frame->address;
    frame->rip += skip;
}

static void exceptions_run(uint64_t unused)
{
    (void)unused;
    EVENTS->blocked = ~0ull; /* of no account to these */
    fos_upcall_begin(EVENTS, exception);
    skip = 2;
    __asm__ volatile("xor %%edx, %%edx; xor %%ecx, %%ecx; div %%ecx" ::
                         : "eax", "ecx", "edx", "cc");
    RAW_EQUAL(BOARD->word[W_VECTOR], 0);
    __asm__ volatile("ud2");
    RAW_EQUAL(BOARD->word[W_VECTOR], 6);
    skip = 1;
    __asm__ volatile("hlt");
    RAW_EQUAL(BOARD->word[W_VECTOR], 13);
    skip = 3;
    __asm__ volatile("movq (%%rax), %%rax" : : "a"(RAW_EXTRA + 24));
    RAW_EQUAL(BOARD->word[W_VECTOR], 14);
    RAW_EQUAL(BOARD->word[W_ADDRESS], RAW_EXTRA + 24);
    __asm__ volatile("movq (%%rax), %%rax" : : "a"(16));
    RAW_EQUAL(BOARD->word[W_ADDRESS], 16);
    __asm__ volatile("movq (%%rax), %%rax" : : "a"(0xffff880000000000));
    RAW_EQUAL(BOARD->word[W_ADDRESS], 0xffff880000000000);
    skip = 0;
    __asm__ volatile("int3");
    RAW_EQUAL(BOARD->word[W_VECTOR], 3);
    RAW_EQUAL(BOARD->word[W_CALLS], 7);
    raw_through();
}

static void test_exceptions(void)
{
    struct raw r;

    case_begin("exceptions come as upcalls, and the handler may step over them");
    r = raw_make(exceptions_run, 0, 1);
    raw_go(&r);
    raw_finish(&r);
    case_end();
}

/* ---- what cannot be told ends the space ---- */

static void held_run(uint64_t unused)
{
    (void)unused;
    fos_upcall_begin(EVENTS, exception);
    EVENTS->hold = 1;
    __asm__ volatile("ud2");
    raw_through();
}

static void no_stack_run(uint64_t unused)
{
    (void)unused;
    fos_upcall_begin(EVENTS, exception);
    EVENTS->upcall_stack = RAW_EXTRA + 4096;
    EVENTS->upcall_stack_size = 4096;
    __asm__ volatile("ud2");
    raw_through();
}

static void bad_entry_run(uint64_t entry)
{
    EVENTS->upcall = entry;
    __asm__ volatile("ud2");
    raw_through();
}

static void bad_stack_run(uint64_t stack)
{
    fos_upcall_begin(EVENTS, exception);
    __asm__ volatile("mov %0, %%rsp; ud2" : : "r"(stack));
    __builtin_unreachable();
}

static void hostile(void (*run)(uint64_t), uint64_t arg, unsigned vector)
{
    struct raw r = raw_make(run, arg, 1);

    raw_go(&r);
    raw_faults(&r, vector);
}

static void test_hostile(void)
{
    static const uint64_t addresses[] = {
        1, 0xfff, 0x00007ffffffff000, 0x0000800000000000, 0xffff880000000000, ~0ull,
    };

    case_begin("an exception that cannot be told ends the space, whatever is set");
    hostile(held_run, 0, 6);
    hostile(no_stack_run, 0, 6);
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        hostile(bad_entry_run, addresses[i], 6);
        hostile(bad_stack_run, addresses[i], 6);
    }
    hostile(bad_entry_run, RAW_EXTRA, 14);
    case_end();
}

static void both_run(uint64_t unused)
{
    (void)unused;
    atomic_fetch_add(&BOARD->word[W_READY], 1);
    while (atomic_load(&BOARD->word[W_READY]) < 2)
        continue;
    __asm__ volatile("ud2");
    __builtin_unreachable();
}

static void test_both(void)
{
    enum { TIMES = 10 };
    struct fos_thread_args args = raw_args(both_run, 0, 2);
    struct fos_cap second;

    case_begin("two threads that fault at once end their space once");
    args.stack -= FOS_PAGE_SIZE;
    args.pages = RAW_EXTRA;
    for (int i = 0; i < TIMES; i++) {
        struct raw r = raw_make(both_run, 0, 1);
        CASE_EQUAL(fos_sys_thread_create(r.space, &args, &second), 0);
        CASE_EQUAL(fos_sys_space_control(r.space, FOS_SPACE_GO, 0), 0);
        raw_faults(&r, 6);
    }
    case_end();
}

int main(void)
{
    raw_warm();
    test_registers();
    test_self();
    test_sleeper();
    test_nested("upcalls nest on the thread's own stack", false);
    test_nested("upcalls nest on a stack set apart", true);
    test_exceptions();
    test_hostile();
    test_both();
    return cases_status();
}
