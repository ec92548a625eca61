/* SPDX-License-Identifier: MIT */
/*
 * Pages and addresses of this member's own space: zeroed pages at hand, fetched by the
 * batch from the page fleet, and windows to keep pages at.
 *
 * Invariants
 *  G1. One batch is under way at most, to the places behind the ring's last page.
 *  G2. No call waits longer than PATIENCE for a page member; one that fails is
 *      passed over for the next.
 *  G3. Windows do not overlap; the lowest addresses are used first, so the page
 *      tables under them stay few.
 *  G4. A page that was given to a process stays mapped here until pages_let_go, for
 *      GIVEN_MAX of them at most: letting go of many costs one flush.  Its frame is
 *      shared so long, which costs a copy where a write would not need one.
 *  G5. A page member that is gone is forgotten until pages_members names another; one
 *      that is slow is not.
 *  G6. What is promised to processes is held of the page fleet's account first, in
 *      steps; while no member of it answers, this one promises on its own, up to the
 *      families' quotas, on the account of a place that has had a member, and says so
 *      to the next there.
 *  G7. Nobody waits where something is given back.  What is held of promises is said
 *      anew until it is under way; quota goes back by one request at a time.  While
 *      either is due the member looks again now and then.
 *  G8. The reserve is held beside what is promised, and asked for before anybody gets
 *      more: what was promised of it, to who is near to the app, comes back to it before
 *      others get any.
 */
#ifndef MEM_PAGES_H
#define MEM_PAGES_H

#include <stdbool.h>

#include <fos/call.h>
#include <fos/proto/mem.h>
#include <fos/proto/page.h>

/* `slot`: this member's place, whose page member is asked first.  0 or -FOS_ENOMEM. */
long pages_open(unsigned slot);

/* Where the page fleet's members are. */
void pages_members(const struct fos_cap *mailboxes, unsigned count);

/* The first pages at hand, neighbours, `wanted` at most: how many, 0: the page fleet
 * has none.  After pages_taken they are somebody else's, be they mapped here still. */
uint32_t pages_first(uint32_t wanted, uint64_t *address);
void pages_taken(uint32_t pages);
/* How many there are at hand; if fewer than `wanted`, with the batch that is under way. */
uint32_t pages_ready(uint32_t wanted);
/* After pages_first has given none, or quota_more failed: -FOS_ENOMEM there are none;
 * -FOS_EAGAIN no member of the page fleet answers: one is being started. */
long pages_lack(void);
/* Whether there is a member to ask; if not, pages_members will name one. */
bool pages_may_come(void);
/* Unmaps those that were taken (G4). */
void pages_let_go(void);

/* Asks for the next batch if few are left, and does not wait for it. */
void pages_ahead(void);

/* A call has met -FOS_EDQUOT that this member's own quota caused: gets more.  0: try
 * again; else as pages_lack. */
long quota_more(void);
/* Gives back what is not needed of it, without waiting (G7). */
void quota_less(void);

/* Whether quota or promises are on their way back, so that the two calls for that are to be
 * made again soon (G7). */
bool pages_due(void);
bool promise_due(void);

/* So many pages are the reserve from now on, as soon as the page fleet has them (G8). */
void promise_reserve(uint64_t pages);
/* Whether, beside the pages promised to processes, so many more may be (G6), those of the
 * reserve if `near` (G8). */
bool promise_may(uint64_t promised, uint64_t more, bool near);
/* So many are promised still: what is not needed for them is given back, without waiting
 * (G7). */
void promise_less(uint64_t promised);
/* Another member of the page fleet is in that place. */
void promise_tell(unsigned slot);

/* The place of the n-th page member that is to be asked, 0 the first. */
unsigned page_place(unsigned n);
/* The way to the page member in that place; NULL: there is none. */
struct fos_peer *page_member(unsigned slot);
/* Whether there ever was one. */
bool page_known(unsigned slot);
/* What it answered, if it did: G5.  False: it did not. */
bool page_answered(unsigned slot, long result);

/* Addresses for so many pages, nothing mapped there; 0: none left. */
uint64_t window_take(uint64_t pages);
/* Unmaps what is there, so many pages; a part of what was taken may be given, too. */
long window_give(uint64_t window, uint64_t pages);
/* Pages of addresses taken. */
uint64_t pages_kept(void);

uint32_t pages_cached(void);
uint64_t pages_batches(void);

#endif
