/* SPDX-License-Identifier: MIT */
/*
 * Types shared by the kernel and every process: capabilities, the pages a
 * thread shares with the kernel, and the results of the larger system calls.
 */
#ifndef FOS_ABI_TYPES_H
#define FOS_ABI_TYPES_H

#include <stdatomic.h>
#include <stdint.h>

#define FOS_PAGE_SIZE 4096ull
#define FOS_LINE_SIZE 64u

/* User addresses are FOS_USER_BASE <= va < FOS_USER_END. */
#define FOS_USER_BASE 0x10000ull
#define FOS_USER_END  0x00007ffffffff000ull

/*
 * A capability names one kernel object and proves the right to use it.  `id` is
 * public; `secret` comes from the kernel's generator and is compared in constant
 * time on every use.  A wrong secret, a dead object and an id never given out
 * all answer FOS_EPERM at the same cost.  id 0 names nothing.
 */
struct fos_cap {
    uint64_t id;
    uint64_t secret;
};

/*
 * Protection of user pages; write and execute together are refused.  With it:
 *   FOS_MAP_MINE    space_map: the caller, not the space, pays for the pages
 *   FOS_MAP_SPARSE  space_protect: absent pages are passed over; the result counts the others
 */
enum fos_prot {
    FOS_PROT_READ = 1,
    FOS_PROT_WRITE = 2,
    FOS_PROT_EXEC = 4,
    FOS_MAP_MINE = 0x100,
    FOS_MAP_SPARSE = 0x200,
};

/*
 * Doorbell page: one to a thread, writable by it, readable by the peers of its
 * channels.  A peer that has sent (or returned credit) reads `state` and, when it
 * is not AWAKE, makes the notify system call.  The sleeper protocol:
 *
 *   sleeper                              sender
 *   1. state = SLEEPING                  a. store the packet's tag
 *   2. serialize system call             b. load state
 *   3. look at every ring once more      c. not AWAKE: notify system call
 *   4. wait system call
 *   5. state = AWAKE
 *
 * The sender needs no fence between a and b: step 2 makes every other vCPU drain
 * its store buffer, so either b sees 1, or 3 sees a.  When a channel is torn down
 * the kernel swaps the mapping of this page in the peer for a page whose state is
 * DEAD; the peer's notify then answers FOS_EPIPE.
 *
 * A receiver that wants a channel back without losing a message retires it:
 *
 *   receiver                             sender
 *   1. channel_retire: the page the      a. store the packet's tag
 *      sender sees is now one that       b. load state: RETIRED
 *      says RETIRED                      c. channel_retire(packets sent)
 *   2. take what is there                   EAGAIN: they will all be taken;
 *   3. channel_close(packets taken):        else the number that was taken:
 *      EAGAIN: there is more, see c         send the others another way
 *
 * Step 1 flushes a translation of the sender's, which drains its store buffer:
 * every packet after which its load b still saw the old page is there in step 2.
 * After step 3 the sender sees DEAD, and learns the number by c.
 */
enum fos_doorbell_state {
    FOS_DOORBELL_AWAKE = 0,
    FOS_DOORBELL_SLEEPING = 1,
    FOS_DOORBELL_DEAD = 2,
    FOS_DOORBELL_RETIRED = 3,
};

struct fos_doorbell {
    _Atomic uint32_t state; /* enum fos_doorbell_state */
    uint32_t reserved[15];
};

/*
 * What a thread publishes of itself, in its doorbell page behind the doorbell:
 * counters it alone writes, by plain stores.  The kernel copies them into struct
 * fos_space_info and believes none of them; the peers of its channels can read them.
 */
struct fos_published {
    uint64_t kernel_sent, kernel_received; /* messages, through the kernel */
    uint64_t channel_sent, channel_received;
    uint64_t channels_out, channels_in; /* open now: as sender, as receiver */
    uint64_t channels_evicted;          /* retired here to make room for others */
    uint64_t transport_switches;        /* of its destinations */
    uint64_t sleep_tries, sleeps; /* said that it would sleep; then went to sleep */
    uint64_t calls_made,
        calls_served; /* requests of its own; of others, answered */
    uint64_t reserved[4];
};

/* Two lines apart: peers poll the first, and a processor fetches lines in pairs. */
struct fos_doorbell_page {
    struct fos_doorbell doorbell;
    uint8_t unused[FOS_LINE_SIZE];
    struct fos_published published;
};

/* `doorbell` stands at the beginning of its page. */
static inline struct fos_published *fos_published_of(struct fos_doorbell *doorbell)
{
    return &((struct fos_doorbell_page *)doorbell)->published;
}

