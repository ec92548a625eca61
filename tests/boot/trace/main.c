/* SPDX-License-Identifier: MIT */
/*
 * Tracing: what is recorded, in which order, and what is not; nonsense in the pages that
 * user code can write.
 */
#include "child.h"
#include "watch.h"

#include <fos/memory.h>

enum { OWN_MARKS = 3 * FOS_TRACE_OWN, ROUNDS = 20, SEED = 4711 };

static struct fos_mailbox inbox;

/* ---- system calls and the mask ---- */

static void test_off(void)
{
    uint64_t before[VCPUS_MAX];
    const struct fos_events_page *own =
        (const struct fos_events_page *)fos_start_page->events;
    uint64_t recorded = own->written;

    case_begin("off: nothing is recorded");
    fos_tracer_mask(&tracer, 0);
    for (uint32_t v = 0; v < tracer.info->vcpus; v++)
        before[v] = fos_tracer_written(&tracer, v);
    for (int i = 0; i < 100; i++)
        fos_sys_null();
    fos_trace_mark(1, 2);
    fos_clock_sleep(fos_now_ns() + 5 * FOS_MILLISECOND);
    for (uint32_t v = 0; v < tracer.info->vcpus; v++)
        CASE_EQUAL(fos_tracer_written(&tracer, v), before[v]);
    CASE_EQUAL(own->written, recorded);
    case_end();
}

static void expect(size_t i, enum fos_trace_type type, uint64_t a, uint64_t b)
{
    const struct fos_trace_event *e = &watch.events[i];

    CASE_EQUAL(e->type, type);
    CASE_EQUAL(e->pid, fos_pid());
    CASE_EQUAL(e->vcpu, fos_start_page->vcpu);
    CASE_EQUAL(e->a, a);
    CASE_EQUAL(e->b, b);
}

static void test_syscalls(void)
{
    struct fos_cap nothing = {.id = 12345};
    size_t i;

    case_begin(
        "system calls are recorded with number, argument and result, in order");
    watch_begin(FOS_TRACE_BIT(syscall_enter) | FOS_TRACE_BIT(syscall_exit));
    fos_sys_notify(nothing);
    fos_sys_serialize();
    watch_end();
    watch_only(fos_pid());
    i = watch_find(0, FOS_TRACE_syscall_enter, fos_pid(), WATCH_ANY);
    CASE_CHECK(i + 4 <= watch.count);
    expect(i, FOS_TRACE_syscall_enter, FOS_SYS_notify, nothing.id);
    expect(i + 1, FOS_TRACE_syscall_exit, FOS_SYS_notify, (uint64_t)-FOS_EPERM);
    CASE_EQUAL(watch.events[i + 2].a, FOS_SYS_serialize);
    expect(i + 3, FOS_TRACE_syscall_exit, FOS_SYS_serialize, 0);
    case_end();
}

static void test_mask(void)
{
    case_begin("only what the mask says is recorded");
    watch_begin(FOS_TRACE_BIT(syscall_exit) | FOS_TRACE_BIT(mark));
    fos_sys_null();
    fos_trace_mark(7, 8);
    fos_trace(FOS_TRACE_send, 1, 1);
    fos_sys_null();
    watch_end();
    watch_only(fos_pid());
    CASE_EQUAL(watch.count, 3);
    expect(0, FOS_TRACE_syscall_exit, FOS_SYS_null, 0);
    expect(1, FOS_TRACE_mark, 7, 8);
    expect(2, FOS_TRACE_syscall_exit, FOS_SYS_null, 0);
    case_end();
}

static void test_unknown_call(void)
{
    long result;

    case_begin("a system call that there is not is recorded as it was made");
    watch_begin(FOS_TRACE_BIT(syscall_enter) | FOS_TRACE_BIT(syscall_exit));
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(~0ull), "D"(77ull)
                     : "rcx", "r11", "memory");
    watch_end();
    watch_only(fos_pid());
    CASE_EQUAL(result, -FOS_ENOSYS);
    expect(0, FOS_TRACE_syscall_enter, ~0ull, 77);
    expect(1, FOS_TRACE_syscall_exit, ~0ull, (uint64_t)-FOS_ENOSYS);
    case_end();
}

