/* SPDX-License-Identifier: MIT */
/*
 * The naming fleet's protocol: what an alias stands for.
 *
 * A client sends a write (all requests but lookup and list) to the alias's
 * authority, a look-up to any member that holds it; both follow from the view that
 * the process fleet gives (proc_members) and from name_rank.  A member that is not,
 * or not yet, the right one answers EAGAIN: ask for the view again.
 *
 * EACCES is this protocol's "the ticket or the secret does not allow it", because
 * EPERM is what a send to a dead member gives.
 */
#ifndef FOS_PROTO_NAME_H
#define FOS_PROTO_NAME_H

#include <stdbool.h>

#include <fos/proto/proc.h>
#include <fos/proto/rpc.h>
#include <fos/siphash.h>

/* For processes. */
#define NAME_CLIENT_OPS(OP) \
    OP(1, name, register)   \
    OP(2, name, update)     \
    OP(3, name, unregister) \
    OP(4, name, renew)      \
    OP(5, name, lookup)     \
    OP(6, name, list)

/* From the process fleet, and among members; all without a reply. */
#define NAME_MEMBER_OPS(OP)                                       \
    OP(16, name, view)                                            \
    OP(17, name, ended)                                           \
    OP(18, name, copy, NAME_COPY_MAX * sizeof(struct name_entry)) \
    OP(19, name, copied)                                          \
    OP(20, name, filled)

#define NAME_OPS(OP) NAME_CLIENT_OPS(OP) NAME_MEMBER_OPS(OP)

FOS_PROTOCOL(name, 1, NAME_OPS)

enum {
    NAME_PATH_MAX = 64, /* with its NUL */
    NAME_CHAIN_MAX = 8, /* links followed by a look-up */
    NAME_LIST_MAX = 32,
    NAME_COPY_MAX = 12,    /* entries of one copy message */
    NAME_LIVING_MAX = 136, /* processes there may be at once */
    NAME_COPIES = 2,       /* members that hold an entry */
    NAME_PER_OWNER = 128,  /* registrations of one process that a member holds */
    NAME_LEFT_MAX = 1 << 30,
};

#define NAME_NEVER UINT64_MAX /* expiry of an entry without a lease */

/*
 * An alias: 128 bits.  Those made of a path have FOS_ALIAS_PATH set and come with the
 * path, so that nobody can take a path's alias without its name; others are numbers
 * that whoever registers them has chosen.
 */
struct fos_alias {
    uint64_t word[2];
};

#define FOS_ALIAS_PATH (1ull << 63) /* in word[0] */

static inline bool fos_alias_equal(struct fos_alias a, struct fos_alias b)
{
    return a.word[0] == b.word[0] && a.word[1] == b.word[1];
}

enum name_kind { NAME_NONE = 0, NAME_MAILBOX = 1, NAME_LINK = 2 };

enum name_flags {
    NAME_PUBLIC = 1, /* the capability may be deposited, and is given to anybody */
    NAME_FLAGS = 1,
};

/* What an alias stands for.  Host 0 is the one the member runs on. */
struct name_value {
    uint32_t kind;    /* enum name_kind */
    uint32_t flags;   /* enum name_flags */
    uint64_t word[2]; /* NAME_MAILBOX: host, id of the mailbox; NAME_LINK: alias */
    uint64_t secret;  /* with `id` the deposited capability; 0: none is */
};

/*
 * Registers an alias that stands for nothing yet.  `ticket` is the caller's
 * fos_start cap FOS_START_TICKET; the entry goes with the process, and, when
 * lease_ns is not 0, after that time unless renewed.  `token` tells a repetition of
 * this request (answered with the same secret) from another's.  EEXIST; EACCES the
 * ticket is false, or is an app's for a path under /sys/ or another host; EINVAL
 * the alias is not the path's, or the value makes no sense; ELOOP a link to itself,
 * by whatever detour this member knows; EDQUOT; ENOSPC; EAGAIN.
 */
struct name_register_req {
    struct fos_request head;
    uint64_t
        view; /* the number of the client's: writes are taken in that one alone,
                    * so that a late repetition cannot undo what came after it */
    struct fos_cap ticket;
    struct fos_alias alias;
    struct name_value value;
    uint64_t lease_ns;
    uint64_t token;
    char path[NAME_PATH_MAX]; /* empty for an alias without FOS_ALIAS_PATH */
};

struct name_register_rep {
    struct fos_reply head;
    uint64_t secret; /* the right to change the registration */
};

/* Gives a registration another value: a mailbox that moved, a new capability for
 * the depot, another target.  ENOENT; EACCES wrong secret; EINVAL; ELOOP. */
struct name_update_req {
    struct fos_request head;
    uint64_t view;
    struct fos_alias alias;
    uint64_t secret;
    struct name_value value;
};

struct name_update_rep {
    struct fos_reply head;
};

/* Ends a registration.  ENOENT; EACCES wrong secret. */
struct name_unregister_req {
    struct fos_request head;
    uint64_t view;
    struct fos_alias alias;
    uint64_t secret;
};

struct name_unregister_rep {
    struct fos_reply head;
};

/* The lease lasts `lease_ns` from now; 0: as long as the process.  As update. */
struct name_renew_req {
    struct fos_request head;
    uint64_t view;
    struct fos_alias alias;
    uint64_t secret;
    uint64_t lease_ns;
};

