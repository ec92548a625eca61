/* SPDX-License-Identifier: MIT */
/*
 * The part of the kernel that libfos/msg needs, played by Linux: so that the very
 * same sources run in host programs, between threads or between forked processes.
 *
 * All shared memory is one arena, made before the first fork and mapped at one
 * address everywhere; windows of channels are further mappings of its pages.
 * Objects are never given back: programs are short.
 */
#ifndef FOS_BENCH_HOST_H
#define FOS_BENCH_HOST_H

#include <stddef.h>

#include <fos/msg.h>

/* Before any fork or thread. */
void host_init(void);

/* Makes the calling thread one that fos_thread_self() knows: its own doorbell,
 * events and tables.  Called once in each process or thread that uses libfos/msg.
 */
void host_thread_begin(void);

/* Memory of the arena, zeroed, aligned to pages: seen by all processes. */
void *host_shared(size_t bytes);

/* Sets event bits of a thread, as the kernel would for a device. */
void host_event(struct fos_thread *thread, uint64_t bits);

/* Lets a thread die: its channels are torn down, in this process's mappings. */
void host_thread_end(void);

/* Channels to one thread, above which one is refused. */
extern uint32_t host_channels_max;

/* How often the notify system call was made, in all. */
uint64_t host_notifies(void);

#endif
