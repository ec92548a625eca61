/* SPDX-License-Identifier: MIT */
/*
 * Event channels, two-level ABI.  A port is bound to one vCPU; only that vCPU
 * clears and handles it, so no lock is needed.  `port_vcpu` is set before a port is
 * unmasked.
 */
#include "xen/xen.h"
#include "xen/hypercall.h"
#include "xen/shared.h"
#include "lib/trace.h"
#include "sched/sched.h"

enum { PORTS = 4096, WORDS = 64 };

static struct {
    event_handler handler;
    void *argument;
} ports[PORTS];
static uint8_t port_vcpu[PORTS];

static long event_op(int cmd, void *arg)
{
    return HYPERVISOR_event_channel_op(cmd, arg);
}

void events_init(void)
{
    for (int i = 0; i < WORDS; i++)
        atomic_store((_Atomic uint64_t *)&xen_shared->evtchn_mask[i], ~0ull);
}

static void port_install(uint32_t port, uint32_t vcpu, event_handler handler,
                         void *arg)
{
    ASSERT(port < PORTS);
    ports[port].handler = handler;
    ports[port].argument = arg;
    port_vcpu[port] = (uint8_t)vcpu;
}

void event_bind(uint32_t port, event_handler handler, void *argument)
{
    port_install(port, 0, handler, argument);
}

static uint32_t virq_bind(uint32_t virq, uint32_t vcpu, event_handler h, void *arg)
{
    struct evtchn_bind_virq b = {.virq = virq, .vcpu = vcpu};
    long r = event_op(EVTCHNOP_bind_virq, &b);
    ASSERT(r == 0);
    port_install(b.port, vcpu, h, arg);
    return b.port;
}

uint32_t event_bind_virq(uint32_t virq, event_handler handler, void *argument)
{
    return virq_bind(virq, 0, handler, argument);
}

void events_vcpu_init(struct vcpu *v)
{
    struct evtchn_bind_ipi b = {.vcpu = v->id};
    long r = event_op(EVTCHNOP_bind_ipi, &b);
    ASSERT(r == 0);
    port_install(b.port, v->id, sched_ipi, v);
    v->port_ipi = b.port;
    v->port_timer = virq_bind(VIRQ_TIMER, v->id, sched_timer, v);
    event_unmask(v->port_ipi);
    event_unmask(v->port_timer);
}

static _Atomic uint64_t *word_of(xen_ulong_t *words, uint32_t port)
{
    return (_Atomic uint64_t *)&words[port / 64];
}

void event_mask(uint32_t port)
{
    atomic_fetch_or(word_of(xen_shared->evtchn_mask, port), 1ull << (port % 64));
}

void event_unmask(uint32_t port)
{
    struct evtchn_unmask u = {.port = port};
    long r = event_op(EVTCHNOP_unmask, &u);
    ASSERT(r == 0);
}

void event_send(uint32_t port)
{
    struct evtchn_send s = {.port = port};
    /* The other end may have gone: then there is nobody to tell. */
    event_op(EVTCHNOP_send, &s);
}

static void word_deliver(uint32_t word, uint32_t vcpu)
{
    _Atomic uint64_t *pending = word_of(xen_shared->evtchn_pending, word * 64);
    uint64_t bits = atomic_load(pending) &
                    ~atomic_load(word_of(xen_shared->evtchn_mask, word * 64));
    for (; bits; bits &= bits - 1) {
        uint32_t bit = (uint32_t)__builtin_ctzll(bits), port = word * 64 + bit;
        if (port_vcpu[port] != vcpu || !ports[port].handler)
            continue;
        atomic_fetch_and(pending, ~(1ull << bit));
        trace(FOS_TRACE_upcall, port, 0);
        ports[port].handler(ports[port].argument);
    }
}

void events_deliver(void)
{
    uint32_t vcpu = vcpu_self()->id;
    struct vcpu_info *info = xen_vcpu_info[vcpu];
    /* Xen sets a selector bit after the pending bit, then upcall_pending; taking
     * them in the opposite order loses none; what comes meanwhile is another
     * upcall. */
    if (atomic_exchange((_Atomic uint8_t *)&info->evtchn_upcall_pending, 0)) {
        uint64_t words =
            atomic_exchange((_Atomic uint64_t *)&info->evtchn_pending_sel, 0);
        for (; words; words &= words - 1)
            word_deliver((uint32_t)__builtin_ctzll(words), vcpu);
    }
}
