/* SPDX-License-Identifier: MIT */
/*
 * Spaces: an address space, what is charged to it, what lives in it.
 *
 * Life: space_create (RUNNING) -> exit or a fault (EXITED, FAULTED: its threads
 * stop, its watcher is told) or space_destroy (KILLED) -> repeated space_destroy
 * calls take it apart in short steps -> gone; its struct stays as an account while
 * frames it paid for are in use elsewhere.  These are part of what its parent has
 * used, so who outlives it pays for them, without looking for them.
 */
#ifndef MM_SPACE_H
#define MM_SPACE_H

#include "mm/mm.h"
#include "msg/capability.h"

struct thread;
struct mailbox;
struct channel;

enum {
    SPACE_DEPTH_MAX = 16, /* so that walking down to the last child is short */
    SPACE_ALIGN = 64,     /* bytes; see frame.c */
};

/* All fields belong to the kernel lock but those marked. */
struct space {
    struct object object;
    uint64_t pid;
    pfn_t root;

    uint32_t frames_used, frames_quota;
    uint32_t objects_used, objects_quota;
    uint32_t mapped;      /* pages, by leaf_set */
    uint32_t ring_pages;  /* of channels, whether it sends or receives by them */
    struct space *parent; /* where the quotas came from; NULL: the first */
    struct space *children, *sibling;
    uint32_t depth; /* generations above */
    bool gone;      /* only its account is left */
    bool resetting; /* space_reset_step has begun and not ended */

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
    _Atomic uint64_t pager_id, pager_secret; /* a mailbox's; id 0: none */
    uint64_t destroy_at; /* how far table_destroy_step has come */
    uint64_t spent[3];   /* cycles of threads gone: running, ready, waiting */
} __attribute__((aligned(SPACE_ALIGN)));

int space_new(struct space *parent, uint32_t frames, uint32_t objects,
              struct space **out);
int space_destroy_step(struct space *s); /* -FOS_EAGAIN until all is given back */
int space_reset_step(struct space *s);   /* the same, but the space stays */
/* Running, and not being reset: something may be added to it. */
bool space_is_live(const struct space *s);
void space_unwatch(struct space *s); /* nobody is told of its end */
void space_end(struct space *s, enum fos_space_state state);

/* Who gets the faults.  The two words may be of two settings: such a capability opens
 * nothing, and the fault is sent again. */
static inline struct fos_cap space_pager(const struct space *s)
{
    return (struct fos_cap){fos_load_relaxed(&s->pager_id),
                            fos_load_relaxed(&s->pager_secret)};
}

int space_charge_frames(struct space *s, uint64_t n);
void space_refund_frames(struct space *s, uint64_t n);
/* Moves `n` frames of quota from `from` to `to`, child or sibling; negative: back. */
int space_quota_move(struct space *from, struct space *to, int64_t n);
int space_charge_object(struct space *s);
void space_refund_object(struct space *s);

/* map.c.  Each is refused whole, before anything changed, or done whole. */
int space_range_check(uint64_t va, uint64_t pages);
int space_prot_check(uint32_t prot);
/* `payer` pays for the pages, `s` for its tables. */
int space_map(struct space *s, uint64_t va, uint64_t pages, uint32_t prot,
              struct space *payer);
int space_unmap(struct space *s, uint64_t va, uint64_t pages); /* how many */
long space_protect(struct space *s, uint64_t va, uint64_t pages, uint32_t prot,
                   bool sparse);
/* The first page with protection `first`, the others with `rest`. */
int space_map_frames(struct space *s, uint64_t va, const pfn_t *f, uint64_t n,
                     uint32_t first, uint32_t rest);
/* The same, in effect after mmu_flush. */
int space_queue_frames(struct space *s, uint64_t va, const pfn_t *f, uint64_t n,
                       uint32_t first, uint32_t rest);
int space_range_free(const struct space *s, uint64_t va, uint64_t pages);
/* Replaces a mapping of `from` at va, if it is still there, by `to`, read-only. */
void space_swap_frame(struct space *s, uint64_t va, pfn_t from, pfn_t to);
int space_copy(struct space *s, uint64_t va, const struct space *from,
               uint64_t from_va, uint64_t n);

/* share.c: struct fos_share, its capabilities looked up; `from` NULL: OWN without
 * pages of its own, which `payer` pays.  What struct fos_share says, or an error. */
long space_share(struct space *to, struct space *from, struct space *payer,
                 const struct fos_share *a);

#endif
