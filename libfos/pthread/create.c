/* SPDX-License-Identifier: MIT */
/* The list of threads; how one begins. */
#include "inside.h"

#include <errno.h>
#include <string.h>

#include <fos/fork.h>
#include <fos/msg.h>
#include <fos/part.h>
#include <fos/start.h>
#include <fos/reent.h>
#include <fos/thread.h>

enum { VCPUS = 64 };

struct fos_lock fos_threads_lock;
struct fos_pthread *fos_threads;
static _Thread_local struct fos_pthread me;
static uint32_t numbers = 1;      /* given so far; the first thread has 1 */
static uint32_t vcpu_uses[VCPUS]; /* threads of this process on each */

/* ---- the list; its lock is held ---- */

static void list_add(struct fos_pthread *thread)
{
    thread->previous = NULL;
    thread->next = fos_threads;
    if (fos_threads)
        fos_threads->previous = thread;
    fos_threads = thread;
    vcpu_uses[thread->vcpu]++;
}

static void list_remove(struct fos_pthread *thread)
{
    if (thread->previous)
        thread->previous->next = thread->next;
    else
        fos_threads = thread->next;
    if (thread->next)
        thread->next->previous = thread->previous;
    vcpu_uses[thread->vcpu]--;
}

struct fos_pthread *fos_pthread_find(pthread_t thread)
{
    struct fos_pthread *t = fos_threads;

    while (t && (pthread_t)t != thread)
        t = t->next;
    return t;
}

/* ---- fork ---- */

/* The child's only thread is the caller's copy, and the first now.  Stacks of the others
 * are copied too: they serve threads to come. */
static void threads_forked(void)
{
    struct fos_pthread *next;

    fos_threads_dead_forget();
    for (struct fos_pthread *t = fos_threads; t; t = next) {
        next = t->next;
        if (t != &me)
            fos_thread_memory_orphan(&t->memory);
    }
    fos_threads = NULL;
    memset(vcpu_uses, 0, sizeof vcpu_uses);
    if (!me.number)
        return;
    me.first = true;
    me.cap = fos_start_page->caps[FOS_START_THREAD];
    me.events = fos_own_events;
    me.vcpu = fos_start_page->vcpu;
    list_add(&me);
}

FOS_FORK_LOCK(fos_threads_lock);
FOS_PART(threads_part, .forked = threads_forked);

/* ---- the calling thread ---- */

static void first_begin(void)
{
    me.number = fos_thread_number();
    me.first = true;
    me.cap = fos_thread_self()->cap;
    me.vcpu = fos_start_page->vcpu;
    me.cancel_due = &fos_cancel_due;
    me.events = fos_own_events;
    fos_lock_take(&fos_threads_lock);
    list_add(&me);
    fos_lock_release(&fos_threads_lock);
}

struct fos_pthread *fos_pthread_self(void)
{
    if (__builtin_expect(!me.number, 0))
        first_begin();
    return &me;
}

pthread_t pthread_self(void)
{
    return (pthread_t)fos_pthread_self();
}

int pthread_equal(pthread_t one, pthread_t other)
{
    return one == other;
}

/* ---- signals of the process ---- */

void fos_signals_hand_on(void)
{
    struct fos_events *first = (struct fos_events *)fos_start_page->events;
    uint64_t waiting, taken;

    fos_lock_take(&fos_threads_lock);
    for (struct fos_pthread *t = fos_threads; t; t = t->next) {
        if (t->helper || !fos_load_acquire(&t->runs) || fos_load_relaxed(&t->ended))
            continue;
        /* What was sent is pending since the process fleet answered: pairs with
         * signals_take_over. */
        waiting = fos_load_relaxed(&first->signals) &
                  fos_load_relaxed(&first->blocked) &
                  ~fos_load_relaxed(&t->events->blocked);
        taken = waiting ? atomic_fetch_and(&first->signals, ~waiting) & waiting : 0;
        if (taken)
            fos_sys_thread_control(t->cap, FOS_THREAD_SIGNAL, taken);
    }
    fos_lock_release(&fos_threads_lock);
}

