/* SPDX-License-Identifier: MIT */
/* Faults as messages: this program is the memory manager of raw processes.  And the control
 * of threads. */
#include "../raw.h"

enum { RW = FOS_PROT_READ | FOS_PROT_WRITE, PAGES = 16 };

#define BOARD  RAW_OWN_BOARD
#define DEMAND (RAW_EXTRA) /* PAGES pages that come when they are touched */
#define BAD    (RAW_EXTRA + (1ull << 20)) /* never any */

static struct fos_mailbox faults;
static char *pool; /* pages to give */
static uint64_t taken, told;
static struct fos_fault last;

static uint64_t patience(void)
{
    return fos_now_ns() + 30 * FOS_SECOND;
}

static long pager_set(const struct raw *r, const struct fos_cap *mailbox)
{
    return fos_sys_space_control(r->space, FOS_SPACE_PAGER, (uintptr_t)mailbox);
}

static void begin(const char *sentence)
{
    case_begin(sentence);
    CASE_EQUAL(fos_mailbox_create(&faults, FOS_MAILBOX_SLOTS_MIN), 0);
    pool = fos_pages_map(PAGES);
    taken = told = 0;
}

static void finish(void)
{
    fos_mailbox_close(&faults);
    fos_pages_unmap(pool, PAGES);
    case_end();
}

static struct raw paged_make(void (*run)(uint64_t), uint64_t arg)
{
    struct raw r = raw_make(run, arg, 1);

    CASE_EQUAL(pager_set(&r, &faults.cap), 0);
    raw_go(&r);
    return r;
}

/* A fresh page for the fault, or, if the page is there, a copy of its own; then the thread
 * goes on. */
static long page_give(const struct raw *r, const struct fos_fault *f)
{
    struct fos_share s = {
        .to_space = r->space,
        .from_space = fos_own_space(),
        .to = f->address & ~(FOS_PAGE_SIZE - 1),
        .from = (uintptr_t)pool + taken * FOS_PAGE_SIZE,
        .pages = 1,
        .prot = RW,
        .how = f->error & FOS_FAULT_PRESENT ? FOS_SHARE_OWN : FOS_SHARE_MOVE,
        .thread = f->thread,
    };
    long n = fos_sys_space_share(&s);

    taken += n > 0;
    return n;
}

static bool fault_next(struct fos_fault *f, uint64_t deadline)
{
    uint32_t length = 0;

    if (fos_msg_recv(&faults, f, sizeof *f, &length, deadline) != 0)
        return false;
    CASE_EQUAL(length, sizeof *f);
    CASE_EQUAL(f->vector, 14);
    last = *f;
    told++;
    return true;
}

/* Answers faults until the process is through. */
static void serve(const struct raw *r)
{
    uint64_t deadline = fos_now_ns() + 30 * FOS_SECOND;
    struct fos_fault f;

    while (!r->board->done && fos_now_ns() < deadline && !case_why[0]) {
        if (!fault_next(&f, fos_now_ns() + 100 * FOS_MILLISECOND))
            continue;
        if (f.address >= BAD)
            CASE_EQUAL(fos_sys_thread_control(f.thread, FOS_THREAD_FAULT, 0), 0);
        else
            CASE_CHECK(page_give(r, &f) >= 0);
    }
}

/* ---- faults of code ---- */

static void touch_run(uint64_t unused)
{
    (void)unused;
    for (uint64_t i = 0; i < PAGES; i++) {
        uint64_t *at = (uint64_t *)(DEMAND + i * FOS_PAGE_SIZE + 8 * i);
        RAW_EQUAL(*at, 0);
        *at = i + 1;
        RAW_EQUAL(*at, i + 1);
    }
    raw_through();
}

static void test_touch(void)
{
    struct raw r;

    begin("a page not there is asked of the pager, once, and the instruction made "
          "anew");
    r = paged_make(touch_run, 0);
    serve(&r);
    CASE_EQUAL(told, PAGES);
    CASE_EQUAL(last.pid, raw_status(&r).pid);
    CASE_EQUAL(last.address, DEMAND + 15 * FOS_PAGE_SIZE + 120);
    CASE_EQUAL(last.error & (FOS_FAULT_PRESENT | FOS_FAULT_WRITE | FOS_FAULT_CALL),
               0);
    CASE_CHECK(last.instruction >= (uintptr_t)touch_run && last.stack < RAW_STACK &&
               last.stack > RAW_STACK - RAW_STACK_PAGES * FOS_PAGE_SIZE);
    raw_finish(&r);
    finish();
}

