/* SPDX-License-Identifier: MIT */
/* Threads: their life, what is theirs, and how they end. */
#include "crew.h"

enum { CYCLES = 1000, ALL_AT_ONCE = 16 };

static __thread int initialised = 7;
static __thread uint64_t zeroed[100];

/* ---- life ---- */

static void *answer(void *argument)
{
    return (char *)argument + 1;
}

static void test_life(void)
{
    pthread_t thread;
    void *result = NULL;

    case_begin("a thread runs, and its result goes to who joins it");
    CASE_EQUAL(pthread_create(&thread, NULL, answer, (void *)41), 0);
    CASE_CHECK(!pthread_equal(thread, pthread_self()));
    CASE_EQUAL(pthread_join(thread, &result), 0);
    CASE_EQUAL((uintptr_t)result, 42);
    CASE_EQUAL(pthread_join(thread, &result), ESRCH);
    CASE_EQUAL(pthread_detach(thread), ESRCH);
    CASE_EQUAL(pthread_join(pthread_self(), NULL), EDEADLK);
    case_end();
}

static void test_cycles(void)
{
    case_begin("1,000 threads made and joined one after another give all back");
    for (uintptr_t i = 0; i < CYCLES; i++) {
        pthread_t thread;
        void *result = NULL;
        int error = pthread_create(&thread, NULL, answer, (void *)i);
        CASE_EQUAL(error, 0);
        if (error)
            break;
        CASE_EQUAL(pthread_join(thread, &result), 0);
        CASE_EQUAL((uintptr_t)result, i + 1);
    }
    case_end();
}

static void *own_data(void *argument)
{
    uintptr_t index = (uintptr_t)argument;

    CASE_EQUAL(initialised, 7);
    for (unsigned i = 0; i < 100; i++)
        CASE_EQUAL(zeroed[i], 0);
    for (unsigned turn = 0; turn < 100; turn++) {
        initialised = (int)index;
        zeroed[turn] = index;
        errno = (int)index + 1;
        sched_yield();
        CASE_EQUAL(initialised, index);
        CASE_EQUAL(zeroed[turn], index);
        CASE_EQUAL(errno, index + 1);
    }
    return NULL;
}

static void test_own_data(void)
{
    case_begin("each thread has thread-local variables and an errno of its own");
    initialised = 7;
    crew_run(CREW, own_data);
    CASE_EQUAL(initialised, 7);
    case_end();
}

static pthread_barrier_t together;
static uint32_t vcpus[ALL_AT_ONCE];

static void *where(void *argument)
{
    struct fos_kernel_info info;

    pthread_barrier_wait(&together);
    fos_sys_kernel_info(&info);
    vcpus[(uintptr_t)argument] = info.vcpu_current;
    pthread_barrier_wait(&together);
    return NULL;
}

static void test_spread(void)
{
    uint64_t used = 0;

    case_begin("threads are spread over the vCPUs");
    pthread_barrier_init(&together, NULL, ALL_AT_ONCE);
    crew_run(ALL_AT_ONCE, where);
    pthread_barrier_destroy(&together);
    for (unsigned i = 0; i < ALL_AT_ONCE; i++)
        used |= 1ull << vcpus[i];
    CASE_EQUAL(__builtin_popcountll(used), fos_start_page->vcpus);
    case_end();
}

/* ---- endings ---- */

static _Atomic unsigned detached_runs;

static void *detached(void *argument)
{
    (void)argument;
    detached_runs++;
    return NULL;
}

/* They are reaped when another one is made. */
static void detached_await(unsigned runs)
{
    pthread_t thread;
    uint64_t deadline = family_deadline();

    while (detached_runs < runs && fos_now_ns() < deadline)
        sched_yield();
    CASE_EQUAL(detached_runs, runs);
    fos_clock_sleep(fos_now_ns() + 100 * FOS_MILLISECOND);
    CASE_EQUAL(pthread_create(&thread, NULL, answer, NULL), 0);
    CASE_EQUAL(pthread_join(thread, NULL), 0);
}

