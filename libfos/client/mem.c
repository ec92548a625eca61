/* SPDX-License-Identifier: MIT */
#include <fos/mem.h>

#include <fos/call.h>
#include <fos/clock.h>
#include <fos/part.h>
#include <fos/signal.h>
#include <fos/start.h>

FOS_CLIENT_CALLS(mem, MEM_CLIENT_OPS)

/* A member that takes longer has lost its way. */
#define PATIENCE (30 * FOS_SECOND)

static _Thread_local struct fos_peer peer;

bool fos_mem_paged(void)
{
    return fos_start_page->caps[FOS_START_MEM].id != 0;
}

static void forked(void)
{
    peer = (struct fos_peer){0};
}

FOS_PART(mem_part, .forked = forked);

/* Calls are rare beside the work that they make: no channel, which would cost the
 * member frames for each process. */
static struct fos_peer *member(void)
{
    if (!peer.thread)
        fos_peer_open(&peer, fos_start_page->caps[FOS_START_MEM],
                      FOS_TRANSPORT_KERNEL);
    return &peer;
}

/* A handler that calls a fleet must not run in the middle of a call. */
static struct fos_peer *held_member(void)
{
    fos_signals_hold();
    return member();
}

static long released(long result)
{
    fos_signals_release();
    return result;
}

static uint64_t soon(void)
{
    return fos_now_ns() + PATIENCE;
}

long fos_mem_map(const struct fos_mem_map *what, void **at)
{
    struct mem_map_req req = {.ticket = fos_ticket(),
                              .address = (uint64_t)what->address,
                              .length = what->length,
                              .prot = what->prot,
                              .flags = what->flags,
                              .handle = {what->handle[0], what->handle[1]},
                              .offset = what->offset};
    struct mem_map_rep rep;

    if (!fos_mem_paged())
        return -FOS_ENOSYS;
    long result = released(mem_map_call(held_member(), &req, &rep, soon()));
    if (result == 0)
        *at = (void *)rep.address;
    return result;
}

long fos_mem_unmap(void *address, size_t length)
{
    struct mem_unmap_req req = {
        .ticket = fos_ticket(), .address = (uint64_t)address, .length = length};
    struct mem_unmap_rep rep;

    if (!fos_mem_paged())
        return -FOS_ENOSYS;
    return released(mem_unmap_call(held_member(), &req, &rep, soon()));
}

long fos_mem_protect(void *address, size_t length, unsigned prot)
{
    struct mem_protect_req req = {.ticket = fos_ticket(),
                                  .address = (uint64_t)address,
                                  .length = length,
                                  .prot = prot};
    struct mem_protect_rep rep;

    if (!fos_mem_paged())
        return -FOS_ENOSYS;
    return released(mem_protect_call(held_member(), &req, &rep, soon()));
}

long fos_mem_advise(void *address, size_t length, enum mem_advice advice)
{
    struct mem_advise_req req = {.ticket = fos_ticket(),
                                 .address = (uint64_t)address,
                                 .length = length,
                                 .advice = advice};
    struct mem_advise_rep rep;

    if (!fos_mem_paged())
        return -FOS_ENOSYS;
    return released(mem_advise_call(held_member(), &req, &rep, soon()));
}

long fos_mem_sync(void *address, size_t length)
{
    struct mem_sync_req req = {
        .ticket = fos_ticket(), .address = (uint64_t)address, .length = length};
    struct mem_sync_rep rep;

    if (!fos_mem_paged())
        return -FOS_ENOSYS;
    return released(mem_sync_call(held_member(), &req, &rep, soon()));
}

long fos_mem_brk(uint64_t end, uint64_t *now)
{
    struct mem_brk_req req = {.ticket = fos_ticket(), .end = end};
    struct mem_brk_rep rep;

    if (!fos_mem_paged())
        return -FOS_ENOSYS;
    long result = released(mem_brk_call(held_member(), &req, &rep, soon()));
    if (result == 0)
        *now = rep.end;
    return result;
}

long fos_mem_usage(struct mem_usage *usage)
{
    struct mem_usage_req req = {.ticket = fos_ticket()};
    struct mem_usage_rep rep;

    if (!fos_mem_paged())
        return -FOS_ENOSYS;
    long result = released(mem_usage_call(held_member(), &req, &rep, soon()));
    if (result == 0)
        *usage = rep.usage;
    return result;
}

long fos_mem_state(struct mem_state_rep *state)
{
    struct mem_state_req req = {0};

    if (!fos_mem_paged())
        return -FOS_ENOSYS;
    return released(mem_state_call(held_member(), &req, state, soon()));
}