static void cow_run(uint64_t unused)
{
    uint64_t *at = (uint64_t *)DEMAND;

    (void)unused;
    RAW_EQUAL(at[0], 42);
    at[0] = 43;
    RAW_EQUAL(at[0], 43);
    RAW_EQUAL(at[1], 44);
    raw_through();
}

static void test_cow(void)
{
    struct raw r;
    uint64_t *page;

    begin("a write to a page held in common is told as such, and given a copy");
    page = fos_pages_map(1);
    page[0] = 42;
    page[1] = 44;
    r = raw_make(cow_run, 0, 1);
    CASE_EQUAL(raw_share(r.space, DEMAND, page, 1, RW, FOS_SHARE_COW), 1);
    CASE_EQUAL(pager_set(&r, &faults.cap), 0);
    raw_go(&r);
    serve(&r);
    CASE_EQUAL(told, 1);
    CASE_EQUAL(last.error & 3, FOS_FAULT_PRESENT | FOS_FAULT_WRITE);
    CASE_EQUAL(page[0], 42);
    raw_finish(&r);
    fos_pages_unmap(page, 1);
    finish();
}

static void bad_run(uint64_t address)
{
    *(volatile uint64_t *)address = 1;
    raw_through();
}

static void test_bad(void)
{
    struct fos_fault f;
    struct raw r;

    begin("a fault that is real ends the space as if it had no pager");
    r = paged_make(bad_run, BAD + 24);
    if (fault_next(&f, fos_now_ns() + 30 * FOS_SECOND)) {
        CASE_EQUAL(f.address, BAD + 24);
        while (raw_status(&r).thread_state == FOS_THREAD_RUNNING)
            continue;
        CASE_EQUAL(raw_status(&r).thread_state, FOS_THREAD_FAULTING);
        CASE_EQUAL(fos_sys_thread_control(f.thread, FOS_THREAD_FAULT, 0), 0);
        CASE_EQUAL(fos_sys_thread_control(f.thread, FOS_THREAD_FAULT, 0),
                   -FOS_EINVAL);
    }
    CASE_CHECK(f.error & FOS_FAULT_WRITE);
    raw_faults(&r, 14);
    r = paged_make(bad_run,
                   8); /* no address of user code: the pager is not asked */
    raw_faults(&r, 14);
    r = paged_make(bad_run, 0xffff880000000000);
    raw_faults(&r, 14);
    CASE_EQUAL(told, 1);
    finish();
}

static void stack_run(uint64_t unused)
{
    struct fos_events *events =
        (struct fos_events *)(RAW_THREAD + FOS_PAGE_EVENTS * FOS_PAGE_SIZE);

    (void)unused;
    events->upcall = (uintptr_t)raw_through;
    events->upcall_stack = DEMAND + 2 * FOS_PAGE_SIZE + 64;
    events->upcall_stack_size = 2 * FOS_PAGE_SIZE + 64;
    __asm__ volatile("ud2");
    __builtin_unreachable();
}

static void test_stack(void)
{
    struct fos_fault f;
    struct raw r;

    begin("an upcall's stack is paged too, and a refusal of it is the end");
    r = paged_make(stack_run, 0);
    serve(&r);
    CASE_EQUAL(told, 2);
    raw_finish(&r);
    r = paged_make(stack_run, 0);
    if (fault_next(&f, fos_now_ns() + 30 * FOS_SECOND))
        CASE_EQUAL(fos_sys_thread_control(f.thread, FOS_THREAD_FAULT, 0), 0);
    raw_faults(&r, 14);
    finish();
}

/* ---- system calls ---- */

