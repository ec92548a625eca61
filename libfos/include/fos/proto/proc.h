/* SPDX-License-Identifier: MIT */
/*
 * The process fleet's protocol.
 *
 * A caller proves who it is with the capability of its own space (`self`), which
 * only it, the kernel and the process fleet know.
 */
#ifndef FOS_PROTO_PROC_H
#define FOS_PROTO_PROC_H

#include <fos/abi/syscalls.h>
#include <fos/proto/fleet.h>

enum {
    PROC_NAME_MAX = FOS_START_NAME, /* with its NUL */
    PROC_EXTRA_MAX = FOS_START_CAPS - FOS_START_EXTRA,
    PROC_LIST_MAX = 8,
    PROC_MORE_MAX = 61440,     /* bytes behind a spawn's or an exec's struct */
    PROC_TEXT_MAX = 131072,    /* bytes of arguments and environment */
    PROC_ARGS_MAX = 16384,     /* strings of them */
    PROC_IMAGE_MAX = 64 << 20, /* bytes of an image in the caller's memory */
    PROC_MEMBERS_MAX = 8,
};

#define PROC_OPS(OP)                  \
    OP(1, proc, spawn, PROC_MORE_MAX) \
    OP(2, proc, wait)                 \
    OP(3, proc, kill)                 \
    OP(4, proc, list)                 \
    OP(5, proc, ready)                \
    OP(6, proc, console)              \
    OP(7, proc, stop)                 \
    OP(8, proc, beat)                 \
    OP(10, proc, members)             \
    OP(11, proc, joined)              \
    OP(12, proc, exec, PROC_MORE_MAX) \
    OP(13, proc, fork)                \
    OP(14, proc, waitpid)             \
    OP(15, proc, signal)              \
    OP(16, proc, group)               \
    OP(17, proc, ids)                 \
    OP(18, proc, usage)               \
    OP(19, proc, children)            \
    OP(20, proc, suspend)             \
    OP(21, proc, place)               \
    OP(22, proc, timer)               \
    OP(23, proc, limit)
FOS_PROTOCOL(proc, 1, PROC_OPS)

#define PROC_VCPU_ANY 0xffffffffu

/* Exit statuses that no program chose. */
enum {
    PROC_STATUS_UNUSABLE = 125, /* the machine */
    PROC_STATUS_NOT_FOUND = 127,
    PROC_STATUS_KILLED = 137,
    PROC_STATUS_FAULT = 139,
    PROC_STATUS_STOPPED = 143,
};

/* Added to the code of the exit system call: the process ends by the signal whose
 * number is in the low bits, its default action. */
enum { PROC_EXIT_SIGNAL = 256 };

/* Process group of a new process: that of its creator, a new one, or a number. */
#define PROC_GROUP_SAME  (~0ull)
#define PROC_GROUP_NEW   0ull
#define PROC_SESSION_NEW (~1ull)

/*
 * What to run.  The start block (abi/types.h, struct fos_start) and the image lie in
 * the caller's memory, or, where the address is 0, behind the request's struct: the
 * block first, then, at a multiple of FOS_START_ALIGN, the image.
 */
struct proc_image {
    char path[PROC_NAME_MAX]; /* name in the boot archive; else of the process */
    uint64_t block;           /* address, a multiple of FOS_START_ALIGN; or 0 */
    uint32_t text_size, inherit_size; /* bytes in use */
    uint32_t argc, envc;
    uint64_t image;      /* address, or 0 */
    uint32_t image_size; /* bytes; 0: `path` in the boot archive */
    uint32_t reserved;
};

/*
 * Starts a program of the boot archive, or an image.  The quotas are paid from the
 * account of the caller's family and go back to it when the child's space is gone.
 * Errors: ENOENT no such program; ENOEXEC malformed; EINVAL no such vCPU, bad
 * arguments; EFAULT the caller's memory; E2BIG; EDQUOT account or kernel quota;
 * EAGAIN table full; EPERM no such process group in the caller's session.
 */
struct proc_spawn_req {
    struct fos_request head;
    struct fos_cap self;
    struct proc_image what;
    uint64_t group;   /* PROC_GROUP_..., PROC_SESSION_NEW, or a process group */
    uint32_t vcpu;    /* or PROC_VCPU_ANY */
    uint32_t frames;  /* quota in 4 KiB frames; 0: a default */
    uint32_t objects; /* quota of mailboxes, channels, ...; 0: a default */
    uint32_t extra;   /* capabilities in use */
    struct fos_cap caps[PROC_EXTRA_MAX];
};

struct proc_spawn_rep {
    struct fos_reply head;
    uint64_t pid;
};

/*
 * Replaces the caller's program: threads, mailboxes, mappings go; number, parent,
 * group, session, quotas and capabilities passed on stay.  The answer is an error
 * (as above) and nothing has changed, or never comes.
 */
struct proc_exec_req {
    struct fos_request head;
    struct fos_cap self;
    struct proc_image what;
};

struct proc_exec_rep {
    struct fos_reply head;
};

