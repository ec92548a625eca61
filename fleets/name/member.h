/* SPDX-License-Identifier: MIT */
/*
 * A naming member: the state machine, without the means by which it is reached.
 * Requests and messages go in by the functions below, what it sends goes out by
 * struct member_io.  One thread.
 *
 * The process fleet alone says who is a member and in which state (struct proc_view;
 * a process it calls dead is dead).  Among the ACTIVE members of a view the one with
 * the highest weight for an alias (name_best) is its AUTHORITY.  Its HOLDERS are the
 * two best ACTIVE ones, and each JOINING one that would be among the two best if it were
 * ACTIVE too.
 *
 *   absent --(process fleet: JOINING)--> empty, takes copies, answers nobody
 *          --(`filled` from all ACTIVE members of this view; `joined` to the process
 *             fleet; its next view: ACTIVE)--> holder, authority
 *   The first member of all is ACTIVE at once: there is nothing to know.
 *
 * A write: checked by the authority (write_begin) -> copies sent to the other holders
 * (writes_send) -> all have answered (member_copied) -> in the authority's table, and
 * answered.  A new view while it is under way: sent again if this member still is the
 * authority, else given up with EAGAIN (writes_review).
 *
 * Invariants
 *
 *  N1. An alias has one authority in a view, and a member acts only in its view: a
 *      copy or an answer of another view is thrown away.  So a write of an authority
 *      that is none any more is never acknowledged.
 *
 *  N2. A write is acknowledged when every holder of the authority's view has it.  A
 *      holder refuses (by N1) once it has entered a later view; so every acknowledged
 *      write is known to all who may be authority in the next.
 *
 *  N3. All copies of an alias in a view come from its authority, in order (one way
 *      from member to member keeps order).  A copy says how things are, not what has
 *      changed: deletions need no tombstones.
 *
 *  N4. On entering a view (view_enter) a member forgets what it is no holder of, and a
 *      JOINING one everything; the authority then copies all its entries to their
 *      other holders, and says `filled`.  What a holder has in the place of that
 *      authority that was not copied in this view is forgotten then.  A write sent but not
 *      committed counts as copied, its old entry is not sent after it.
 *
 *  N5. An alias that is not there is unregistered all the same, at every holder,
 *      before ENOENT is answered: a holder not yet filled (N4) must not bring it back.
 *
 *  N6. Expiry and the end of an owner take an entry away at each holder by itself:
 *      the clock and the process's end are the same for all.  A member knows which
 *      processes live among those up to the last that has ended, and puts in nothing
 *      of another of these, however long ago that ended and whenever itself began.
 *
 *  N7. "There is no such name" is said by the authority alone; "here it is" by any
 *      ACTIVE holder.  It may see a write a moment before it is acknowledged.
 *
 *  N8. A write is taken only from a client that knows the present view.  So a request
 *      that was delayed and has been repeated elsewhere is thrown away, and what
 *      came after it stays: within a view a client's requests for an alias go to one
 *      member, in order.
 *
 * A member of two that dies loses nothing: the other has all (N2), and is the authority
 * in the next view.  Both, or one while the other is JOINING: then it is lost.
 */
#ifndef NAME_MEMBER_H
#define NAME_MEMBER_H

#include <fos/service.h>

#include "table.h"

enum {
    WRITES_MAX = 64,
    WRITES_APPS =
        48, /* of these, of apps' names, and of names that are not there */
    WRITES_OF_ONE = 8, /* of one owner's names, or of those that are not there */
};

struct member_io {
    /* To the member of that slot, in the order of the calls.  0, also when it is
     * gone; EAGAIN: it has no room now. */
    int (*send)(unsigned slot, const struct proc_member *to, const void *message,
                size_t length);
    void (*answer)(const struct fos_caller *caller, long result, void *reply,
                   size_t length);
    void (*joined)(uint64_t view);
    uint64_t (*now)(void);
};

/* A write under way: the entry as it will be; kind NAME_NONE: there will be none. */
struct write {
    bool used;
    bool fresh;  /* of an alias that had no entry: a holder may refuse it */
    uint32_t op; /* of the request */
    uint32_t unsent, waiting; /* slots, as bits */
    uint64_t sequence, sent_at;
    long result; /* for the caller when all have it */
    struct name_entry entry;
    struct fos_caller caller;
};

/* The copying of all entries to one other member (N4). */
struct fill {
    bool greeted, done; /* the view has been passed on; nothing is left to do */
    uint32_t next;      /* record */
};

struct member {
    struct member_io io;
    struct name_control control;
    struct fos_siphash_key tickets, secrets;
    uint32_t slot;
    struct fos_cap mailbox, process_fleet;
    uint64_t process_fleet_pid;

    struct proc_view view;
    uint32_t active, joining; /* slots of the view in that state */
    uint32_t filled;          /* who has said so in this view */
    struct fill fills[PROC_MEMBERS_MAX];
    struct write writes[WRITES_MAX];
    uint64_t sequence, drawn;
    uint64_t last_ended;              /* pid */
    uint64_t living[NAME_LIVING_MAX]; /* pids up to it, and perhaps later ones */
    uint32_t living_count;
    struct table table;
};

/* Sets up a member from what it was given; the rest of *m is for the caller to have
 * filled in: io, control, tickets, secrets, slot, mailbox, process_fleet(_pid). */
void member_init(struct member *m);

/* What is to be done without being asked: goes on with fills and unsent writes.
 * Gives when to be called again; any message may make that earlier. */
uint64_t member_work(struct member *m);

/* Requests: a whole struct of a client, nothing of it checked. */
void member_register(struct member *m, const struct fos_caller *caller,
                     const struct name_register_req *req);
void member_update(struct member *m, const struct fos_caller *caller,
                   const struct name_update_req *req);
void member_unregister(struct member *m, const struct fos_caller *caller,
                       const struct name_unregister_req *req);
void member_renew(struct member *m, const struct fos_caller *caller,
                  const struct name_renew_req *req);
void member_lookup(struct member *m, const struct fos_caller *caller,
                   const struct name_lookup_req *req);
void member_list(struct member *m, const struct fos_caller *caller,
                 const struct name_list_req *req);

/* Messages, whose sender has proved to be the process fleet or a member. */
void member_view(struct member *m, const struct proc_view *view);
void member_ended(struct member *m, const struct name_ended_req *req);
void member_copy(struct member *m, const struct name_copy_req *req,
                 const struct name_entry *entries);
void member_copied(struct member *m, const struct name_copied_req *req);
void member_filled(struct member *m, const struct name_filled_req *req);

#endif