static void calls_run(uint64_t unused)
{
    struct fos_kernel_info *info = (void *)(DEMAND + FOS_PAGE_SIZE - 16);
    struct fos_cap mailbox = {BOARD->word[0], BOARD->word[1]};
    struct fos_cap *cap = (void *)(DEMAND + 3 * FOS_PAGE_SIZE - 8);

    (void)unused;
    RAW_EQUAL(fos_sys_kernel_info(info), 0);
    RAW_EQUAL(info->vcpus > 0, 1);
    RAW_EQUAL(
        fos_sys_mailbox_send(mailbox, (void *)(DEMAND + 4 * FOS_PAGE_SIZE), 5000),
        0);
    RAW_EQUAL(fos_sys_space_create(1, 0, cap), 0);
    while (fos_sys_space_destroy(*cap) == -FOS_EAGAIN)
        continue;
    RAW_EQUAL(fos_sys_kernel_info((void *)BAD), -FOS_EFAULT);
    RAW_EQUAL(fos_sys_kernel_info((void *)(BAD - 16)), -FOS_EFAULT);
    RAW_EQUAL(fos_sys_mailbox_send(mailbox, (void *)BAD, 8), -FOS_EFAULT);
    RAW_EQUAL(fos_sys_space_create(1, 0, (void *)BAD), -FOS_EFAULT);
    RAW_EQUAL(fos_sys_kernel_info((void *)8), -FOS_EFAULT);
    RAW_EQUAL(fos_sys_kernel_info((void *)0xffff880000000000), -FOS_EFAULT);
    RAW_EQUAL(fos_sys_kernel_info((void *)~0ull), -FOS_EFAULT);
    raw_through();
}

static void test_calls(void)
{
    static struct fos_mailbox inbox;
    static char text[5000];
    uint32_t length = 0;
    struct raw r;

    begin("a system call that meets such a page is made anew, or answers EFAULT");
    CASE_EQUAL(fos_mailbox_create_limited(&inbox, 256, sizeof text), 0);
    r = raw_make(calls_run, 0, 1);
    r.board->word[0] = inbox.cap.id;
    r.board->word[1] = inbox.cap.secret;
    CASE_EQUAL(pager_set(&r, &faults.cap), 0);
    raw_go(&r);
    serve(&r);
    CASE_EQUAL(fos_msg_recv(&inbox, text, sizeof text, &length, patience()), 0);
    CASE_EQUAL(length, sizeof text);
    CASE_EQUAL(fos_msg_recv(&inbox, text, sizeof text, &length, 0), -FOS_ETIMEDOUT);
    CASE_CHECK(last.error & FOS_FAULT_CALL);
    raw_finish(&r);
    fos_mailbox_close(&inbox);
    finish();
}

/* ---- pagers ---- */

static void test_no_room(void)
{
    enum { MANY = 64 };
    struct fos_fault f;
    struct raw r;

    begin("a pager whose mailbox is full is told later; a new pager is told again");
    r = raw_make(touch_run, 0, 1);
    for (int i = 0; i < MANY; i++)
        if (fos_sys_mailbox_send(faults.cap, &f, sizeof f))
            break;
    CASE_EQUAL(pager_set(&r, &faults.cap), 0);
    raw_go(&r);
    fos_clock_sleep(fos_now_ns() + 5 * FOS_MILLISECOND);
    uint32_t length;
    for (int i = 0; i < MANY; i++)
        CASE_EQUAL(fos_msg_recv(&faults, &f, sizeof f, &length, patience()), 0);
    CASE_CHECK(fault_next(&f, patience()));
    CASE_EQUAL(pager_set(&r, &faults.cap), 0); /* the message above is forgotten */
    serve(&r);
    CASE_EQUAL(told, PAGES + 1);
    raw_finish(&r);
    finish();
}

static void test_dead_pager(void)
{
    struct fos_mailbox dead;
    struct raw r;

    begin("a thread whose pager has gone waits for the next, or is ended");
    CASE_EQUAL(fos_mailbox_create(&dead, FOS_MAILBOX_SLOTS_MIN), 0);
    r = raw_make(touch_run, 0, 1);
    CASE_EQUAL(pager_set(&r, &dead.cap), 0);
    fos_mailbox_close(&dead);
    raw_go(&r);
    fos_clock_sleep(fos_now_ns() + 5 * FOS_MILLISECOND);
    CASE_EQUAL(raw_status(&r).state, FOS_SPACE_RUNNING);
    CASE_EQUAL(pager_set(&r, &faults.cap), 0);
    serve(&r);
    raw_finish(&r);
    r = paged_make(touch_run, 0);
    CASE_CHECK(fault_next(&last, patience()));
    raw_destroy(&r);
    CASE_EQUAL(fos_sys_thread_control(last.thread, FOS_THREAD_GO, 0), -FOS_EPERM);
    r = paged_make(touch_run, 0);
    CASE_CHECK(fault_next(&last, patience()));
    CASE_EQUAL(pager_set(&r, NULL), 0);
    raw_faults(&r, 14);
    finish();
}