/* ---- several processes ---- */

/* A child that reports, sleeps on nothing and ends, told from both sides. */
/* Until the vCPUs of threads that end have left them: the kernel counts them no more. */
static void threads_await(void)
{
    uint64_t deadline = fos_now_ns() + 20 * FOS_SECOND;
    struct fos_kernel_info info;

    do
        fos_sys_kernel_info(&info);
    while (info.threads != case_before.threads && fos_now_ns() < deadline);
    CASE_EQUAL(info.threads, case_before.threads);
}

static void test_family(void)
{
    struct child child = {.part = "marks", .caps = {inbox.cap}, .vcpu_plus_one = 2};
    size_t at;

    case_begin("a process's life is recorded in the order of things");
    watch_begin(fos_trace_all);
    child_start(&child);
    family_await(&inbox, &child);
    child_expect(&child, 0);
    threads_await();
    watch_end();
    CASE_EQUAL(watch.lost, 0);
    at = watch_find(0, FOS_TRACE_start, 1, child.pid);
    at = watch_find(at, FOS_TRACE_switch, 0, child.pid);
    at = watch_find(at, FOS_TRACE_name, child.pid, WATCH_ANY);
    CASE_EQUAL(memcmp(&watch.events[at].a, "test-tra", 8), 0);
    at = watch_find(at, FOS_TRACE_syscall_enter, child.pid, FOS_SYS_mailbox_send);
    at = watch_find(at, FOS_TRACE_message, child.pid, inbox.cap.id);
    at = watch_find(at, FOS_TRACE_syscall_exit, child.pid, FOS_SYS_mailbox_send);
    at = watch_find(at, FOS_TRACE_syscall_enter, child.pid, FOS_SYS_exit);
    at = watch_find(at, FOS_TRACE_end, child.pid, child.pid);
    CASE_EQUAL(watch.events[at].b, FOS_SPACE_EXITED);
    watch_find(at, FOS_TRACE_switch, child.pid, WATCH_ANY);
    case_end();
}

static void test_fault(void)
{
    struct child child = {.part = "marks", .b = 0x123456, .caps = {inbox.cap}};
    size_t at;

    case_begin("a fault is recorded with its vector and its address");
    watch_begin(FOS_TRACE_BIT(fault) | FOS_TRACE_BIT(end));
    child_start(&child);
    family_await(&inbox, &child);
    child_expect(&child, PROC_STATUS_FAULT);
    watch_end();
    at = watch_find(0, FOS_TRACE_fault, child.pid, 14);
    CASE_EQUAL(watch.events[at].b, 0x123456);
    at = watch_find(at, FOS_TRACE_end, child.pid, child.pid);
    CASE_EQUAL(watch.events[at].b, FOS_SPACE_FAULTED);
    case_end();
}

static bool never(void *argument)
{
    (void)argument;
    return false;
}

static void test_messages(void)
{
    struct child child = {.part = "send", .a = 100, .caps = {inbox.cap}};
    size_t sent = 0, received = 0;
    uint8_t buffer[256];
    uint32_t length;

    case_begin("messages by a channel are seen to be sent and to be received");
    watch_begin(FOS_TRACE_BIT(send) | FOS_TRACE_BIT(receive));
    child_start(&child);
    for (uint32_t i = 1; i <= child.a && !case_why[0]; i++)
        CASE_EQUAL(
            fos_msg_recv(&inbox, buffer, sizeof buffer, &length, family_deadline()),
            0);
    child_expect(&child, 0);
    watch_end();
    for (size_t i = 0; i < watch.count; i++) {
        const struct fos_trace_event *e = &watch.events[i];
        if (e->type == FOS_TRACE_send && e->pid == child.pid && e->a == fos_pid())
            CASE_EQUAL(e->b, ++sent);
        if (e->type == FOS_TRACE_receive && e->pid == fos_pid() &&
            e->a == child.pid)
            CASE_EQUAL(e->b, ++received);
    }
    CASE_EQUAL(sent, child.a);
    CASE_EQUAL(received, child.a);
    family_settle(&inbox);
    case_end();
}

