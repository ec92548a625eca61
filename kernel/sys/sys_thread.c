/* SPDX-License-Identifier: MIT */
/* Calls about the caller itself, and threads. */
#include "sys/table.h"
#include "xen/xen.h"

long sys_null(void)
{
    return 0;
}

long sys_exit(uint64_t code)
{
    struct space *s = space_current();
    if (atomic_load(&s->state) == FOS_SPACE_RUNNING)
        s->info.code = (int32_t)code;
    space_end(s, FOS_SPACE_EXITED);
    return 0;
}

long sys_wait(uint64_t deadline)
{
    return thread_wait(deadline);
}

long sys_serialize(void)
{
    mmu_serialize(sched_busy_mask());
    return 0;
}

long sys_kernel_info(uint64_t out)
{
    struct fos_kernel_info i = {
        .monotonic_ns = time_now(),
        .wall_ns = time_wall(),
        .tsc_hz = time_tsc_hz(),
        .frames_total = frame_count,
        .frames_free = frames_free,
        .vcpus = vcpu_count,
        .spaces = object_counts[OBJECT_SPACE],
        .threads = object_counts[OBJECT_THREAD],
        .mailboxes = object_counts[OBJECT_MAILBOX],
        .channels = object_counts[OBJECT_CHANNEL],
        .devices = object_counts[OBJECT_DEVICE],
        .vcpu_current = vcpu_self()->id,
        .frames_pools = frames_pools,
    };
    if (out_check(out, sizeof i))
        return -FOS_EFAULT;
    out_write(out, &i, sizeof i);
    return 0;
}

long sys_thread_create(uint64_t id, uint64_t secret, uint64_t args_va, uint64_t out)
{
    struct fos_thread_args args;
    struct space *s = FIND(space, SPACE, id, secret);
    struct thread *t;
    if (!s)
        return -FOS_EPERM;
    if (copy_from_user(space_current(), &args, args_va, sizeof args) ||
        out_check(out, sizeof(struct fos_cap)))
        return -FOS_EFAULT;
    int r = thread_new(s, &args, &t);
    if (r)
        return r;
    struct fos_cap cap = object_cap(&t->object);
    out_write(out, &cap, sizeof cap);
    thread_start(t);
    return 0;
}

/* Under the kernel lock. */
static long control_locked(uint64_t id, uint64_t secret, uint64_t what)
{
    struct thread *t = FIND(thread, THREAD, id, secret);
    if (!t)
        return -FOS_EPERM;
    return what == FOS_THREAD_END ? thread_end_step(t) : (long)thread_time(t);
}

/* As a reader. */
static long control(struct thread *t, uint64_t what, uint64_t argument)
{
    if (!t)
        return -FOS_EPERM;
    switch (what) {
    case FOS_THREAD_SIGNAL:
        thread_signal(t, argument);
        return 0;
    case FOS_THREAD_RAISE:
        if (argument < FOS_EVENT_PARK || argument >= FOS_EVENT_COUNT)
            return -FOS_EINVAL;
        thread_event(t, (uint32_t)argument);
        return 0;
    case FOS_THREAD_STOP:
        thread_hold(t);
        return 0;
    case FOS_THREAD_GO:
        thread_release(t, 0);
        return 0;
    case FOS_THREAD_FAULT:
        return thread_fault_is_real(t);
    case FOS_THREAD_MOVE:
        if (argument >= vcpu_count)
            return -FOS_EINVAL;
        thread_move(t, &vcpus[argument]);
        return 0;
    case FOS_THREAD_TLS:
        return thread_tls_set(t, argument);
    default:
        return -FOS_EINVAL;
    }
}

long sys_thread_control(uint64_t id, uint64_t secret, uint64_t what,
                        uint64_t argument)
{
    long r;
    if (what == FOS_THREAD_END || what == FOS_THREAD_TIME) {
        spin_lock(&kernel_lock);
        r = control_locked(id, secret, what);
        spin_unlock(&kernel_lock);
    } else {
        reader_enter();
        r = control(FIND(thread, THREAD, id, secret), what, argument);
        reader_exit();
    }
    return r;
}
