/* SPDX-License-Identifier: MIT */
/*
 * The system calls as C functions, one to each row of abi/syscalls.def.
 *
 * Result: 0 or more, or a negated error (abi/errors.def).  `deadline` is absolute,
 * in nanoseconds of the monotonic clock (fos_now_ns); FOS_NEVER is none.
 * libfos/sys/stubs.c traps to the kernel; a host build of libfos/msg brings its
 * own.
 */
#ifndef FOS_SYSCALL_H
#define FOS_SYSCALL_H

#include <stddef.h>
#include <stdint.h>

#include <fos/abi/errors.h>
#include <fos/abi/mailbox.h>
#include <fos/abi/syscalls.h>
#include <fos/abi/types.h>

#define FOS_NEVER (~0ull)

long fos_sys_null(void);
_Noreturn void fos_sys_exit(int code);
long fos_sys_kernel_info(struct fos_kernel_info *out);
long fos_sys_wait(uint64_t deadline);
long fos_sys_serialize(void);
long fos_sys_notify(struct fos_cap channel);

/* slots: `count` slots in the caller's memory, zeroed; head: the count of slots
 * given back, which the caller advances.  See abi/mailbox.h.  limit: bytes of the
 * longest message. */
long fos_sys_mailbox_create(struct fos_mailbox_slot *slots, uint64_t count,
                            _Atomic uint64_t *head, uint64_t limit,
                            struct fos_cap *out);
long fos_sys_mailbox_close(struct fos_cap mailbox);
long fos_sys_mailbox_renew(struct fos_cap mailbox, struct fos_cap *out);
long fos_sys_mailbox_send(struct fos_cap mailbox, const void *message,
                          size_t length);

long fos_sys_channel_connect(struct fos_cap mailbox, void *address,
                             uint64_t ring_pages, struct fos_channel_info *out);
/* How many others wait to be accepted by this thread. */
long fos_sys_channel_accept(void *address, struct fos_channel_info *out);
/* taken: FOS_TAKEN_NONE, or by the receiver of a retired channel the packets it
 * took; the protocol of retiring is told at struct fos_doorbell. */
long fos_sys_channel_close(struct fos_cap channel, uint64_t taken);
long fos_sys_channel_retire(struct fos_cap channel, uint64_t sent);
/* See abi/syscalls.h. */
long fos_sys_channel_exchange(struct fos_cap channel, void *address,
                              uint64_t pages);

long fos_sys_space_create(uint64_t frames, uint64_t objects, struct fos_cap *out);
long fos_sys_space_destroy(struct fos_cap space);
long fos_sys_space_map(struct fos_cap space, uint64_t address, uint64_t pages,
                       unsigned protection);
long fos_sys_space_protect(struct fos_cap space, uint64_t address, uint64_t pages,
                           unsigned protection);
/* See the structs in abi/syscalls.h. */
long fos_sys_space_copy(const struct fos_copy *copy);
long fos_sys_space_share(const struct fos_share *share);
long fos_sys_space_control(struct fos_cap space, enum fos_space_control what,
                           uint64_t argument);
long fos_sys_space_status(struct fos_cap space, struct fos_space_info *out);
long fos_sys_thread_create(struct fos_cap space, const struct fos_thread_args *args,
                           struct fos_cap *out);
long fos_sys_thread_control(struct fos_cap thread, enum fos_thread_control what,
                            uint64_t argument);

long fos_sys_device_control(struct fos_cap device, enum fos_device_control what,
                            uint64_t argument);
long fos_sys_device_map(struct fos_cap device, void *address);
/* operation 0 writes, 1 reads; the result counts bytes. */
long fos_sys_console_io(struct fos_cap device, unsigned operation, void *buffer,
                        size_t length);
long fos_sys_shutdown(struct fos_cap machine, enum fos_shutdown reason);

/* Forms of the calls above (sys/forms.c). */
long fos_sys_space_unmap(struct fos_cap space, uint64_t address, uint64_t pages);
/* Copies at most FOS_COPY_MAX bytes of the own space to `address` there. */
long fos_sys_space_write(struct fos_cap space, uint64_t address, const void *from,
                         size_t length);
/* The other way. */
long fos_sys_space_read(struct fos_cap space, uint64_t address, void *to,
                        size_t length);
long fos_sys_space_watch(struct fos_cap space, unsigned event);
long fos_sys_device_bind(struct fos_cap device, unsigned event);
long fos_sys_device_ack(struct fos_cap device);
long fos_sys_device_notify(struct fos_cap device);

#endif
