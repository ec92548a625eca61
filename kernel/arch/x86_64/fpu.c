/* SPDX-License-Identifier: MIT */
/*
 * Vector state.  The kernel does not touch it, so it moves only when another thread
 * gets the vCPU; a thread alone on its vCPU never pays for it.  XSAVE where the
 * processor has it (Intel SDM volume 1, chapter 13), FXSAVE elsewhere.
 */
#include "sched/sched.h"

static bool have_xsave;
static uint64_t xsave_mask;

static void cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
    /* The prefix asks Xen for what this guest may use. */
    __asm__ volatile("ud2; .ascii \"xen\"; cpuid"
                     : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
                     : "0"(leaf), "2"(sub));
}

static void xcr0_write(uint64_t mask)
{
    __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)mask), "d"(mask >> 32));
}

/* On every vCPU.  A state that would not fit a thread's page is left off. */
void fpu_init(void)
{
    enum {
        OSXSAVE = 1 << 18,
        FEATURE_XSAVE = 1 << 26,
        X87_SSE = 3,
        AVX = 7,
        ALL = 0xe7
    };
    uint32_t r[4], size[4];
    uint64_t cr4;
    cpuid(1, 0, r);
    have_xsave = r[2] & FEATURE_XSAVE;
    if (!have_xsave)
        return;
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | OSXSAVE));
    cpuid(0xd, 0, r);
    xsave_mask = r[0] & ALL;
    xcr0_write(xsave_mask);
    cpuid(0xd, 0, size); /* ebx: bytes for what xcr0 enables now */
    if (size[1] > PAGE_SIZE) {
        xsave_mask = r[0] & AVX;
        xcr0_write(xsave_mask);
    }
    ASSERT((xsave_mask & X87_SSE) == X87_SSE);
}

/* Legacy area: control word and MXCSR as after reset; the rest starts as zero. */
void fpu_thread_init(struct thread *t)
{
    *(uint16_t *)t->fpu = 0x37f;
    *(uint32_t *)((char *)t->fpu + 24) = 0x1f80;
}

static void save(void *area)
{
    if (have_xsave)
        __asm__ volatile("xsave64 (%0)"
                         :
                         : "r"(area), "a"((uint32_t)xsave_mask),
                           "d"(xsave_mask >> 32)
                         : "memory");
    else
        __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

static void restore(const void *area)
{
    if (have_xsave)
        __asm__ volatile("xrstor64 (%0)"
                         :
                         : "r"(area), "a"((uint32_t)xsave_mask),
                           "d"(xsave_mask >> 32)
                         : "memory");
    else
        __asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

void fpu_switch(struct vcpu *v, struct thread *next)
{
    if (v->fpu_owner == next)
        return;
    if (v->fpu_owner)
        save(v->fpu_owner->fpu);
    restore(next->fpu);
    v->fpu_owner = next;
}

void fpu_leave(struct vcpu *v, struct thread *t)
{
    if (v->fpu_owner != t)
        return;
    save(t->fpu);
    v->fpu_owner = NULL;
}

bool cpu_random(uint64_t *out)
{
    enum { FEATURE_RDRAND = 1 << 30, TRIES = 10 };
    uint32_t r[4];
    cpuid(1, 0, r);
    if (!(r[2] & FEATURE_RDRAND))
        return false;
    for (int i = 0; i < TRIES; i++) {
        unsigned char ok;
        __asm__ volatile("rdrand %0; setc %1" : "=r"(*out), "=qm"(ok));
        if (ok)
            return true;
    }
    return false;
}