/*
 * A child with a copy of the caller's memory, but for the pages from FOS_PAGES_BASE
 * on.  Its one thread starts at `entry` with that stack, argument and fs base.  `events`
 * is the address of the calling thread's struct fos_events, `first` a set of signals.
 * ENOSYS: the caller's memory is its own business.  EDQUOT, EAGAIN, ENOMEM.  EINTR: one
 * of `first` is pending there.
 */
struct proc_fork_req {
    struct fos_request head;
    struct fos_cap self;
    uint64_t entry, stack, argument, tls;
    uint64_t events, first;
};

struct proc_fork_rep {
    struct fos_reply head;
    uint64_t pid;
};

/* What a process, or all children it has waited for, have used. */
struct proc_usage {
    uint64_t ns_running, ns_waiting; /* ready, but another had the vCPU */
    uint64_t system_calls;
    uint64_t frames; /* the most of one process, mapped at its end */
};

/* pid as waitpid's.  Answers when there is one to tell of.  pid 0: none now, and
 * PROC_WAIT_NOHANG was given.  ECHILD; EINTR the wait was cancelled. */
enum {
    PROC_WAIT_NOHANG = 1,
    PROC_WAIT_UNTRACED = 2,
    PROC_WAIT_CONTINUED = 8,
    PROC_WAIT_NOWAIT = 16,     /* it can be waited for again */
    PROC_WAIT_NOT_EXITED = 32, /* stopped and continued ones alone */
};

struct proc_waitpid_req {
    struct fos_request head;
    struct fos_cap self;
    int64_t pid;
    uint32_t options;
    uint32_t reserved;
};

struct proc_waitpid_rep {
    struct fos_reply head;
    uint64_t pid;
    uint32_t status; /* PROC_WAIT_... of below, as sys/wait.h takes it apart */
    uint32_t reserved;
    struct proc_usage usage;
};

static inline uint32_t proc_wait_exited(uint32_t code)
{
    return (code & 0xff) << 8;
}

static inline uint32_t proc_wait_signaled(uint32_t signal)
{
    return signal & 0x7f;
}

static inline uint32_t proc_wait_stopped(uint32_t signal)
{
    return (signal & 0xff) << 8 | 0x7f;
}

#define PROC_WAIT_STATUS_CONTINUED 0xffffu

/*
 * Sends a signal (1 to 31; 0: none, only looks) as kill does: to process pid, to the
 * caller's group (0), to all it may (-1), to group -pid.  A process may signal its
 * own family, the console every app, both only apps.  ESRCH, EPERM, EINVAL.
 */
struct proc_signal_req {
    struct fos_request head;
    struct fos_cap self;
    int64_t pid;
    uint32_t signal;
    int32_t code;   /* si_code: of kill or sigqueue */
    uint64_t value; /* of sigqueue */
};

struct proc_signal_rep {
    struct fos_reply head;
};

/* setpgid, or with PROC_SESSION_NEW setsid.  pid 0: the caller; else a child that
 * has not called exec.  ESRCH; EPERM; EACCES it has called exec. */
struct proc_group_req {
    struct fos_request head;
    struct fos_cap self;
    uint64_t pid;
    uint64_t group; /* PROC_GROUP_NEW, PROC_SESSION_NEW, or a number */
};

struct proc_group_rep {
    struct fos_reply head;
    uint64_t group;
};

/* Who process pid (0: the caller) is.  ESRCH. */
struct proc_ids_req {
    struct fos_request head;
    struct fos_cap self;
    uint64_t pid;
};

struct proc_ids_rep {
    struct fos_reply head;
    uint64_t parent; /* 1 (this fleet) when that is gone */
    uint64_t group, session;
};

/* What the caller and the children it has waited for have used. */
struct proc_usage_req {
    struct fos_request head;
    struct fos_cap self;
};

struct proc_usage_rep {
    struct fos_reply head;
    struct proc_usage self, children;
};

/* Without this, a child's end sends its parent no SIGCHLD. */
enum {
    PROC_CHILDREN_TELL = 1,   /* by SIGCHLD */
    PROC_CHILDREN_FORGET = 2, /* they leave nothing to wait for */
    PROC_CHILDREN_NOSTOP = 4, /* no SIGCHLD when they stop or go on */
};

struct proc_children_req {
    struct fos_request head;
    struct fos_cap self;
    uint32_t flags;
    uint32_t reserved;
};

struct proc_children_rep {
    struct fos_reply head;
};

/* The default action of a stop signal: the caller is stopped.  The answer comes when
 * it goes on. */
struct proc_suspend_req {
    struct fos_request head;
    struct fos_cap self;
    uint32_t signal;
    uint32_t reserved;
};

struct proc_suspend_rep {
    struct fos_reply head;
};

/* The caller's timer of real time: SIGALRM in left_ns (0: none) and then every
 * interval_ns (0: once).  The reply tells what it was.  set 0: only asks. */
struct proc_timer_req {
    struct fos_request head;
    struct fos_cap self;
    uint64_t left_ns, interval_ns;
    uint32_t set;
    uint32_t reserved;
};