/* ---- making one ---- */

/* The vCPU with the fewest threads of this process, the next one first. */
static uint32_t vcpu_choose(void)
{
    uint32_t count = fos_start_page->vcpus < VCPUS ? fos_start_page->vcpus : VCPUS;
    uint32_t best = fos_start_page->vcpu % count;

    for (uint32_t i = 1; i < count; i++) {
        uint32_t vcpu = (fos_start_page->vcpu + i) % count;
        if (vcpu_uses[vcpu] < vcpu_uses[best])
            best = vcpu;
    }
    return best;
}

static void thread_list(struct fos_pthread *thread, const pthread_attr_t *attr)
{
    fos_lock_take(&fos_threads_lock);
    thread->number = ++numbers;
    thread->vcpu = attr->__vcpu ? (uint32_t)attr->__vcpu - 1 : vcpu_choose();
    list_add(thread);
    fos_lock_release(&fos_threads_lock);
}

static void thread_unlist(struct fos_pthread *thread)
{
    fos_lock_take(&fos_threads_lock);
    list_remove(thread);
    fos_lock_release(&fos_threads_lock);
}

void fos_thread_forget(struct fos_pthread *thread)
{
    struct thread_memory memory = thread->memory;

    thread_unlist(thread);
    fos_thread_memory_put(&memory);
}

static _Noreturn void thread_main(struct fos_pthread *self)
{
    struct fos_thread_identity identity = {
        .doorbell = self->memory.pages,
        .events = self->events,
        .cap = self->cap,
        .number = self->number,
    };

    fos_thread_bind(&identity);
    fos_trace_bind((struct fos_events_page *)identity.events);
    _REENT_INIT_PTR(&self->reent);
    fos_reent_bind(&self->reent);
    fos_store_relaxed(&self->events->blocked, self->signal_mask);
    if (fos_signals_thread_begin)
        fos_signals_thread_begin(self->events);
    fos_store_release(&self->runs, 1); /* pairs with fos_signals_hand_on */
    pthread_exit(self->start(self->argument));
}

/* The kernel writes the capability before the thread runs. */
static int thread_run(struct fos_pthread *thread, void *tls)
{
    struct fos_thread_args args = {
        .entry = (uint64_t)thread_main,
        .stack = (thread->memory.stack_end & ~15ull) - 8, /* as after a call */
        .arg = (uint64_t)thread,
        .pages = (uint64_t)thread->memory.pages,
        .vcpu = thread->vcpu,
        .tls = (uint64_t)tls,
    };
    long error = fos_sys_thread_create(fos_own_space(), &args, &thread->cap);

    return error == -FOS_EINVAL ? EINVAL : error < 0 ? EAGAIN : 0;
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attr,
                   void *(*start)(void *), void *restrict argument)
{
    pthread_attr_t standard;
    struct thread_memory memory;
    struct fos_pthread *made;
    void *tls;
    int error;

    fos_pthread_self();
    fos_threads_reap_dead();
    if (!attr) {
        pthread_attr_init(&standard);
        attr = &standard;
    }
    error = fos_thread_memory_get(&memory, attr);
    if (error)
        return error;
    tls = fos_tls_lay((uint8_t *)memory.base + memory.tls_offset);
    made = fos_tls_like(tls, &me);
    made->start = start;
    made->argument = argument;
    made->memory = memory;
    made->signal_mask = fos_load_relaxed(&fos_own_events->blocked);
    made->events = (struct fos_events *)((uint8_t *)memory.pages +
                                         FOS_PAGE_EVENTS * FOS_PAGE_SIZE);
    made->cancel_due = fos_tls_like(tls, &fos_cancel_due);
    made->runs = 0;
    made->fate = attr->__detached ? FATE_DETACHED : FATE_JOINABLE;
    thread_list(made, attr);
    *thread = (pthread_t)made;
    error = thread_run(made, tls);
    if (error)
        fos_thread_forget(made);
    return error;
}
