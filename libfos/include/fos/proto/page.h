/* SPDX-License-Identifier: MIT */
/*
 * The page fleet's protocol: zeroed pages by the batch, for the memory fleet.
 *
 * A page stays charged to the member that gave it, wherever it is mapped later; when
 * its last mapping goes, the kernel gives the frame back to that member's quota.  So
 * nothing is returned by message, and nothing can be lost by one.
 */
#ifndef FOS_PROTO_PAGE_H
#define FOS_PROTO_PAGE_H

#include <fos/abi/syscalls.h>
#include <fos/proto/rpc.h>

#define PAGE_OPS(OP)   \
    OP(1, page, take)  \
    OP(2, page, grant) \
    OP(3, page, state) \
    OP(4, page, promise)

FOS_PROTOCOL(page, 1, PAGE_OPS)

enum { PAGE_BATCH_MAX = FOS_MAP_PAGES_MAX };

/*
 * Moves up to `pages` zeroed pages, readable and writable, to `address` of the
 * caller's space: nothing may be mapped there.  The reply tells how many came, one
 * at least.  EACCES not a fleet's word; EINVAL no pages, more than
 * PAGE_BATCH_MAX, or the address is none of a page; EEXIST something is mapped there; ENOMEM this member has none;
 * EDQUOT the caller cannot pay the page tables.
 */
struct page_take_req {
    struct fos_request head;
    struct fos_cap control; /* of the start page of a fleet */
    struct fos_cap space;
    uint64_t address;
    uint32_t pages;
    uint32_t node; /* of memory, preferred; there is one: 0 */
};

struct page_take_rep {
    struct fos_reply head;
    uint32_t pages;
    uint32_t reserved;
};

/* Gives so many frames of quota to a space, for copies and page tables that it pays
 * itself; or, negative, takes unused ones back.  EACCES; EINVAL; EDQUOT. */
struct page_grant_req {
    struct fos_request head;
    struct fos_cap control;
    struct fos_cap space;
    int64_t frames;
};

struct page_grant_rep {
    struct fos_reply head;
};

/*
 * What members of the memory fleet promise to processes, counted here before anything
 * is given: all of them together promise no more than there is.  The member in place
 * `holder` has promised `held` pages on this one's account, which is taken as said, and
 * wants it to be `wanted`.  The reply tells what it is now: `wanted`, or as much as there
 * is, but not less than `held` or `wanted`.  EACCES; EINVAL no such place.
 */
struct page_promise_req {
    struct fos_request head;
    struct fos_cap control;
    uint32_t holder;
    uint32_t node; /* as of page_take_req */
    uint64_t held, wanted;
};

struct page_promise_rep {
    struct fos_reply head;
    uint64_t held;
};

/* For anybody: what this member has. */
struct page_state_req {
    struct fos_request head;
};

struct page_state_rep {
    struct fos_reply head;
    uint32_t zeroed; /* pages ready in the pool */
    uint32_t free;   /* frames beside those that may still be had */
    uint32_t given;  /* pages that are somewhere else now */
    uint32_t node;
    uint64_t taken;    /* pages given since the member's start */
    uint64_t refused;  /* requests for which there was none */
    uint64_t promised; /* pages, to all members of the memory fleet */
};

#endif