static void test_call(void)
{
    struct proc_entry entry;
    uint64_t tag;
    size_t at;

    case_begin("a call is seen from the request over the service to the reply");
    fos_process_list(&entry, 1); /* what the first one needs is there */
    watch_begin(fos_trace_all);
    CASE_EQUAL(fos_process_list(&entry, 1), 1);
    watch_await(FOS_TRACE_serve_end, 1, proc_list_op);
    fos_sys_null();
    watch_end();
    at = watch_find(0, FOS_TRACE_call_begin, fos_pid(), proc_list_op);
    tag = watch.events[at].b;
    at = watch_find(at, FOS_TRACE_serve_begin, 1, proc_list_op);
    CASE_EQUAL(watch.events[at].b, tag);
    at = watch_find(at, FOS_TRACE_serve_end, 1, proc_list_op);
    CASE_EQUAL(watch.events[at].b, tag);
    watch_find(0, FOS_TRACE_call_end, fos_pid(), tag);
    case_end();
}

static void test_sleep(void)
{
    uint64_t deadline = 0;
    size_t at;

    case_begin("a sleep is recorded from the decision to the awakening");
    watch_begin(fos_trace_all);
    /* A deadline that has passed before the kernel is reached is not waited for. */
    for (uint64_t ms = 5;
         ms < 10000 && !watch_seen(FOS_TRACE_block, fos_pid(), deadline); ms *= 4) {
        deadline = fos_now_ns() + ms * FOS_MILLISECOND;
        fos_sleep(&fos_thread_self()->sleeper, 0, never, NULL, deadline);
    }
    watch_end();
    at = watch_find(0, FOS_TRACE_sleep_begin, fos_pid(), deadline);
    at = watch_find(at, FOS_TRACE_syscall_enter, fos_pid(), FOS_SYS_serialize);
    at = watch_find(at, FOS_TRACE_syscall_enter, fos_pid(), FOS_SYS_wait);
    at = watch_find(at, FOS_TRACE_block, fos_pid(), deadline);
    /* A fleet may live on the same vCPU. */
    at = watch_find(at, FOS_TRACE_switch, fos_pid(), WATCH_ANY);
    at = watch_find(at, FOS_TRACE_wake, WATCH_ANY, fos_pid());
    watch_find(at, FOS_TRACE_switch, WATCH_ANY, fos_pid());
    case_end();
}

/* More than the thread's own ring holds, with no system call in between. */
static void test_marks(void)
{
    size_t marks = 0;

    case_begin("a process records any number of events, and none is lost");
    watch_begin(FOS_TRACE_BIT(mark));
    for (uint64_t i = 0; i < OWN_MARKS; i++)
        fos_trace_mark(i, ~i);
    fos_sys_null();
    watch_end();
    watch_only(fos_pid());
    for (size_t i = 0; i < watch.count; i++) {
        CASE_EQUAL(watch.events[i].a, marks);
        CASE_CHECK(watch.events[i].b == ~(uint64_t)marks);
        marks++;
    }
    CASE_EQUAL(marks, OWN_MARKS);
    CASE_EQUAL(watch.dropped, 0);
    case_end();
}

static void test_overflow(void)
{
    uint64_t extra = 100, marks = tracer.size + extra;
    uint32_t vcpu = fos_start_page->vcpu;
    uint64_t before = fos_tracer_written(&tracer, vcpu), written;

    case_begin("an overflow drops the oldest and counts them");
    watch_begin(FOS_TRACE_BIT(mark));
    for (uint64_t i = 0; i < marks; i++)
        fos_trace_mark(i, ~i);
    fos_sys_null();
    watch_end();
    written = fos_tracer_written(&tracer, vcpu) - before;
    CASE_EQUAL(written, marks);
    CASE_EQUAL(watch.lost, written - (tracer.size - 1));
    CASE_EQUAL(watch.count, tracer.size - 1);
    CASE_EQUAL(watch.events[0].a, watch.lost);
    CASE_EQUAL(watch.events[watch.count - 1].a, marks - 1);
    case_end();
}

