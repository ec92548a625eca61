/* SPDX-License-Identifier: MIT */
#include <fos/upcall.h>

#include <stdatomic.h>

/* For arch/upcall.S: the vector registers' mask for XSAVE, 0 for FXSAVE, and their size. */
uint64_t fos_upcall_mask, fos_upcall_area;
fos_upcall_handler fos_upcall_function;
void fos_upcall_entry(void);

_Static_assert(offsetof(struct fos_frame, rip) == 120, "arch/upcall.S");
_Static_assert(offsetof(struct fos_frame, rsp) == 136, "arch/upcall.S");
_Static_assert(offsetof(struct fos_frame, vector) == 144, "arch/upcall.S");
_Static_assert(offsetof(struct fos_events, signals) == 8, "arch/upcall.S");
_Static_assert(offsetof(struct fos_events, blocked) == 16, "arch/upcall.S");
_Static_assert(offsetof(struct fos_events, hold) == 24, "arch/upcall.S");

static void cpuid(uint32_t leaf, uint32_t r[4])
{
    __asm__("cpuid"
            : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
            : "0"(leaf), "2"(0));
}

/* Intel SDM volume 1, 13.2: what the kernel has switched on. */
static void area_find(void)
{
    enum { OSXSAVE = 1 << 27, FXSAVE_AREA = 512 };
    uint32_t r[4], low, high;

    fos_upcall_area = FXSAVE_AREA;
    cpuid(1, r);
    if (!(r[2] & OSXSAVE))
        return;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    cpuid(0xd, r);
    fos_upcall_area = r[1];
    fos_upcall_mask = (uint64_t)high << 32 | low;
}

void fos_upcall_begin(struct fos_events *events, fos_upcall_handler handler)
{
    if (fos_upcall_area == 0)
        area_find();
    fos_upcall_function = handler;
    events->upcall = (uintptr_t)&fos_upcall_entry;
}

size_t fos_upcall_room(void)
{
    return fos_upcall_area ? fos_upcall_area + 64 : 0;
}
