/* SPDX-License-Identifier: MIT */
/*
 * A member of the page fleet: page SLOT PROMISES.
 *
 * Its quota is its share of the machine's frames, which it gives from a pool of its own
 * (fos/page_pool.h), filled when there is nothing else to do; on its account no more
 * than PROMISES pages are promised to processes.
 */
#include <stdlib.h>

#include <fos/error.h>
#include <fos/fleet.h>
#include <fos/page_pool.h>
#include <fos/proto/page.h>
#include <fos/service.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "promises.h"

enum { MAILBOX_SLOTS = 256 };

FOS_SERVICE_TABLE(table, PAGE_OPS)

static struct fos_service service = FOS_SERVICE(page, table);
static struct fos_page_pool pool;
static struct promises promises;
static uint64_t refused;

static long take(const struct page_take_req *req)
{
    if (req->address % FOS_PAGE_SIZE)
        return -FOS_EINVAL;
    return fos_page_pool_give(&pool, req->space, req->address, req->pages);
}

static void page_take(const struct fos_caller *caller,
                      const struct page_take_req *req, size_t length)
{
    struct page_take_rep rep = {0};
    long result = fos_control_check(req->control) ? take(req) : -FOS_EACCES;

    (void)length;
    if (result > 0)
        rep.pages = (uint32_t)result;
    refused += result == -FOS_ENOMEM;
    fos_answer(caller, result < 0 ? result : 0, &rep, sizeof rep);
}

static long grant(const struct page_grant_req *req)
{
    if (req->frames == 0 || req->frames > INT32_MAX || req->frames < -INT32_MAX)
        return -FOS_EINVAL;
    if (req->frames > 0 && (uint64_t)req->frames > fos_page_pool_free(&pool))
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

static long promise(const struct page_promise_req *req, uint64_t *held)
{
    const uint64_t most = UINT64_MAX / 2 / PROC_MEMBERS_MAX; /* sums fit */

    if (req->holder >= PROC_MEMBERS_MAX || req->held > most || req->wanted > most)
        return -FOS_EINVAL;
    *held = promises_change(&promises, req->holder, req->held, req->wanted);
    return 0;
}

static void page_promise(const struct fos_caller *caller,
                         const struct page_promise_req *req, size_t length)
{
    struct page_promise_rep rep = {0};
    long result =
        fos_control_check(req->control) ? promise(req, &rep.held) : -FOS_EACCES;

    (void)length;
    fos_answer(caller, result, &rep, sizeof rep);
}

static void page_state(const struct fos_caller *caller,
                       const struct page_state_req *req, size_t length)
{
    struct fos_space_info own = {0};
    struct page_state_rep rep = {.zeroed = fos_page_ring_count(&pool.ring),
                                 .free = fos_page_pool_free(&pool),
                                 .taken = pool.given,
                                 .refused = refused,
                                 .promised = promises_sum(&promises)};

    (void)req, (void)length;
    fos_sys_space_status(fos_own_space(), &own);
    rep.given = own.frames_used - rep.zeroed;
    fos_answer(caller, 0, &rep, sizeof rep);
}

static long begin(void)
{
    long error = fos_service_open(&service, MAILBOX_SLOTS);

    return error ? error : fos_page_pool_open(&pool, fos_own_space());
}

int main(int argc, char **argv)
{
    bool filling = false;

    if (argc != 3)
        return 1;
    promises.limit = strtoull(argv[2], NULL, 10);
    if (begin() < 0)
        return 2;
    fos_service_ready(&service);
    for (;;) {
        fos_service_run(&service, filling ? 0 : FOS_NEVER);
        filling = fos_page_pool_fill(&pool);
    }
}