/* What channel_connect and channel_accept give.  See libfos, fos/packet.h, for the ring. */
struct fos_channel_info {
    struct fos_cap channel; /* for notify, channel_retire and channel_close */
    uint64_t mailbox;       /* id of the receiving mailbox */
    uint64_t peer;          /* pid of the other side */
    uint32_t ring_pages;
    uint32_t limit; /* bytes of the longest message the receiver takes */
};

/*
 * Event page: one to a thread, private to it and the kernel.  The kernel sets bits,
 * the thread takes them with an atomic exchange.  A bit is level: it stays set
 * until taken, so no event is lost and none needs a buffer.
 *
 * Signals are a second such word.  The kernel adds bits (FOS_THREAD_SIGNAL), the thread takes
 * them.  When the thread is about to run user code, and
 *
 *   signals & ~blocked is not 0, hold is 0, upcall is not 0,
 *
 * the kernel sets hold to 1, writes a struct fos_frame below the stack's red zone, and goes on
 * at `upcall` with rdi = the frame, rsi = the struct fos_events, rsp = frame - 8 (aligned as at
 * a function's entry).  The stack is the thread's own, or, if upcall_stack_size is not 0 and
 * rsp is not there already, the upcall_stack_size bytes below upcall_stack.
 * A fault of the processor (vector below 32) comes the same way whatever is blocked; with
 * hold set, or without an upcall, it ends the space.  The thread goes back without a system
 * call: fos/upcall.h.  While signals & ~blocked is not 0, wait answers EINTR at once, whatever
 * hold says.
 */
struct fos_events {
    _Atomic uint64_t pending;
    _Atomic uint64_t signals; /* bit n - 1: signal n */
    _Atomic uint64_t blocked; /* the thread's, as all below */
    _Atomic uint32_t hold;
    _Atomic uint32_t crowded; /* set by the kernel: others are ready on this vCPU */
    uint64_t upcall;          /* address; 0 none */
    uint64_t upcall_stack;    /* address of its end, the first byte behind it */
    uint64_t upcall_stack_size;
    /* The channel that was accepted for the thread where it had offered addresses
     * (channel_accept); channel.id, written last, is the thread's to clear when it has
     * read the rest. */
    struct fos_channel_info accepted;
    _Atomic uint32_t
        waiting; /* channels it has to accept itself; set by the kernel */
    uint32_t reserved;
};

/* What an upcall interrupted.  vector FOS_VECTOR_NONE: signals only; else the processor's fault
 * that the thread has met, with its error code and address. */
struct fos_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi,
        rdi;
    uint64_t rip, rflags, rsp;
    uint64_t vector, error, address;
    uint64_t reserved;
};

enum { FOS_RED_ZONE = 128, FOS_VECTOR_NONE = 256 };

/* Bits of fos_events.pending.  Slots from EVENT_FIRST_FREE are the process's own,
 * named in space_control, thread_control and device_control. */
enum fos_event {
    FOS_EVENT_CHANNEL = 0, /* a channel waits to be accepted, or a peer closed */
    FOS_EVENT_NOTIFY = 1,  /* a peer called notify */
    FOS_EVENT_ROOM = 2,    /* a channel to here was refused for lack of room */
    FOS_EVENT_PARK = 7,    /* another thread of the process says: look again */
    FOS_EVENT_FIRST_FREE = 8,
    FOS_EVENT_COUNT = 64,
};

/* What space_status tells about a space. */
enum fos_space_state {
    FOS_SPACE_RUNNING = 0,
    FOS_SPACE_EXITED = 1,  /* exit system call; code holds its argument */
    FOS_SPACE_FAULTED = 2, /* a thread faulted; vector.. describe it */
    FOS_SPACE_KILLED = 3,  /* space_destroy was called */
};

/* What a thread is doing.  Of the threads of a space the busiest is told. */
enum fos_thread_state {
    FOS_THREAD_RUNNING = 0,
    FOS_THREAD_READY = 1,    /* waits for its vCPU */
    FOS_THREAD_WAITING = 2,  /* in the wait system call */
    FOS_THREAD_FAULTING = 3, /* waits for its pager */
    FOS_THREAD_STOPPED = 4,  /* by thread_control, space_control, or made so */
    FOS_THREAD_ENDED = 5,    /* or its space has; or there is none */
};

/* A fault's address is the faulting data address for a page fault, else 0.
 * Vectors and error codes are the processor's (Intel SDM volume 3, 6.15). */