/* ---- control of threads ---- */

static long control(const struct raw *r, enum fos_thread_control what,
                    uint64_t argument)
{
    return fos_sys_thread_control(r->thread, what, argument);
}

static void count_run(uint64_t unused)
{
    (void)unused;
    for (;;)
        atomic_fetch_add(&BOARD->word[0], 1);
}

static bool counts(const struct raw *r)
{
    uint64_t then = r->board->word[0];

    for (int i = 0; i < 1000 && r->board->word[0] == then; i++)
        fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
    return r->board->word[0] != then;
}

static void stands(const struct raw *r)
{
    uint64_t then;

    for (int i = 0; i < 1000 && raw_status(r).thread_state != FOS_THREAD_STOPPED;
         i++)
        fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
    then = r->board->word[0];
    fos_clock_sleep(fos_now_ns() + 5 * FOS_MILLISECOND);
    CASE_EQUAL(r->board->word[0], then);
}

static void test_stop(void)
{
    uint64_t before;
    struct raw r;

    begin("threads stop and go, one and all of a space's");
    r = raw_make(count_run, 0, 1);
    stands(&r);
    raw_go(&r);
    CASE_CHECK(counts(&r));
    CASE_EQUAL(control(&r, FOS_THREAD_STOP, 0), 0);
    stands(&r);
    CASE_EQUAL(control(&r, FOS_THREAD_GO, 0), 0);
    CASE_CHECK(counts(&r));
    CASE_EQUAL(fos_sys_space_control(r.space, FOS_SPACE_STOP, 0), 0);
    stands(&r);
    CASE_EQUAL(fos_sys_space_control(r.space, FOS_SPACE_GO, 0), 0);
    before = (uint64_t)control(&r, FOS_THREAD_TIME, 0);
    CASE_CHECK(counts(&r));
    fos_clock_sleep(fos_now_ns() + 5 * FOS_MILLISECOND);
    CASE_CHECK((uint64_t)control(&r, FOS_THREAD_TIME, 0) > before);
    raw_destroy(&r);
    finish();
}

static void floats_run(uint64_t unused)
{
    double x = 1.5;
    struct fos_kernel_info info;

    (void)unused;
    for (uint64_t i = 0; !BOARD->word[1]; i++) {
        __asm__ volatile("" : "+x"(x));
        RAW_EQUAL(x == 1.5, 1);
        fos_sys_kernel_info(&info);
        BOARD->word[2] |= 1ull << info.vcpu_current;
        BOARD->word[0]++;
        if (i % 3 == 0)
            fos_sys_wait(info.monotonic_ns + 100000);
    }
    raw_through();
}

static void test_move(void)
{
    unsigned vcpus = fos_start_page->vcpus;
    uint64_t all = (1ull << vcpus) - 1;
    struct raw r;

    begin("a thread moves from vCPU to vCPU, its registers with it");
    r = raw_make(floats_run, 0, 1);
    raw_go(&r);
    CASE_EQUAL(control(&r, FOS_THREAD_MOVE, vcpus), -FOS_EINVAL);
    for (unsigned i = 0; i < 60; i++) {
        CASE_EQUAL(control(&r, FOS_THREAD_MOVE, i % vcpus), 0);
        CASE_CHECK(counts(&r));
    }
    CASE_EQUAL(r.board->word[2], all);
    r.board->word[1] = 1;
    raw_finish(&r);
    finish();
}

static uint64_t tls_read(void)
{
    uint64_t value;

    __asm__ volatile("movq %%fs:0, %0" : "=r"(value));
    return value;
}

static void tls_run(uint64_t shared)
{
    uint64_t own[4] = {(uintptr_t)own};
    struct fos_cap self = {BOARD->word[8], BOARD->word[9]};

    RAW_EQUAL(tls_read(), 0x1234);
    RAW_EQUAL(fos_sys_thread_control(self, FOS_THREAD_TLS, (uintptr_t)own), 0);
    RAW_EQUAL(fos_sys_thread_control(self, FOS_THREAD_TLS, FOS_USER_END),
              -FOS_EINVAL);
    for (int i = 0; i < 200; i++) {
        RAW_EQUAL(tls_read(), (uintptr_t)own);
        fos_sys_wait(0);
        if (shared)
            __asm__ volatile("mov %0, %%fs; mov %1, %%fs" : : "r"(0xe02b), "r"(0));
        if (shared)
            RAW_EQUAL(fos_sys_thread_control(self, FOS_THREAD_TLS, (uintptr_t)own),
                      0);
    }
    raw_through();
}