/* Reads while the child writes: every event whole, in order, and accounted for. */
static void marks_follow(uint64_t marks)
{
    static struct fos_trace_event events[256];
    uint64_t next = watch.next[1], expected = 0, lost = 0;
    uint64_t deadline = family_deadline();

    while (expected < marks && !case_why[0]) {
        size_t got = fos_tracer_read(&tracer, 1, &next, events,
                                     sizeof events / sizeof *events, &lost);
        for (size_t i = 0; i < got; i++) {
            if (events[i].type != FOS_TRACE_mark)
                case_fail("an event of type %d", events[i].type);
            CASE_CHECK(events[i].b == ~events[i].a);
            CASE_CHECK(events[i].a >= expected);
            expected = events[i].a + 1;
        }
        if (fos_now_ns() > deadline)
            case_fail("mark %llu did not come", (unsigned long long)expected);
    }
    CASE_CHECK(lost < marks);
}

static void test_overtaken(void)
{
    uint64_t marks = ROUNDS * tracer.size;
    struct child child = {
        .part = "marks", .a = marks, .caps = {inbox.cap}, .vcpu_plus_one = 2};

    case_begin("a reader that is overtaken sees no torn event");
    watch_begin(FOS_TRACE_BIT(mark));
    child_start(&child);
    family_await(&inbox, &child);
    marks_follow(marks);
    child_expect(&child, 0);
    watch_end();
    case_end();
}

/* ---- nonsense ---- */

static void test_scribble(void)
{
    struct child child = {
        .part = "scribble", .a = SEED, .caps = {inbox.cap, fos_start_extra(0)}};

    case_begin("noise in the control page harms nobody");
    child_start(&child);
    for (int i = 0; i < SCRIBBLES; i++)
        fos_sys_null();
    child_expect(&child, 0);
    fos_tracer_mask(&tracer, 0);
    case_end();
}

static void test_killed(void)
{
    struct child child = {.part = "watch", .caps = {inbox.cap, fos_start_extra(0)}};

    case_begin("with the death of who switched recording on, it ends");
    child_start(&child);
    family_await(&inbox, &child);
    CASE_EQUAL(tracer.control->mask, fos_trace_all);
    child_kill(&child);
    CASE_EQUAL(tracer.control->mask, 0);
    case_end();
}

static void test_forge(void)
{
    struct child child = {.part = "forge", .a = SEED, .caps = {inbox.cap}};

    case_begin("a forger records under his own number, and only what he may");
    watch_begin(~0ull & ~((1ull << FOS_TRACE_USER_FIRST) - 1));
    child_start(&child);
    child_expect(&child, 0);
    watch_end();
    CASE_CHECK(watch.dropped > 0);
    for (size_t i = 0; i < watch.count; i++)
        CASE_CHECK(watch.events[i].type >= FOS_TRACE_USER_FIRST &&
                   watch.events[i].type < FOS_TRACE_TYPES_MAX);
    for (size_t i = 0; i < watch.count; i++)
        if (watch.events[i].type >= FOS_TRACE_mark)
            CASE_EQUAL(watch.events[i].pid, child.pid);
    case_end();
}

static void test_poke(void)
{
    case_begin("all but the control page, and that to others, is read-only");
    for (uint64_t page = 0; page <= FOS_TRACE_RING_FIRST; page++) {
        struct child child = {
            .part = "poke", .a = page, .caps = {inbox.cap, fos_start_extra(0)}};
        child_start(&child);
        child_expect(&child, PROC_STATUS_FAULT);
        CASE_EQUAL(child.info.vector, 14);
    }
    case_end();
}

/* ---- the device ---- */

