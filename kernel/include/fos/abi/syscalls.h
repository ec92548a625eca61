/* SPDX-License-Identifier: MIT */
/* System call numbers, expanded from syscalls.def, and their argument records. */
#ifndef FOS_ABI_SYSCALLS_H
#define FOS_ABI_SYSCALLS_H

#include <stdint.h>

#include <fos/abi/types.h>

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

/* fos_thread_args.flags */
enum fos_thread_flag {
    FOS_THREAD_CREATE_STOPPED = 1, /* runs after FOS_THREAD_GO, or space GO */
};

struct fos_thread_args {
    uint64_t entry, stack, arg;
    uint64_t pages;
    uint32_t vcpu;
    uint32_t flags; /* enum fos_thread_flag */
    uint64_t tls;   /* its fs base; 0 none */
};

/*
 * space_copy: `length` bytes, at most FOS_COPY_MAX.  What is read must be mapped; what is
 * written must be mapped too, and be writable or nobody else's: so programs are loaded, and
 * so no shared page changes behind a read-only mapping.  EFAULT where a page is not so;
 * nothing has been copied then.
 */
struct fos_copy {
    struct fos_cap to_space;
    uint64_t to;
    struct fos_cap from_space;
    uint64_t from;
    uint64_t length;
};

/*
 * space_share: `pages` pages, at most FOS_MAP_PAGES_MAX, that are mapped at `from` are mapped
 * at `to` as well, with protection `prot`.  Frames stay charged to whoever paid for them;
 * page tables are charged to the space they belong to.  The result is the number of pages
 * shared.  Nothing has changed when it is an error.
 *
 *   FOS_SHARE_KEEP     the source stays as it is
 *   FOS_SHARE_MOVE     the source is unmapped
 *   FOS_SHARE_COW      the source stays but loses WRITE, as has the destination to be without
 *   FOS_SHARE_OWN      breaks copy-on-write: a page mapped at `to` whose frame others have
 *                      too is replaced by a copy, then all get `prot`.  The copies go into
 *                      the source's pages, from the first on, which move; or, if
 *                      from_space.id is 0, into new ones, for which the caller pays.  The
 *                      result is the number of copies
 *
 *   FOS_SHARE_SPARSE   absent source pages (OWN: destination pages) are passed over
 *   FOS_SHARE_REPLACE  what is mapped at the destination goes; else EEXIST
 *
 * WRITE is given only where the source is writable, or nobody else has the frame (EPERM).
 * `thread`, unless its id is 0, is let go (FOS_THREAD_GO) when the pages are in place: a
 * pager's answer to a fault in one call.  Pages shared with channels' peers or devices
 * cannot be shared again (EPERM), but the boot archive's can.
 */
enum fos_share_how {
    FOS_SHARE_KEEP = 0,
    FOS_SHARE_MOVE = 1,
    FOS_SHARE_COW = 2,
    FOS_SHARE_OWN = 3,
    FOS_SHARE_KIND = 3, /* mask */
    FOS_SHARE_SPARSE = 4,
    FOS_SHARE_REPLACE = 8,
};

struct fos_share {
    struct fos_cap to_space, from_space;
    uint64_t to, from;
    uint32_t pages, prot;
    uint32_t how; /* enum fos_share_how */
    uint32_t reserved;
    struct fos_cap thread;
};

/*
 * space_control: what its argument means.  Errors: EINVAL, and
 *
 *   WATCH   event slot of the calling thread: raised when the space ends.  EBUSY: has a
 *           watcher
 *   PAGER   address of a struct fos_cap, a mailbox: it gets the faults of this space (struct
 *           fos_fault); 0: none.  Threads that wait for the last pager try again
 *   QUOTA   frames, signed: so many of the caller's own quota become the space's, or, negative,
 *           unused ones come back.  The space is the caller's child or sibling, or the
 *           caller itself, whose frames go to its parent.  EDQUOT
 *   RESET   all threads, mailboxes, channels and mappings go; the space, its pid and its
 *           capability stay.  EAGAIN: call again.  Not the caller's own
 *   STOP    its threads stop where they are; those made later run
 *   GO      threads that STOP, or FOS_THREAD_CREATE_STOPPED, has stopped go on
 *   END     it ends as if killed, with this code; its contents stay for space_destroy
 */
