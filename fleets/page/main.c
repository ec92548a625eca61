/* SPDX-License-Identifier: MIT */
/*
 * A member of the page fleet: page SLOT.
 *
 * Its quota is its share of the machine's frames.  A part of it lies mapped in a ring,
 * zeroed, ready to be moved to whoever asks; the rest are free frames of the kernel's.
 * The ring is filled when there is nothing else to do.
 *
 * Invariants
 *  F1. A page in the ring is mapped in this space alone.
 *  F2. What was given stays charged to this member until its last mapping goes: the
 *      kernel counts, so nothing is given twice or lost with a message.
 *  F3. KEEP frames of the quota are never used: this member's own page tables and
 *      mailbox have room.
 */
#include <stdlib.h>

#include <fos/error.h>
#include <fos/fleet.h>
#include <fos/memory.h>
#include <fos/page_ring.h>
#include <fos/proto/page.h>
#include <fos/service.h>
#include <fos/start.h>
#include <fos/syscall.h>

enum {
    MAILBOX_SLOTS = 256,
    PLACES = 1024,
    FULL = 512, /* pages in the ring when nobody asks */
    STEP = 64,  /* mapped at once: requests wait no longer */
    KEEP = 64,  /* F3 */
};

FOS_SERVICE_TABLE(table, PAGE_OPS)

static struct fos_service service = FOS_SERVICE(page, table);
static struct fos_page_ring ring;
static uint32_t full; /* FULL, or less of a small quota */
static uint64_t taken, refused;

static uint32_t frames_left(void)
{
    struct fos_space_info own;

    if (fos_sys_space_status(fos_own_space(), &own) < 0 ||
        own.frames_quota <= own.frames_used + KEEP)
        return 0;
    return own.frames_quota - own.frames_used - KEEP;
}

/* Up to `wanted` pages more into the ring: how many. */
static uint32_t ring_fill(uint32_t wanted)
{
    uint32_t left = frames_left();
    uint64_t place;

    wanted = fos_page_ring_room(&ring, wanted < left ? wanted : left, &place);
    if (wanted == 0 || fos_sys_space_map(fos_own_space(), place, wanted,
                                         FOS_PROT_READ | FOS_PROT_WRITE) < 0)
        return 0;
    fos_page_ring_put(&ring, wanted);
    return wanted;
}

/* Whether there is room for a fill that would find frames. */
static bool hungry(void)
{
    return fos_page_ring_count(&ring) < full;
}

static long give(const struct page_take_req *req, uint32_t *given)
{
    struct fos_share share = {.to_space = req->space,
                              .from_space = fos_own_space(),
                              .to = req->address,
                              .prot = FOS_PROT_READ | FOS_PROT_WRITE,
                              .how = FOS_SHARE_MOVE};

    if (req->pages == 0 || req->pages > PAGE_BATCH_MAX)
        return -FOS_EINVAL;
    if (fos_page_ring_count(&ring) == 0)
        ring_fill(STEP);
    share.pages = fos_page_ring_first(&ring, req->pages, &share.from);
    if (share.pages == 0)
        return -FOS_ENOMEM;
    long result = fos_sys_space_share(&share);
    if (result < 0)
        return result;
    *given = (uint32_t)result;
    fos_page_ring_take(&ring, *given);
    return 0;
}

static void page_take(const struct fos_caller *caller,
                      const struct page_take_req *req, size_t length)
{
    struct page_take_rep rep = {0};
    long result =
        fos_control_check(req->control) ? give(req, &rep.pages) : -FOS_EACCES;

    (void)length;
    taken += rep.pages;
    refused += result == -FOS_ENOMEM;
    fos_answer(caller, result, &rep, sizeof rep);
}

static long grant(const struct page_grant_req *req)
{
    if (req->frames == 0 || req->frames > INT32_MAX || req->frames < -INT32_MAX)
        return -FOS_EINVAL;
    if (req->frames > 0 && (uint64_t)req->frames > frames_left())
        return -FOS_EDQUOT;
    return fos_sys_space_control(req->space, FOS_SPACE_QUOTA,
                                 (uint64_t)req->frames);
}

static void page_grant(const struct fos_caller *caller,
                       const struct page_grant_req *req, size_t length)
{
    struct page_grant_rep rep = {0};
    long result = fos_control_check(req->control) ? grant(req) : -FOS_EACCES;

    (void)length;
    fos_answer(caller, result, &rep, sizeof rep);
}

static void page_state(const struct fos_caller *caller,
                       const struct page_state_req *req, size_t length)
{
    struct fos_space_info own = {0};
    struct page_state_rep rep = {.zeroed = fos_page_ring_count(&ring),
                                 .free = frames_left(),
                                 .taken = taken,
                                 .refused = refused};

    (void)req, (void)length;
    fos_sys_space_status(fos_own_space(), &own);
    rep.given = own.frames_used - rep.zeroed;
    fos_answer(caller, 0, &rep, sizeof rep);
}

static long begin(void)
{
    uint32_t share = frames_left() / 8;
    long error = fos_service_open(&service, MAILBOX_SLOTS);

    full = share < FULL ? share : FULL;
    ring = (struct fos_page_ring){.base = (uint64_t)fos_pages_reserve(PLACES),
                                  .places = PLACES};
    if (error || !ring.base)
        return error ? error : -FOS_ENOMEM;
    while (hungry() && ring_fill(STEP))
        continue;
    return 0;
}

int main(int argc, char **argv)
{
    bool filling = false;

    if (argc != 2)
        return 1;
    service.membership.slot = (uint32_t)strtoul(argv[1], NULL, 10);
    if (begin() < 0)
        return 2;
    fos_service_ready(&service);
    for (;;) {
        fos_service_run(&service, filling ? 0 : FOS_NEVER);
        filling = hungry() && ring_fill(STEP);
    }
}