static void test_device(void)
{
    struct fos_cap device = fos_start_extra(0);
    char *at = fos_pages_reserve(FOS_TRACE_PAGES_MAX);
    struct fos_tracer second;

    case_begin("the trace device is mapped where there is room, and has no events");
    CASE_EQUAL(fos_sys_device_map(device, at + 8), -FOS_EINVAL);
    CASE_EQUAL(fos_sys_device_map(device, (void *)(FOS_USER_END - FOS_PAGE_SIZE)),
               -FOS_EFAULT);
    CASE_EQUAL(fos_sys_device_map(device, fos_start_page), -FOS_EEXIST);
    CASE_EQUAL(fos_sys_device_bind(device, FOS_EVENT_FIRST_FREE), -FOS_ENOENT);
    CASE_EQUAL(fos_sys_device_ack(device), -FOS_ENOENT);
    CASE_EQUAL(fos_sys_device_notify(device), -FOS_ENOENT);
    device.secret++;
    CASE_EQUAL(fos_sys_device_map(device, at), -FOS_EPERM);
    fos_pages_release(at, FOS_TRACE_PAGES_MAX);
    CASE_EQUAL(fos_tracer_open(&second, fos_start_extra(0)), 0);
    CASE_EQUAL(second.info->vcpus, fos_start_page->vcpus);
    fos_tracer_close(&second);
    case_end();
}

/* ---- cost ---- */

enum { COST_ROUNDS = 300 };

static void nothing_once(void)
{
}

static void mark_once(void)
{
    fos_trace_mark(1, 2);
}

static __attribute__((noinline)) void call_once(void)
{
    __asm__ volatile("");
}

static void null_once(void)
{
    fos_sys_null();
}

/* The least of several rounds, in cycles, to one of `count`; what is not a call of
 * its own is compiled into the loop. */
__attribute__((always_inline)) static inline double cycles_of(void (*once)(void),
                                                              int count)
{
    uint64_t best = UINT64_MAX;

    for (int round = 0; round < COST_ROUNDS; round++) {
        uint64_t begin = fos_tsc(), took;
        for (int i = 0; i < count; i++) {
            once();
            fos_compiler_barrier();
        }
        took = fos_tsc() - begin;
        best = took < best ? took : best;
    }
    return (double)best / count;
}

/* A locked operation costs no less than a call, where there are several processors. */
static void test_cost(void)
{
    enum { EVENTS = FOS_TRACE_OWN - 10, CALLS = 10 };
    double off[2], on[2], bare, call;

    case_begin("off: an event costs less than a call of nothing would");
    fos_tracer_mask(&tracer, 0);
    bare = cycles_of(nothing_once, EVENTS);
    call = cycles_of(call_once, EVENTS);
    off[0] = cycles_of(null_once, CALLS);
    off[1] = cycles_of(mark_once, EVENTS);
    fos_tracer_mask(&tracer, fos_trace_all);
    on[0] = cycles_of(null_once, CALLS);
    on[1] = cycles_of(mark_once, EVENTS);
    fos_tracer_mask(&tracer, 0);
    printf("trace: cycles of a null system call %.0f, traced %.0f (emulated)\n",
           off[0], on[0]);
    printf(
        "trace: cycles of an event of libfos, off %.1f, on %.1f, of a call %.1f\n",
        off[1] - bare, on[1] - bare, call - bare);
    CASE_CHECK(off[1] < call);
    CASE_CHECK(off[0] < 2 * on[0]);
    case_end();
}

static const struct part parts[] = {
    {"crowd", part_crowd},       {"marks", part_marks}, {"send", part_send},
    {"scribble", part_scribble}, {"forge", part_forge}, {"poke", part_poke},
    {"watch", part_watch},
};

int main(int argc, char **argv)
{
    family_program = argv[0];
    if (argc > 3)
        return family_child(argv, parts, sizeof parts / sizeof *parts);
    case_begin("");
    CASE_EQUAL(fos_mailbox_create(&inbox, 64), 0);
    if (fos_tracer_open(&tracer, fos_start_extra(0))) {
        printf("FAIL the trace device is there: it is not\n");
        return 1;
    }
    family_grow(&inbox, inbox.cap, 2);
    test_off();
    test_syscalls();
    test_mask();
    test_unknown_call();
    test_device();
    test_family();
    test_fault();
    test_messages();
    test_call();
    test_sleep();
    test_marks();
    test_overflow();
    test_overtaken();
    test_scribble();
    test_killed();
    test_forge();
    test_poke();
    test_cost();
    fos_tracer_close(&tracer);
    fos_mailbox_close(&inbox);
    return cases_status();
}
