/* SPDX-License-Identifier: MIT */
/*
 * Names: the naming fleet's client, and sending by alias.
 *
 *     fos_name_serve("/app/time", &inbox, &registration);      // a server
 *
 *     fos_msg_send_alias(fos_alias("/app/time"), FOS_PUBLIC, text, length);  // others
 *
 * An alias is a 128-bit number that stands for a mailbox, or for another alias.  The
 * fleet's members share them out among themselves, each held by two; when one dies
 * the other answers, and the calls here find it by themselves.
 *
 * What was looked up is kept (fos_name_resolve), names that do not exist for a
 * moment only.  An entry that has become stale can never lead to a wrong mailbox,
 * because no mailbox's id is given out twice: a send fails, the entry is dropped and
 * looked up again.
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

/* A missing name is believed missing for so long. */
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

/* Another mailbox (or a new capability of the same) under a registered name.
 * 0; ENOENT it has expired; EPERM not this registration's secret. */
long fos_name_update(const struct fos_registration *name, struct fos_cap mailbox,
                     unsigned flags);
long fos_name_unregister(const struct fos_registration *name);
long fos_name_renew(const struct fos_registration *name, uint64_t lease_ns);

/*
 * Asks the fleet what an alias stands for, after its links.  0 and a value of kind
 * NAME_MAILBOX; ENOENT; ELOOP more than NAME_CHAIN_MAX links; ETIMEDOUT.
 */
long fos_name_lookup(struct fos_alias alias, struct name_value *value);

/* As fos_name_lookup, but from what this process remembers, if it does. */
long fos_name_resolve(struct fos_alias alias, struct name_value *value);

/* What is remembered of an alias is wrong: a send by it has failed. */
void fos_name_forget(struct fos_alias alias);

/* Copies the entries registered now, up to `capacity`; gives their number.  Entries
 * made or ended meanwhile may be missing. */
long fos_name_list(struct name_listed *entries, size_t capacity);

/*
 * Opens a way to the mailbox of an alias: `secret` is its capability's, got in a
 * message, or FOS_PUBLIC.  ENOENT, ELOOP; EPERM none is deposited; ENOSYS the
 * mailbox is on another host; as fos_peer_open.  When a send by it fails because the
 * mailbox is gone, fos_name_forget the alias and open again.
 */
long fos_peer_open_alias(struct fos_peer *peer, struct fos_alias alias,
                         uint64_t secret, enum fos_transport transport);

/*
 * Sends by alias, through one of FOS_NAME_PEERS ways kept open for the aliases used
 * last.  A mailbox that has moved costs one failed send and one look-up, and the
 * caller nothing.  As fos_peer_open_alias and fos_msg_send_until.
 */
long fos_msg_send_alias_until(struct fos_alias alias, uint64_t secret,
                              const void *data, uint32_t length, uint64_t deadline);
long fos_msg_send_alias(struct fos_alias alias, uint64_t secret, const void *data,
                        uint32_t length);

/* What it cost: for tests and tools. */
struct fos_name_stats {
    uint64_t lookups; /* requests to the fleet */
    uint64_t hits;    /* answered from memory */
    uint64_t retries; /* requests made again, of another member or later */
    uint64_t views;   /* times the process fleet was asked for the members */
    uint64_t resent;  /* messages sent again because the mailbox had moved */
};
extern struct fos_name_stats fos_name_stats;

/* Lets go of all that is kept: entries, ways to mailboxes and to members. */
void fos_name_close(void);

#endif
