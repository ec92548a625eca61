/* SPDX-License-Identifier: MIT */
/* System call numbers, expanded from syscalls.def, and their argument records. */
#ifndef FOS_ABI_SYSCALLS_H
#define FOS_ABI_SYSCALLS_H

#include <stdint.h>

enum fos_syscall {
#define SYSCALL(number, name, args, sentence) FOS_SYS_##name = number,
#include <fos/abi/syscalls.def>
#undef SYSCALL
    FOS_SYS_COUNT
};

/* thread_create: FOS_THREAD_PAGES pages at `pages` are mapped by the kernel, in the order
 * of enum fos_thread_page; the thread starts at `entry` with rsp = stack, rdi = arg. */
enum fos_thread_page {
    FOS_PAGE_DOORBELL,
    FOS_PAGE_EVENTS,
    FOS_PAGE_TRACE, /* read-only: what is to be recorded (trace.h) */
    FOS_THREAD_PAGES
};

struct fos_thread_args {
    uint64_t entry, stack, arg;
    uint64_t pages;
    uint32_t vcpu;
    uint32_t reserved;
};

/* Limits the kernel enforces; larger requests are refused with FOS_EINVAL or
 * FOS_EMSGSIZE and are cut into pieces by libfos. */
enum {
    FOS_MAP_PAGES_MAX = 512,    /* one map, unmap or protect call */
    FOS_WRITE_MAX = 65536,      /* one space_write */
    FOS_MESSAGE_MAX = 65536,    /* one mailbox_send, and half its mailbox */
    FOS_MAILBOX_SLOTS_MIN = 64, /* a power of two between these */
    FOS_MAILBOX_SLOTS_MAX = 4096,
    FOS_RING_PAGES_MAX = 16, /* a power of two up to this */
    FOS_CHANNELS_MAX = 256,  /* to one receiving thread */
    FOS_CONSOLE_IO_MAX = 1024,
};

/* channel_close: the number of packets taken is of no account. */
#define FOS_TAKEN_NONE (~0ull)

enum fos_shutdown {
    FOS_SHUTDOWN_POWEROFF = 0,
    FOS_SHUTDOWN_REBOOT = 1,
    FOS_SHUTDOWN_CRASH = 3,
};

#endif
