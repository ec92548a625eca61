/* SPDX-License-Identifier: MIT */
/*
 * Names: the naming fleet's client, and sending by alias.
 *
 *     fos_name_serve("/app/time", inbox.cap, &registration);   // a server
 *     ...
 *     fos_name_unregister(&registration, &inbox);
 *
 *     fos_msg_send_alias(fos_alias("/app/time"), FOS_PUBLIC, text, length);  // others
 *
 * An alias is a 128-bit number that stands for a mailbox, or for another alias.  The
 * fleet's members share them out among themselves, each held by two; when one dies
 * the other answers, and the calls here find it by themselves.
 *
 * What was looked up is remembered for FOS_NAME_POSITIVE at most and never beyond the
 * name's lease, names that do not exist for FOS_NAME_NEGATIVE.  Who ends a name, or gives
 * it another mailbox, says which one it stood for, and the capability of that is
 * renewed: a message sent by the name after the call has returned never arrives there.
 * A send to it, or to one that is gone, fails, and the name is looked up and the message
 * sent again by itself: no mailbox's id is given out twice, so none that never had the
 * name gets it.  A mailbox that is to keep its capability may get messages of other
 * processes for FOS_NAME_POSITIVE more; so may the target of a link that is ended, and
 * who shortens a lease.  In the process that made the change every send begun after it
 * heeds it.
 *
 * Mechanism: Belay 2011, section 3; Beckmann, "Distributed naming in a factored
 * operating system", 2010.
 */
#ifndef FOS_NAME_H
#define FOS_NAME_H

#include <fos/msg.h>
#include <fos/proto/name.h>

/* In place of a capability's secret: the one deposited under the alias. */
#define FOS_PUBLIC 0ull

enum { FOS_NAME_CACHE = 64, FOS_NAME_PEERS = 16 };

/* What a look-up said of a name is believed for so long, from when it was begun ... */
#define FOS_NAME_POSITIVE FOS_SECOND

/* ... and that it is missing for so long. */
#define FOS_NAME_NEGATIVE (50 * FOS_MILLISECOND)

/* What a registration gives: the right to change it. */
struct fos_registration {
    struct fos_alias alias;
    uint64_t secret;
};

/* The alias of a path of any length: the first half of its SHA-256, with
 * FOS_ALIAS_PATH set.  Paths under /sys/ belong to the system's fleets. */
struct fos_alias fos_alias(const char *path);

/*
 * Registers `path` (shorter than NAME_PATH_MAX) for the mailbox of that capability,
 * until this process ends or, if lease_ns is not 0, that much time has passed since
 * this or the last fos_name_renew.  With NAME_PUBLIC in `flags` the capability is
 * deposited: anybody may look it up and send.  0; EEXIST another has it; EPERM under
 * /sys/ and this is no system process; EINVAL; EDQUOT; ENOSPC; ETIMEDOUT no member
 * answers.
 */
long fos_name_register(const char *path, struct fos_cap mailbox, unsigned flags,
                       uint64_t lease_ns, struct fos_registration *made);

/* The same for an alias without a path; FOS_ALIAS_PATH must not be set. */
long fos_name_register_alias(struct fos_alias alias, struct fos_cap mailbox,
                             unsigned flags, uint64_t lease_ns,
                             struct fos_registration *made);

/* Registers `path` as another name of `target`, which need not exist.  As above;
 * ELOOP: `target` leads to `path`. */
long fos_name_link(const char *path, struct fos_alias target, uint64_t lease_ns,
                   struct fos_registration *made);

/* A public name for a mailbox of this process.  A predecessor that has just ended
 * may still have it: that is waited for, a second. */
long fos_name_serve(const char *path, struct fos_cap mailbox,
                    struct fos_registration *made);