struct fos_space_info {
    uint32_t state; /* enum fos_space_state */
    int32_t code;
    uint32_t vector, error_code;
    uint64_t address, instruction, stack;
    uint64_t pid;         /* public number of the space */
    uint64_t syscalls;    /* made so far */
    uint32_t frames_used; /* charged now, of frames_quota */
    uint32_t frames_quota;
    uint32_t objects_used;
    uint32_t objects_quota;
    uint64_t mailbox_full; /* kernel sends refused because a mailbox was full */

    /* Its threads that are still there.  Times are sums over them, and make up the
     * time since their start; they are taken when a thread changes its state. */
    uint32_t threads;
    uint32_t thread_state; /* enum fos_thread_state */
    uint32_t vcpu;         /* of the thread whose state that is */
    uint32_t mapped;       /* pages in the space, whoever is charged for them */
    uint64_t ns_running, ns_ready, ns_waiting;
    struct fos_published published; /* sums of what they say, true or not */
};

/* What kernel_info tells: the system's resource balance and clocks. */
struct fos_kernel_info {
    uint64_t monotonic_ns, wall_ns; /* since boot; since 1970 */
    uint64_t tsc_hz;
    uint64_t frames_total, frames_free;
    uint32_t vcpus;
    uint32_t spaces, threads, mailboxes, channels, devices;
    uint32_t vcpu_current; /* where the caller runs */
    uint32_t frames_pools; /* in the kernel's pools of objects, which only grow */
};

/*
 * The start page: what a process is given, at the address in %rdi at its entry.
 * caps[0] is its own space; the others are by agreement with its creator.  Strings
 * lie in the start block: argc arguments, envc strings of the environment, each
 * NUL-terminated, text_size bytes in all; behind them, at the next multiple of
 * FOS_START_ALIGN, inherit_size bytes from the creator's libfos to this one.
 */
enum {
    FOS_START_CAPS = 40,
    FOS_START_NAME = 64,
    FOS_START_ALIGN = 16,
    FOS_START_BLOCK_MAX = 262144, /* bytes of a start block */
    FOS_SIGNALS = 65,             /* 1..64 are signals */
};

enum fos_start_cap {
    FOS_START_SPACE = 0,
    FOS_START_PROC = 1,    /* mailbox of the process fleet */
    FOS_START_CONSOLE = 2, /* mailbox of the console fleet */
    FOS_START_TICKET = 3,  /* says who this process is (libfos: fos/ticket.h) */
    FOS_START_THREAD = 4,  /* its first thread */
    FOS_START_MEM = 5, /* mailbox of the memory fleet's member; id 0: its memory is
                            * its own business */
    FOS_START_FS = 6,  /* mailbox of the filesystem fleet */
    FOS_START_CONTROL =
        7, /* of a fleet: what the process fleet proves itself with */
    FOS_START_TICKETS = 8, /* of a fleet: the key of tickets, two words */
    FOS_START_EXTRA = 9,   /* first of those the parent passed on */
};

/* Why a signal is pending, written before it is: its last sender. */
struct fos_signal_info {
    uint64_t pid;   /* of the sender, or of the child that SIGCHLD tells of */
    int32_t code;   /* si_code */
    int32_t status; /* of that child, as waitpid gives it */
    uint64_t value; /* of sigqueue */
};

struct fos_start {
    uint64_t pid;
    uint32_t vcpu;
    uint32_t vcpus; /* how many there are */
    uint32_t argc, envc;
    uint32_t extra; /* how many caps the parent passed on */
    uint32_t reserved;
    uint64_t doorbell, events; /* addresses of the thread's pages (syscalls.h) */
    uint64_t trace;
    uint64_t heap_start; /* first free address after the image */
    uint64_t block;      /* address of the start block; 0: there is none */
    uint32_t text_size, inherit_size;
    uint64_t parent, group, session; /* at the start; libfos keeps them current */
    uint64_t tsc_hz, tsc_then, ns_then, spin_cycles; /* fos/sleep.h; 0: unknown */
    struct fos_cap caps[FOS_START_CAPS];
    char name[FOS_START_NAME];
    struct fos_signal_info signal_info[FOS_SIGNALS];
};

#ifndef __cplusplus
_Static_assert(sizeof(struct fos_doorbell) == FOS_LINE_SIZE, "one line");
_Static_assert(sizeof(struct fos_published) == 2 * FOS_LINE_SIZE, "two lines");
_Static_assert(sizeof(struct fos_space_info) % sizeof(uint64_t) == 0, "no padding");
_Static_assert(sizeof(struct fos_frame) % 16 == 0,
               "a frame keeps the stack's alignment");
_Static_assert(sizeof(struct fos_start) <= FOS_PAGE_SIZE, "one page");
#endif

#endif
