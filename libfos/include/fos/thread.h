/* SPDX-License-Identifier: MIT */
/*
 * Threads as libfos keeps them; pthread.h is what programs use.
 *
 * Each thread has messaging state of its own (fos_thread_self: mailboxes, peers, calls),
 * in thread-local storage: no lock stands between two threads that call a fleet.  What
 * belongs to the process (descriptors, the heap, address ranges) is guarded by locks of
 * fos/lock.h.
 *
 * Thread-local storage is static (variant II of Drepper's "ELF handling for thread-local
 * storage"): the program's PT_TLS image right below the thread pointer, which %fs:0 holds.
 */
#ifndef FOS_THREAD_H
#define FOS_THREAD_H

#include <stddef.h>
#include <stdint.h>

#include <fos/abi/types.h>

/* ---- thread-local storage ---- */

/* Bytes of one thread's, its control block and alignment included. */
size_t fos_tls_size(void);

/* Lays it out at the end of `block`, of fos_tls_size() zeroed bytes.  The thread
 * pointer. */
void *fos_tls_lay(void *block);

/* Where in another thread's storage the calling thread's `variable` has its like. */
static inline void *fos_tls_like(void *thread_pointer, const void *variable)
{
    return (uint8_t *)thread_pointer +
           ((const uint8_t *)variable -
            (const uint8_t *)__builtin_thread_pointer());
}

/* ---- the calling thread ---- */

/* Its event page. */
extern _Thread_local struct fos_events *fos_own_events;

/* What a thread is told of itself at its beginning. */
struct fos_thread_identity {
    struct fos_doorbell *doorbell;
    struct fos_events *events;
    struct fos_cap cap;
    uint32_t number; /* in its process, from 1 on */
};

/* First of all in a new thread. */
void fos_thread_bind(const struct fos_thread_identity *identity);

/* Last before the process fleet is asked to copy the process, signals held; and first of
 * all in the child, which forgets its ways to fleets, the parent's, without closing
 * them. */
void fos_thread_fork(void);
void fos_thread_forked(void);

/* The first thread's, as the start page says. */
struct fos_thread_identity fos_thread_first(void);

/* In a new thread, whose event page says what it blocks: lets its signals come in. */
void fos_signals_thread_begin(struct fos_events *own) __attribute__((weak));

/* Signals of the process that its first thread blocks go to threads that let them in;
 * where pthread_create is part of the program. */
void fos_signals_hand_on(void) __attribute__((weak));

/* Last of all that a thread does with messages: closes its mailboxes and peers. */
void fos_thread_leave(void);

/* ---- cancellation ---- */

/* Not 0: the thread is to be cancelled, and permits it.  Written by pthread_cancel of
 * other threads. */
extern _Thread_local _Atomic uint32_t fos_cancel_due;

/* What to do then, which does not return; set by whoever cancels first. */
extern void (*_Atomic fos_cancel_act)(void);

/* In functions that POSIX makes cancellation points: before they wait, and when a
 * signal has ended a wait. */
void fos_cancel_point(void);

/* The signal that ends such a wait; no program can send it.  What its handler is to do,
 * where pthread_cancel is part of the program. */
enum { FOS_SIGNAL_CANCEL = FOS_SIGNALS - 1 };
void fos_cancel_signal(void) __attribute__((weak));

#endif