/*
 * Gives a registered name another mailbox, or a new capability of the same; or ends it.
 *
 * `old` is the mailbox of the calling thread that it stood for.  Once the fleet has
 * changed the name that is renewed (fos_mailbox_renew): what it has not yet taken from
 * its channels is lost, and old->cap is for its other names and for those who were
 * given the one before.  Null: it keeps its capability, and may get messages a while
 * longer, see above; for a link, for who has other names, is about to close it, or takes
 * what still comes and renews it then.
 *
 * 0.  ENOENT it has expired, EPERM not this registration's secret: the name does not
 * stand for `old`, which is renewed all the same; EPERM also when that is no mailbox of
 * this process.  EINVAL, ELOOP: nothing has changed; EINVAL also when `mailbox` is
 * `old`.  ETIMEDOUT no member answers: it may have happened, `old` is not renewed, try
 * again.
 */
long fos_name_update(const struct fos_registration *name, struct fos_cap mailbox,
                     unsigned flags, struct fos_mailbox *old);
long fos_name_unregister(const struct fos_registration *name,
                         struct fos_mailbox *old);

/* The lease ends lease_ns from now; 0: with this process.  0; ENOENT; EPERM;
 * ETIMEDOUT. */
long fos_name_renew(const struct fos_registration *name, uint64_t lease_ns);

/*
 * Asks the fleet what an alias stands for, after its links.  0 and a value of kind
 * NAME_MAILBOX; ENOENT; ELOOP more than NAME_CHAIN_MAX links; ETIMEDOUT.
 */
long fos_name_lookup(struct fos_alias alias, struct name_value *value);

/* As fos_name_lookup, but from what this thread remembers, if it does. */
long fos_name_resolve(struct fos_alias alias, struct name_value *value);

/* What is remembered of an alias is wrong: the next send by it asks again. */
void fos_name_forget(struct fos_alias alias);

/* Copies the entries registered now, up to `capacity`; gives their number.  Entries
 * made or ended meanwhile may be missing. */
long fos_name_list(struct name_listed *entries, size_t capacity);

/*
 * Opens a way to the mailbox of an alias: `secret` is its capability's, got in a
 * message, or FOS_PUBLIC.  ENOENT, ELOOP; EPERM none is deposited; ENOSYS the
 * mailbox is on another host; as fos_peer_open.  The way goes to that mailbox whatever
 * becomes of the name.  When a send by it fails with EPERM or EPIPE, fos_name_forget the
 * alias and open again.
 */
long fos_peer_open_alias(struct fos_peer *peer, struct fos_alias alias,
                         uint64_t secret, enum fos_transport transport);

/*
 * Sends by alias, through one of FOS_NAME_PEERS ways kept open for the aliases used
 * last.  A mailbox that is gone, or that the name has left, costs one failed send and
 * one look-up, and the caller nothing; every FOS_NAME_POSITIVE one look-up is due, which
 * may take a second beyond the deadline.  As fos_peer_open_alias and fos_msg_send_until.
 * ENOENT also: the name has ended; EPERM, EPIPE: the name still stands for the
 * mailbox that is gone, or has moved again meanwhile; ETIMEDOUT: no member answered
 * the look-up, nothing was sent.
 */
long fos_msg_send_alias_until(struct fos_alias alias, uint64_t secret,
                              const void *data, uint32_t length, uint64_t deadline);
long fos_msg_send_alias(struct fos_alias alias, uint64_t secret, const void *data,
                        uint32_t length);

/* What it cost, of all threads: for tests and tools. */
struct fos_name_stats {
    uint64_t lookups; /* requests to the fleet */
    uint64_t hits;    /* answered from memory */
    uint64_t retries; /* requests made again, of another member or later */
    uint64_t views;   /* times the process fleet was asked for the members */
    uint64_t resent;  /* messages sent again, to the mailbox the name has now */
};
extern struct fos_name_stats fos_name_stats;

/* Lets go of all that is kept: entries, ways to mailboxes and to members. */
void fos_name_close(void);

#endif