struct proc_timer_rep {
    struct fos_reply head;
    uint64_t left_ns, interval_ns;
};

/* The caller, and its children to come, make no process while its family has `now` or
 * more, and may raise that to `most`.  EPERM `most` is above what it was; EINVAL `now` is
 * above `most`. */
struct proc_limit_req {
    struct fos_request head;
    struct fos_cap self;
    uint32_t now, most;
};

struct proc_limit_rep {
    struct fos_reply head;
};

/* The vCPUs, as bits, that process pid (0: the caller) may run on; set 0: only asks.
 * Its first thread moves if it has to.  ESRCH, EPERM, EINVAL. */
struct proc_place_req {
    struct fos_request head;
    struct fos_cap self;
    uint64_t pid;
    uint64_t set;
};

struct proc_place_rep {
    struct fos_reply head;
    uint64_t set;
    uint32_t vcpu; /* where it is */
    uint32_t reserved;
};

/* Answers when descendant `pid` has ended; its number is then free.  Errors: EPERM
 * no such descendant; EBUSY another is waiting for it. */
struct proc_wait_req {
    struct fos_request head;
    struct fos_cap self;
    uint64_t pid;
};

struct proc_wait_rep {
    struct fos_reply head;
    int32_t status; /* exit code, 128 + signal, or one of PROC_STATUS_... */
    uint32_t faulted;
    struct fos_space_info info; /* state, fault, use of resources at the end */
};

/* Ends descendant `pid`.  EPERM: no such descendant. */
struct proc_kill_req {
    struct fos_request head;
    struct fos_cap self;
    uint64_t pid;
};

struct proc_kill_rep {
    struct fos_reply head;
};

/* The processes from the `from`-th on; the first is the process fleet itself. */
struct proc_list_req {
    struct fos_request head;
    struct fos_cap self;
    uint32_t from;
    uint32_t reserved;
};

struct proc_entry {
    uint64_t pid, parent;
    uint32_t vcpu;
    uint32_t ended; /* 1: waits to be waited for */
    uint64_t group, session;
    uint32_t stopped; /* 1: by a signal */
    uint32_t mem;     /* its member of the memory fleet: slot plus one; 0: none */
    char name[PROC_NAME_MAX];
    struct fos_space_info info; /* now, or at its end */
    struct fleet_load load;     /* of a fleet's member, as it said last */
};

struct proc_list_rep {
    struct fos_reply head;
    uint32_t count; /* entries below */
    uint32_t next;  /* `from` of the next request; 0: that was all */
    struct proc_entry entries[PROC_LIST_MAX];
};

/* A fleet of the boot manifest tells that it serves, and where. */
struct proc_ready_req {
    struct fos_request head;
    struct fos_cap self;
    struct fos_cap mailbox;
};

struct proc_ready_rep {
    struct fos_reply head;
};

/* The console's mailbox now: it changes when the console is restarted. */
struct proc_console_req {
    struct fos_request head;
    struct fos_cap self;
};

struct proc_console_rep {
    struct fos_reply head;
    struct fos_cap mailbox;
};

/* From the store fleet alone: end everything, then the machine. */
struct proc_stop_req {
    struct fos_request head;
    struct fos_cap self;
    uint32_t reason; /* enum fos_shutdown: poweroff or reboot */
    uint32_t reserved;
};

struct proc_stop_rep {
    struct fos_reply head;
};

/* From a fleet's member, without a reply: how busy it is. */
struct proc_beat_req {
    struct fos_request head;
    struct fos_cap self;
    struct fleet_load load;
};

struct proc_beat_rep {
    struct fos_reply head;
};

/*
 * The members of a fleet.  A slot is a member's place; who dies is replaced in it.
 * The view's number grows with each change of any of its fleet's states.
 */
enum proc_member_state {
    PROC_MEMBER_DOWN = 0,
    PROC_MEMBER_JOINING = 1, /* alive, does not yet know what the others know */
    PROC_MEMBER_ACTIVE = 2,
};

struct proc_member {
    struct fos_cap mailbox; /* id 0 when DOWN */
    uint64_t pid;
    uint32_t state; /* enum proc_member_state */
    uint32_t reserved;
};

struct proc_view {
    uint64_t number;
    uint32_t slots; /* in use: members[0..slots - 1] */
    uint32_t reserved;
    struct proc_member members[PROC_MEMBERS_MAX];
};

/* The members of the fleet of that name, for any process.  ENOENT. */
struct proc_members_req {
    struct fos_request head;
    char fleet[PROC_NAME_MAX];
};

struct proc_members_rep {
    struct fos_reply head;
    struct proc_view view;
};

/* From a JOINING member: in view `number` it has come to know everything.  The
 * answer is a new view, or none when that view is over. */
struct proc_joined_req {
    struct fos_request head;
    struct fos_cap self;
    uint64_t number;
};

struct proc_joined_rep {
    struct fos_reply head;
};

_Static_assert(sizeof(struct proc_spawn_req) + PROC_MORE_MAX <= FOS_MESSAGE_MAX,
               "an image and its request are one message");

#endif
