/* SPDX-License-Identifier: MIT */
/* How busy a member is, and telling it to the process fleet. */
#include "fleet.h"

#include <fos/fleet.h>
#include <fos/proc.h>
#include <fos/start.h>

static uint64_t served(const struct fos_service *service)
{
    return service->mailbox.thread->sleeper.published->calls_served;
}

/* What waits in the kernel's buffer, and the channels in which something does. */
static uint32_t queue_now(const struct fos_service *service)
{
    const struct fos_mailbox *mailbox = &service->mailbox;
    uint64_t queue = fos_mailbox_end(&mailbox->kernel) - mailbox->kernel.position;

    for (const struct fos_inbound *i = mailbox->channels.next;
         i != &mailbox->channels; i = i->next)
        queue += fos_channel_ready(&i->receiver) != 0;
    return (uint32_t)queue;
}

struct fleet_load load_now(const struct fos_service *service)
{
    uint64_t hz = service->mailbox.thread->sleeper.tsc_hz;
    uint64_t ns = service->latency * 1000 / (hz / 1000000 + 1);

    return (struct fleet_load){
        .served = served(service),
        .queue = queue_now(service),
        .latency_ns = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX,
    };
}

void load_sampled(struct fos_service *service, uint64_t cycles)
{
    service->latency += cycles / 8 - service->latency / 8;
}

static void beat(struct fos_service *service, uint64_t now)
{
    struct proc_beat_req req = {.self = fos_own_space(), .load = load_now(service)};

    /* Now or not at all: the next one tells more. */
    proc_beat_post(fos_proc_peer(), &req, 0);
    service->told_served = req.load.served;
    service->told_at = now;
}

void load_look(struct fos_service *service)
{
    uint64_t now = fos_sleeper_now(&service->mailbox.thread->sleeper);
    bool changed = served(service) != service->told_served;

    if (now < service->beat_at)
        return;
    if (changed || now - service->told_at >= FOS_BEAT_IDLE_NS)
        beat(service, now);
    fos_service_sweep(service);
    service->beat_at = now + (changed ? FOS_BEAT_NS : FOS_BEAT_IDLE_NS);
}

void fos_service_ready(struct fos_service *service)
{
    fos_fleet_ready(service->mailbox.cap);
    service->beat_at = 0;
}

void fos_fleet_ready(struct fos_cap mailbox)
{
    struct proc_ready_req req = {.self = fos_own_space(), .mailbox = mailbox};

    proc_ready_post(fos_proc_peer(), &req, FOS_NEVER);
}
