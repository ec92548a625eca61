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
    PROC_NAME_MAX = 64, /* with its NUL */
    PROC_EXTRA_MAX = FOS_START_CAPS - FOS_START_EXTRA,
    PROC_LIST_MAX = 8,
    PROC_IMAGE_MAX = 61440,
    PROC_MEMBERS_MAX = 8,
};

#define PROC_OPS(OP)                   \
    OP(1, proc, spawn, PROC_IMAGE_MAX) \
    OP(2, proc, wait)                  \
    OP(3, proc, kill)                  \
    OP(4, proc, list)                  \
    OP(5, proc, ready)                 \
    OP(6, proc, console)               \
    OP(7, proc, stop)                  \
    OP(8, proc, beat)                  \
    OP(10, proc, members)              \
    OP(11, proc, joined)
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

/*
 * Starts a program of the boot archive, or the image that follows the struct.  The
 * quotas are paid from the account of the caller's family and go back to it when
 * the child's space is gone.  Errors: ENOENT no such program; ENOEXEC malformed;
 * EINVAL no such vCPU, bad arguments; EDQUOT account or kernel quota; EAGAIN table
 * full.
 */
struct proc_spawn_req {
    struct fos_request head;
    struct fos_cap self;
    char path[PROC_NAME_MAX];
    uint32_t argc;
    uint32_t text_size;  /* bytes of text in use: argc strings, NUL-terminated */
    uint32_t image_size; /* bytes of image behind the struct; 0: `path` */
    uint32_t vcpu;       /* or PROC_VCPU_ANY */
    uint32_t frames;     /* quota in 4 KiB frames; 0: a default */
    uint32_t objects;    /* quota of mailboxes, channels, ...; 0: a default */
    uint32_t extra;      /* capabilities in use */
    uint32_t reserved;
    struct fos_cap caps[PROC_EXTRA_MAX];
    char text[FOS_START_TEXT];
};

struct proc_spawn_rep {
    struct fos_reply head;
    uint64_t pid;
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
    int32_t status; /* exit code, or one of PROC_STATUS_... */
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

_Static_assert(sizeof(struct proc_spawn_req) + PROC_IMAGE_MAX <= FOS_MESSAGE_MAX,
               "an image and its request are one message");

#endif