static struct raw tls_make(uint64_t spoils)
{
    const uint64_t value = 0x1234;
    struct fos_thread_args args = raw_args(tls_run, spoils, 1);
    struct raw r = raw_make(count_run, 0, 1);

    while (control(&r, FOS_THREAD_END, 0) == -FOS_EAGAIN)
        continue;
    CASE_EQUAL(control(&r, FOS_THREAD_GO, 0), -FOS_EPERM);
    CASE_EQUAL(fos_sys_space_map(r.space, DEMAND, 1, RW), 0);
    CASE_EQUAL(fos_sys_space_write(r.space, DEMAND, &value, sizeof value), 0);
    args.tls = DEMAND;
    CASE_EQUAL(fos_sys_thread_create(r.space, &args, &r.thread), 0);
    r.board->word[8] = r.thread.id;
    r.board->word[9] = r.thread.secret;
    return r;
}

static void test_tls(void)
{
    struct raw a, b;

    begin("each thread has its fs base, though they share a vCPU and one spoils "
          "its own");
    a = tls_make(0);
    b = tls_make(1);
    raw_go(&a);
    raw_go(&b);
    raw_finish(&a);
    raw_finish(&b);
    finish();
}

/* ---- ends of threads ---- */

static void inbox_run(uint64_t unused)
{
    struct fos_mailbox_slot *slots = (void *)DEMAND;
    struct fos_cap self = {BOARD->word[8], BOARD->word[9]}, cap;

    (void)unused;
    RAW_EQUAL(fos_sys_mailbox_create(slots, 64, (_Atomic uint64_t *)(DEMAND + 4096),
                                     56, &cap),
              0);
    BOARD->word[1] = cap.id;
    BOARD->word[2] = cap.secret;
    BOARD->word[0] = 1;
    if (BOARD->word[3])
        fos_sys_thread_control(self, FOS_THREAD_END, 0);
    raw_through();
}

static void test_end(void)
{
    struct fos_space_info info;
    struct fos_cap mailbox;
    uint64_t deadline;
    struct raw r;
    long error;

    begin(
        "a thread that ends, by itself or not, takes with it what it received by");
    for (int itself = 0; itself < 2; itself++) {
        r = raw_make(inbox_run, 0, 1);
        CASE_EQUAL(fos_sys_space_map(r.space, DEMAND, 2, RW), 0);
        r.board->word[3] = (uint64_t)itself;
        r.board->word[8] = r.thread.id;
        r.board->word[9] = r.thread.secret;
        raw_go(&r);
        CASE_CHECK(raw_await(&r.board->word[0], 1));
        fos_clock_sleep(fos_now_ns() + 5 * FOS_MILLISECOND);
        mailbox = (struct fos_cap){r.board->word[1], r.board->word[2]};
        deadline = patience();
        while ((error = control(&r, FOS_THREAD_END, 0)) == -FOS_EAGAIN &&
               fos_now_ns() < deadline)
            continue;
        CASE_EQUAL(error, 0);
        CASE_EQUAL(control(&r, FOS_THREAD_END, 0), -FOS_EPERM);
        CASE_EQUAL(fos_sys_mailbox_send(mailbox, "x", 1), -FOS_EPERM);
        info = raw_status(&r);
        CASE_EQUAL(info.state, FOS_SPACE_RUNNING);
        CASE_EQUAL(info.threads, 0);
        CASE_EQUAL(info.objects_used, 0);
        CASE_CHECK(info.ns_running > 0);
        CASE_EQUAL(fos_sys_space_map(r.space, RAW_THREAD, FOS_THREAD_PAGES, RW), 0);
        CASE_EQUAL(r.board->done, !itself);
        raw_destroy(&r);
    }
    finish();
}

