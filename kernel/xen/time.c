/* SPDX-License-Identifier: MIT */
/* The paravirtual clock: xen/include/public/xen.h, struct vcpu_time_info. */
#include "xen/xen.h"
#include "xen/hypercall.h"
#include "xen/shared.h"

static uint64_t scale(uint64_t delta, uint32_t mul, int8_t shift)
{
    delta = shift < 0 ? delta >> -shift : delta << shift;
    return (uint64_t)(((unsigned __int128)delta * mul) >> 32);
}

/* The clocks of two physical processors may be apart, and a thread moves with its
 * vCPU from one to the other: time stands still rather than go back. */
static uint64_t monotonic(uint64_t now)
{
    static _Atomic uint64_t latest;
    uint64_t seen = atomic_load_explicit(&latest, memory_order_relaxed);
    while (now > seen)
        if (atomic_compare_exchange_weak(&latest, &seen, now))
            return now;
    return seen;
}

/* Xen writes time_info on this vCPU itself, with an odd version meanwhile. */
uint64_t time_now(void)
{
    const struct vcpu_time_info *t = &xen_vcpu_info[vcpu_self()->id]->time;
    uint32_t version;
    uint64_t now;
    do {
        version = *(const volatile uint32_t *)&t->version;
        __asm__ volatile("lfence" ::: "memory");
        now = t->system_time +
              scale(rdtsc() - t->tsc_timestamp, t->tsc_to_system_mul, t->tsc_shift);
        __asm__ volatile("lfence" ::: "memory");
    } while ((version & 1) || version != *(const volatile uint32_t *)&t->version);
    return monotonic(now);
}

uint64_t time_wall(void)
{
    const struct shared_info *s = xen_shared;
    uint32_t version;
    uint64_t base;
    do {
        version = *(const volatile uint32_t *)&s->wc_version;
        __asm__ volatile("lfence" ::: "memory");
        base = (uint64_t)s->wc_sec * 1000000000u + s->wc_nsec;
        __asm__ volatile("lfence" ::: "memory");
    } while ((version & 1) ||
             version != *(const volatile uint32_t *)&s->wc_version);
    return base + time_now();
}

/* Xen goes on calibrating, each processor for itself; by the first scale a sum of
 * cycles never gives less than before. */
uint64_t time_of_cycles(uint64_t cycles)
{
    static uint32_t mul;
    static int8_t shift;
    if (mul == 0) {
        const struct vcpu_time_info *t = &xen_vcpu_info[vcpu_self()->id]->time;
        shift = t->tsc_shift;
        mul = t->tsc_to_system_mul;
    }
    return scale(cycles, mul, shift);
}

uint64_t time_tsc_hz(void)
{
    const struct vcpu_time_info *t = &xen_vcpu_info[vcpu_self()->id]->time;
    uint64_t hz = (1000000000ull << 32) / t->tsc_to_system_mul;
    return t->tsc_shift < 0 ? hz << -t->tsc_shift : hz >> t->tsc_shift;
}

void timer_arm(uint64_t at)
{
    struct vcpu *v = vcpu_self();
    if (v->timer_armed == at)
        return;
    v->timer_armed = at;
    if (at == 0) {
        HYPERVISOR_vcpu_op(VCPUOP_stop_singleshot_timer, v->id, NULL);
        return;
    }
    /* A time already past makes Xen raise the event at once. */
    struct vcpu_set_singleshot_timer t = {.timeout_abs_ns = at};
    long r = HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, v->id, &t);
    ASSERT(r == 0);
}