enum fos_space_control {
    FOS_SPACE_WATCH = 0,
    FOS_SPACE_PAGER = 1,
    FOS_SPACE_QUOTA = 2,
    FOS_SPACE_RESET = 3,
    FOS_SPACE_STOP = 4,
    FOS_SPACE_GO = 5,
    FOS_SPACE_END = 6,
};

/*
 * thread_control:
 *
 *   SIGNAL  bits, OR-ed into its pending signals (struct fos_events)
 *   RAISE   event slot, FOS_EVENT_PARK or more: raised at the thread
 *   STOP    it stops where it is
 *   GO      waits for its pager: tries again; else stopped: goes on
 *   FAULT   waits for its pager: the fault is real.  In a system call, that answers EFAULT;
 *           else an upcall if it takes one, or the end of its space
 *   END     it ends; what it received by (mailboxes, channels) goes with it, and its pages
 *           (enum fos_thread_page).  0: gone; EAGAIN: call again.  A thread that ends
 *           itself does not return; another calls END until it is gone
 *   MOVE    vCPU: it runs there from its next turn on
 *   TLS     its fs base: the caller's own, or of a thread that is not running (EBUSY)
 *   TIME    result: ns it has been running
 */
enum fos_thread_control {
    FOS_THREAD_SIGNAL = 0,
    FOS_THREAD_RAISE = 1,
    FOS_THREAD_STOP = 2,
    FOS_THREAD_GO = 3,
    FOS_THREAD_FAULT = 4,
    FOS_THREAD_END = 5,
    FOS_THREAD_MOVE = 6,
    FOS_THREAD_TLS = 7,
    FOS_THREAD_TIME = 8,
};

/*
 * device_control:
 *
 *   BIND    event slot of the calling thread: raised by the device.  ENOENT: has no event
 *   ACK     the event is armed again
 *   NOTIFY  the other end is told
 */
enum fos_device_control {
    FOS_DEVICE_BIND = 0,
    FOS_DEVICE_ACK = 1,
    FOS_DEVICE_NOTIFY = 2,
};

/* The message a pager gets, one to a fault.  The thread waits until FOS_THREAD_GO or
 * FOS_THREAD_FAULT.  `error` is the processor's (FOS_FAULT_*); a system call that met the
 * page on the thread's behalf says so by FOS_FAULT_CALL. */
enum fos_fault_error {
    FOS_FAULT_PRESENT = 1, /* the page is there but does not permit this */
    FOS_FAULT_WRITE = 2,
    FOS_FAULT_EXECUTE = 16,
    FOS_FAULT_CALL = 0x10000,
};

struct fos_fault {
    uint64_t pid;
    struct fos_cap thread;
    uint64_t address;
    uint32_t error;  /* enum fos_fault_error, and other bits */
    uint32_t vector; /* 14 */
    uint64_t instruction, stack;
};

/* Limits the kernel enforces; larger requests are refused with FOS_EINVAL or
 * FOS_EMSGSIZE and are cut into pieces by libfos. */
enum {
    FOS_MAP_PAGES_MAX = 512,    /* one map, protect or share call */
    FOS_COPY_MAX = 65536,       /* one space_copy */
    FOS_MESSAGE_MAX = 65536,    /* one mailbox_send, and half its mailbox */
    FOS_MAILBOX_SLOTS_MIN = 64, /* a power of two between these */
    FOS_MAILBOX_SLOTS_MAX = 4096,
    FOS_RING_PAGES_MAX = 16, /* a power of two up to this */
    FOS_CHANNELS_MAX = 256,  /* to one receiving thread */
    FOS_CONSOLE_IO_MAX = 1024,
};

/*
 * channel_exchange: by the receiver of a channel, dead or not: so many of its pages may be had
 * from now on for the sender's, instead of those it named before.  How many of those were.
 * By the sender: so many of its pages change places with the next of these.  0; EAGAIN:
 * so many are not left; EPERM: one on either side is absent, read-only, paid for by another
 * or mapped elsewhere too; EPIPE.
 */

/* What console_io does. */
enum fos_console_io {
    FOS_CONSOLE_IO_WRITE = 0,
    FOS_CONSOLE_IO_READ = 1,
    FOS_CONSOLE_IO_LOG = 2, /* the kernel's first output */
};

/* channel_close: the number of packets taken is of no account. */
#define FOS_TAKEN_NONE (~0ull)

enum fos_shutdown {
    FOS_SHUTDOWN_POWEROFF = 0,
    FOS_SHUTDOWN_REBOOT = 1,
    FOS_SHUTDOWN_CRASH = 3,
};

#endif