static void test_refused(void)
{
    struct raw r;

    begin("controls that mean nothing are refused");
    r = raw_make(count_run, 0, 1);
    CASE_EQUAL(control(&r, FOS_THREAD_RAISE, FOS_EVENT_PARK - 1), -FOS_EINVAL);
    CASE_EQUAL(control(&r, FOS_THREAD_RAISE, FOS_EVENT_COUNT), -FOS_EINVAL);
    CASE_EQUAL(control(&r, FOS_THREAD_RAISE, FOS_EVENT_PARK), 0);
    CASE_EQUAL(control(&r, FOS_THREAD_FAULT, 0), -FOS_EINVAL);
    CASE_EQUAL(control(&r, FOS_THREAD_TLS, ~0ull), -FOS_EINVAL);
    CASE_EQUAL(control(&r, FOS_THREAD_TIME + 1, 0), -FOS_EINVAL);
    CASE_EQUAL(control(&r, (enum fos_thread_control) ~0u, 0), -FOS_EINVAL);
    CASE_EQUAL(fos_sys_space_control(r.space, FOS_SPACE_END + 1, 0), -FOS_EINVAL);
    CASE_EQUAL(pager_set(&r, (void *)8), -FOS_EFAULT);
    CASE_EQUAL(fos_sys_space_control(r.space, FOS_SPACE_WATCH, FOS_EVENT_PARK),
               -FOS_EINVAL);
    r.thread.secret ^= 1;
    for (int i = 0; i <= FOS_THREAD_TIME; i++)
        CASE_EQUAL(control(&r, (enum fos_thread_control)i, 0), -FOS_EPERM);
    raw_destroy(&r);
    finish();
}

/* ---- how fast ---- */

enum { SPEED_PAGES = 250 };

static void faults_run(uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t then = __builtin_ia32_rdtsc();
        *(volatile uint64_t *)(DEMAND + i * FOS_PAGE_SIZE) = i;
        BOARD->word[0] += __builtin_ia32_rdtsc() - then;
    }
    raw_through();
}

/* Cycles, for one of so many. */
static uint64_t each(uint64_t cycles)
{
    return cycles / SPEED_PAGES;
}

static uint64_t null_cost(void)
{
    uint64_t then = __builtin_ia32_rdtsc();

    for (int i = 0; i < SPEED_PAGES; i++)
        fos_sys_null();
    return each(__builtin_ia32_rdtsc() - then);
}

static uint64_t move_cost(const struct raw *r, uint64_t to)
{
    uint64_t then = __builtin_ia32_rdtsc();

    for (int i = 0; i < SPEED_PAGES; i++)
        CASE_EQUAL(raw_share(r->space, to + (uint64_t)i * FOS_PAGE_SIZE,
                             pool + (size_t)i * FOS_PAGE_SIZE, 1, RW,
                             FOS_SHARE_MOVE),
                   1);
    return each(__builtin_ia32_rdtsc() - then);
}

static void test_speed(void)
{
    uint64_t null, move;
    struct raw r;
    char *own;

    begin("faults answered by single pages");
    own = pool;
    pool = fos_pages_map(SPEED_PAGES);
    r = raw_make(faults_run, SPEED_PAGES, 1);
    null = null_cost();
    CASE_EQUAL(raw_share(r.space, BAD, pool, 1, RW, FOS_SHARE_KEEP), 1);
    CASE_EQUAL(fos_sys_space_unmap(r.space, BAD, 1), 0);
    move = move_cost(&r, BAD);
    fos_pages_unmap(pool, SPEED_PAGES);
    pool = fos_pages_map(SPEED_PAGES);
    CASE_EQUAL(pager_set(&r, &faults.cap), 0);
    raw_go(&r);
    serve(&r);
    CASE_EQUAL(told, SPEED_PAGES);
    printf("# cycles, emulated: null call %llu, a page moved %llu, a fault "
           "answered by its "
           "pager %llu\n",
           (unsigned long long)null, (unsigned long long)move,
           (unsigned long long)each(r.board->word[0]));
    raw_finish(&r);
    fos_pages_unmap(pool, SPEED_PAGES);
    pool = own;
    finish();
}

int main(void)
{
    raw_warm();
    test_touch();
    test_cow();
    test_bad();
    test_stack();
    test_calls();
    test_no_room();
    test_dead_pager();
    test_stop();
    test_move();
    test_tls();
    test_end();
    test_refused();
    test_speed();
    return cases_status();
}
