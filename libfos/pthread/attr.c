/* SPDX-License-Identifier: MIT */
/* Attributes of threads, and what there is of scheduling: one policy, no priorities. */
#include "inside.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>

#include <fos/start.h>

int pthread_attr_init(pthread_attr_t *attr)
{
    *attr = (pthread_attr_t){.__stack_size = fos_thread_stack_default(),
                             .__guard_size = FOS_PAGE_SIZE,
                             .__scope = PTHREAD_SCOPE_SYSTEM,
                             .__inherit = PTHREAD_INHERIT_SCHED,
                             .__policy = SCHED_OTHER};
    return 0;
}

int pthread_attr_destroy(pthread_attr_t *attr)
{
    attr->__detached = -1;
    return 0;
}

int pthread_attr_getdetachstate(const pthread_attr_t *attr, int *state)
{
    *state = attr->__detached;
    return *state < 0 ? EINVAL : 0;
}

int pthread_attr_setdetachstate(pthread_attr_t *attr, int state)
{
    if (state != PTHREAD_CREATE_JOINABLE && state != PTHREAD_CREATE_DETACHED)
        return EINVAL;
    attr->__detached = state;
    return 0;
}

int pthread_attr_getguardsize(const pthread_attr_t *restrict attr,
                              size_t *restrict size)
{
    *size = attr->__guard_size;
    return 0;
}

int pthread_attr_setguardsize(pthread_attr_t *attr, size_t size)
{
    if (size > (size_t)SSIZE_MAX)
        return EINVAL;
    attr->__guard_size = size;
    return 0;
}

int pthread_attr_getstacksize(const pthread_attr_t *restrict attr,
                              size_t *restrict size)
{
    *size = attr->__stack_size;
    return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *attr, size_t size)
{
    if (size < PTHREAD_STACK_MIN || size > (size_t)SSIZE_MAX)
        return EINVAL;
    attr->__stack_size = size;
    return 0;
}

int pthread_attr_getstack(const pthread_attr_t *restrict attr,
                          void **restrict stack, size_t *restrict size)
{
    *stack = attr->__stack;
    *size = attr->__stack_size;
    return 0;
}

int pthread_attr_setstack(pthread_attr_t *attr, void *stack, size_t size)
{
    int error =
        (uintptr_t)stack % 16 ? EINVAL : pthread_attr_setstacksize(attr, size);

    if (!error)
        attr->__stack = stack;
    return error;
}

int pthread_attr_getinheritsched(const pthread_attr_t *restrict attr,
                                 int *restrict inherit)
{
    *inherit = attr->__inherit;
    return 0;
}

int pthread_attr_setinheritsched(pthread_attr_t *attr, int inherit)
{
    if (inherit != PTHREAD_INHERIT_SCHED && inherit != PTHREAD_EXPLICIT_SCHED)
        return EINVAL;
    attr->__inherit = inherit;
    return 0;
}

int pthread_attr_getscope(const pthread_attr_t *restrict attr, int *restrict scope)
{
    *scope = attr->__scope;
    return 0;
}

int pthread_attr_setscope(pthread_attr_t *attr, int scope)
{
    if (scope == PTHREAD_SCOPE_PROCESS)
        return ENOTSUP;
    if (scope != PTHREAD_SCOPE_SYSTEM)
        return EINVAL;
    attr->__scope = scope;
    return 0;
}

static int policy_check(int policy)
{
    if (policy == SCHED_FIFO || policy == SCHED_RR)
        return ENOTSUP;
    return policy == SCHED_OTHER ? 0 : EINVAL;
}

int pthread_attr_getschedpolicy(const pthread_attr_t *restrict attr,
                                int *restrict policy)
{
    *policy = attr->__policy;
    return 0;
}

int pthread_attr_setschedpolicy(pthread_attr_t *attr, int policy)
{
    int error = policy_check(policy);

    if (!error)
        attr->__policy = policy;
    return error;
}

int pthread_attr_getschedparam(const pthread_attr_t *restrict attr,
                               struct sched_param *restrict param)
{
    *param = attr->__param;
    return 0;
}

int pthread_attr_setschedparam(pthread_attr_t *restrict attr,
                               const struct sched_param *restrict param)
{
    if (param->sched_priority != 0)
        return EINVAL;
    attr->__param = *param;
    return 0;
}

int pthread_attr_setvcpu_np(pthread_attr_t *attr, int vcpu)
{
    if (vcpu < 0 || (uint32_t)vcpu >= fos_start_page->vcpus)
        return EINVAL;
    attr->__vcpu = vcpu + 1;
    return 0;
}

/* ---- of threads that are there ---- */

static int with_thread(pthread_t thread)
{
    bool found;

    fos_pthread_self();
    fos_lock_take(&fos_threads_lock);
    found = fos_pthread_find(thread) != NULL;
    fos_lock_release(&fos_threads_lock);
    return found ? 0 : ESRCH;
}

int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr)
{
    struct fos_pthread *found;

    pthread_attr_init(attr);
    fos_pthread_self();
    fos_lock_take(&fos_threads_lock);
    found = fos_pthread_find(thread);
    if (found) {
        const struct thread_memory *m = &found->memory;
        attr->__detached = found->fate == FATE_DETACHED;
        attr->__guard_size = m->guard_size;
        if (m->stack_size || m->given_size)
            attr->__stack_size = m->stack_size + m->given_size;
        if (m->stack_end)
            attr->__stack = (void *)(m->stack_end - attr->__stack_size);
    }
    fos_lock_release(&fos_threads_lock);
    return found ? 0 : ESRCH;
}

int pthread_getschedparam(pthread_t thread, int *restrict policy,
                          struct sched_param *restrict param)
{
    *policy = SCHED_OTHER;
    *param = (struct sched_param){0};
    return with_thread(thread);
}

int pthread_setschedparam(pthread_t thread, int policy,
                          const struct sched_param *param)
{
    int error = policy_check(policy);

    if (!error && param->sched_priority != 0)
        error = EINVAL;
    return error ? error : with_thread(thread);
}

int pthread_setschedprio(pthread_t thread, int priority)
{
    return priority ? EINVAL : with_thread(thread);
}

int pthread_getconcurrency(void)
{
    return 0;
}

int pthread_setconcurrency(int level)
{
    return level < 0 ? EINVAL : level ? EAGAIN : 0;
}

int pthread_getcpuclockid(pthread_t thread, clockid_t *clock)
{
    (void)thread, (void)clock;
    return ENOSYS;
}