static void test_detached(void)
{
    pthread_attr_t attr;
    pthread_t thread;

    case_begin("detached threads give back what they had");
    detached_runs = 0;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    for (unsigned i = 0; i < 50; i++) {
        CASE_EQUAL(pthread_create(&thread, &attr, detached, NULL), 0);
        if (i % 2 == 0)
            continue;
        CASE_EQUAL(pthread_create(&thread, NULL, detached, NULL), 0);
        CASE_EQUAL(pthread_detach(thread), 0);
    }
    detached_await(75);
    case_end();
}

/* Whether the caller's stack is said to be the one with these attributes. */
static void *on_stack(void *argument)
{
    const pthread_attr_t *given = argument;
    void *stack, *wanted;
    size_t size, wanted_size;
    pthread_attr_t attr;

    CASE_EQUAL(pthread_getattr_np(pthread_self(), &attr), 0);
    pthread_attr_getstack(&attr, &stack, &size);
    pthread_attr_getstack(given, &wanted, &wanted_size);
    CASE_EQUAL(size, wanted_size);
    return stack == wanted ? argument : NULL;
}

static void test_stack(void)
{
    static char stack[65536] __attribute__((aligned(16)));
    pthread_attr_t attr, given;
    pthread_t thread;
    void *result = NULL;
    size_t size;

    case_begin("a thread runs on the stack that it is given");
    pthread_attr_init(&attr);
    CASE_EQUAL(pthread_attr_setstacksize(&attr, 100), EINVAL);
    CASE_EQUAL(pthread_attr_setstack(&attr, stack, sizeof stack), 0);
    CASE_EQUAL(pthread_attr_getstacksize(&attr, &size), 0);
    CASE_EQUAL(size, sizeof stack);
    given = attr;
    CASE_EQUAL(pthread_create(&thread, &attr, on_stack, &given), 0);
    CASE_EQUAL(pthread_join(thread, &result), 0);
    CASE_EQUAL((uintptr_t)result, (uintptr_t)&given);
    case_end();
}

static void test_process_ends(void)
{
    struct child fault = {.part = "fault", .a = 0},
                 deep = {.part = "fault", .a = 1};
    struct child leave = {.part = "leave", .a = 0},
                 exits = {.part = "leave", .a = 1};

    case_begin("a thread's fault ends its process");
    child_start(&fault);
    child_wait(&fault);
    CASE_EQUAL(fault.info.state, FOS_SPACE_FAULTED);
    CASE_EQUAL(fault.info.address, 0x123000);
    case_end();
    case_begin("a stack that overflows meets its guard");
    child_start(&deep);
    child_wait(&deep);
    CASE_EQUAL(deep.info.state, FOS_SPACE_FAULTED);
    case_end();
    case_begin("a process ends with its last thread, when the first has left");
    child_start(&leave);
    child_expect(&leave, 0);
    case_end();
    case_begin("exit in any thread ends the process");
    child_start(&exits);
    child_expect(&exits, 9);
    case_end();
}

static void *warm(void *argument)
{
    (void)argument;
    pthread_barrier_wait(&together);
    return NULL;
}

/* Stacks kept for later threads, page tables, the names' peers: they stay. */
static void warm_up(void)
{
    struct child leave = {.part = "leave"};

    case_begin("warming up");
    pthread_barrier_init(&together, NULL, ALL_AT_ONCE);
    crew_run(ALL_AT_ONCE, warm);
    pthread_barrier_destroy(&together);
    child_start(&leave); /* the process fleet's heap may grow */
    child_expect(&leave, 0);
    if (case_why[0])
        printf("warming up: %s\n", case_why);
}

static const struct part parts[] = {{"fault", part_fault}, {"leave", part_leave}};

int main(int argc, char **argv)
{
    family_program = argv[0];
    if (argc > 3)
        return family_child(argv, parts, sizeof parts / sizeof *parts);
    warm_up();
    test_life();
    test_own_data();
    test_spread();
    test_cycles();
    test_detached();
    test_stack();
    test_objects();
    test_cancel();
    test_shared();
    test_signals();
    test_handing();
    test_process_ends();
    return cases_status();
}