struct name_renew_rep {
    struct fos_reply head;
};

/* What an alias stands for; a link is not followed.  ENOENT.  The result is 0 when the
 * entry has no lease, else 1 and the whole milliseconds that are left of it, at most
 * NAME_LEFT_MAX: so the reply is one packet. */
struct name_lookup_req {
    struct fos_request head;
    struct fos_alias alias;
};

struct name_lookup_rep {
    struct fos_reply head;
    struct name_value value;
};

/* The entries this member is the authority of, from the `from`-th place on. */
struct name_list_req {
    struct fos_request head;
    uint32_t from;
    uint32_t reserved;
};

struct name_listed {
    struct fos_alias alias;
    uint32_t kind, flags;
    uint64_t word[2];
    uint64_t pid;
    uint64_t left_ns; /* of the lease; NAME_NEVER: there is none */
    char path[NAME_PATH_MAX];
};

struct name_list_rep {
    struct fos_reply head;
    uint32_t count;
    uint32_t next; /* `from` of the next request; 0: that was all */
    struct name_listed entries[NAME_LIST_MAX];
};

/* ---- between the process fleet and members, and among members ---- */

/* What they all know and nobody else: at the head of each of these messages. */
struct name_control {
    uint64_t word[2];
};

/* The view from now on.  From the process fleet, and passed on by members ahead of
 * their first message in it. */
struct name_view_req {
    struct fos_request head;
    struct name_control control;
    struct proc_view view;
};

/* Processes have ended: of all those with a pid up to `last`, only these live.  Pids are
 * given in order, and none is given again. */
struct name_ended_req {
    struct fos_request head;
    struct name_control control;
    uint64_t last;
    uint32_t count;
    uint32_t reserved;
    uint64_t living[NAME_LIVING_MAX];
};

/* An entry, wholly.  value.kind NAME_NONE in a copy: there is none any more. */
struct name_entry {
    struct fos_alias alias;
    struct name_value value;
    uint64_t owner;   /* id of the ticket */
    uint64_t token;   /* of its register request */
    uint64_t secret;  /* the right to change it */
    uint64_t expires; /* monotonic nanoseconds, or NAME_NEVER */
    char path[NAME_PATH_MAX];
};

/* `count` entries, which follow, from their authority to another that holds them.
 * Answered by `copied` unless sequence is 0. */
struct name_copy_req {
    struct fos_request head;
    struct name_control control;
    uint64_t view, sequence;
    uint32_t from; /* slot of the sender */
    uint32_t count;
    uint32_t refusable; /* 1: new, not to be taken where the table is full */
    uint32_t reserved;
};

struct name_copied_req {
    struct fos_request head;
    struct name_control control;
    uint64_t view, sequence;
    uint32_t from;
    int32_t result; /* 0, or -FOS_ENOSPC: not taken */
};

/* Everything that `from` is the authority of has been copied in this view. */
struct name_filled_req {
    struct fos_request head;
    struct name_control control;
    uint64_t view;
    uint32_t from;
    uint32_t reserved;
};

/* Never sent: each op has one. */
struct name_view_rep {
    struct fos_reply head;
};
struct name_ended_rep {
    struct fos_reply head;
};
struct name_copy_rep {
    struct fos_reply head;
};
struct name_copied_rep {
    struct fos_reply head;
};
struct name_filled_rep {
    struct fos_reply head;
};

/* ---- which members hold an alias ---- */

/* Murmur3's finaliser (Appleby). */
static inline uint64_t name_mix(uint64_t x)
{
    x = (x ^ x >> 33) * 0xff51afd7ed558ccdull;
    x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ull;
    return x ^ x >> 33;
}

static inline uint64_t name_weight(struct fos_alias alias, unsigned slot)
{
    uint64_t of = name_mix(alias.word[0] + 0x9e3779b97f4a7c15ull * (slot + 1));

    return name_mix(of ^ alias.word[1]);
}

/* The slot of highest weight among the bits of `among`, or -1: rendezvous hashing
 * (Thaler and Ravishankar 1998). */
static inline int name_best(struct fos_alias alias, uint32_t among)
{
    uint64_t most = 0;
    int best = -1;

    for (unsigned slot = 0; slot < PROC_MEMBERS_MAX; slot++) {
        if (!(among >> slot & 1))
            continue;
        uint64_t weight = name_weight(alias, slot);
        if (best < 0 || weight > most) {
            best = (int)slot;
            most = weight;
        }
    }
    return best;
}

/* The NAME_COPIES best, as bits. */
static inline uint32_t name_homes(struct fos_alias alias, uint32_t among)
{
    uint32_t homes = 0;

    for (int i = 0; i < NAME_COPIES; i++) {
        int best = name_best(alias, among & ~homes);
        if (best >= 0)
            homes |= 1u << best;
    }
    return homes;
}

/* The slots in a state, as bits. */
static inline uint32_t name_slots_in(const struct proc_view *view, uint32_t state)
{
    uint32_t found = 0;

    for (unsigned slot = 0; slot < PROC_MEMBERS_MAX; slot++)
        if (view->members[slot].state == state)
            found |= 1u << slot;
    return found;
}

_Static_assert(sizeof(struct name_list_rep) <= FOS_REPLY_MAX, "replies are small");
_Static_assert(sizeof(struct name_lookup_rep) <= 56, "one packet's payload");

#endif
