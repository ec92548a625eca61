/* SPDX-License-Identifier: MIT */
/*
 * Spaces: an address space, what is charged to it, what lives in it.
 *
 * Life: space_create (RUNNING) -> exit or a fault (EXITED, FAULTED: its threads
 * stop, its watcher is told) or space_destroy (KILLED) -> repeated space_destroy
 * calls take it apart in short steps -> gone.
 */
#ifndef MM_SPACE_H
#define MM_SPACE_H

#include "mm/mm.h"
#include "msg/capability.h"

struct thread;
struct mailbox;
struct channel;

enum { SPACE_DEPTH_MAX = 16 }; /* so that walking down to the last child is short */

/* All fields belong to the kernel lock but those marked. */
struct space {
    struct object object;
    uint64_t pid;
    pfn_t root;

    uint32_t frames_used, frames_quota;
    uint32_t objects_used, objects_quota;
    struct space
        *parent; /* where the quotas came from; outlives no one: may be NULL */
    struct space *children, *sibling;
    uint32_t depth; /* generations above */

    struct thread *threads;
    struct mailbox *mailboxes;
    struct channel *sending, *receiving;
    struct space *watching, *watch_next; /* spaces that tell one of our threads */
    struct thread *watcher;
    uint32_t watch_slot;

    struct fos_space_info info; /* state and fault */
    _Atomic uint32_t state;     /* enum fos_space_state; read without the lock */
    _Atomic uint64_t vcpu_mask; /* where our root is loaded; set by those vCPUs */
    _Atomic uint64_t syscalls;  /* counted by our threads */
    _Atomic uint64_t mailbox_full;
    uint64_t destroy_at; /* how far table_destroy_step has come */
};

int space_new(struct space *parent, uint32_t frames, uint32_t objects,
              struct space **out);
int space_destroy_step(struct space *s); /* -FOS_EAGAIN until all is given back */
void space_end(struct space *s, enum fos_space_state state);

int space_charge_frames(struct space *s, uint64_t n);
void space_refund_frames(struct space *s, uint64_t n);
int space_charge_object(struct space *s);
void space_refund_object(struct space *s);

/* Each is refused whole, before anything changed, or done whole. */
int space_map(struct space *s, uint64_t va, uint64_t pages, uint32_t prot);
int space_unmap(struct space *s, uint64_t va, uint64_t pages);
int space_protect(struct space *s, uint64_t va, uint64_t pages, uint32_t prot);
int space_map_frames(struct space *s, uint64_t va, const pfn_t *f, uint64_t n,
                     uint32_t prot);
int space_range_free(const struct space *s, uint64_t va, uint64_t pages);
/* Replaces one mapping of `from` at va, if it is still there, by `to`, read-only.
 */
void space_swap_frame(struct space *s, uint64_t va, pfn_t from, pfn_t to);
int space_copy(struct space *s, uint64_t va, const struct space *from,
               uint64_t from_va, uint64_t n);

#endif
