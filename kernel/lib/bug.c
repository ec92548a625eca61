/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/cpu.h"
#include "lib/lib.h"
#include "xen/xen.h"

/* Made by tools/symbols.awk when the kernel is linked; in order of address. */
struct symbol {
    uint64_t address;
    const char *name;
};
extern const struct symbol symbol_table[];
extern const uint64_t symbol_count;

static void symbol_print(uint64_t address)
{
    const struct symbol *best = NULL;
    for (uint64_t i = 0; i < symbol_count && symbol_table[i].address <= address;
         i++)
        best = &symbol_table[i];
    if (best)
        print("    %p %s+%lx\n", (void *)address, best->name,
              address - best->address);
    else
        print("    %p\n", (void *)address);
}

/* Follows saved frame pointers within one kernel stack, upwards only. */
static void backtrace(uint64_t rip, uint64_t rbp)
{
    enum { DEPTH = 24 };
    uint64_t low = rbp;
    symbol_print(rip);
    for (int i = 0; i < DEPTH && rbp >= low && rbp - low < STACK_SIZE; i++) {
        const uint64_t *frame = (const uint64_t *)rbp;
        if (rbp < DIRECT_BASE || rbp % 8 || frame[1] < KERNEL_BASE)
            return;
        symbol_print(frame[1]);
        if (frame[0] <= rbp)
            return;
        rbp = frame[0];
    }
}

static void bug_begin(const char *why)
{
    static _Atomic uint32_t once;
    if (atomic_exchange(&once, 1)) /* another vCPU, or the report itself, failed */
        xen_shutdown(FOS_SHUTDOWN_CRASH);
    print("\nfos: kernel bug on vCPU %u: %s\n", vcpu_self()->id, why);
}

_Noreturn void bug(const char *why, const char *file, int line)
{
    bug_begin(why);
    print("  at %s:%d\n", file, line);
    backtrace((uintptr_t)__builtin_return_address(0),
              *(uint64_t *)__builtin_frame_address(0));
    xen_shutdown(FOS_SHUTDOWN_CRASH);
}

_Noreturn void bug_trap(const struct regs *r, const char *why)
{
    bug_begin(why);
    print("  vector %lu error %lx rip %lx rsp %lx address %lx\n", r->vector,
          r->error, r->rip, r->rsp, xen_fault_address());
    print("  rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx\n", r->rax, r->rbx,
          r->rcx, r->rdx, r->rsi, r->rdi);
    backtrace(r->rip, r->rbp);
    xen_shutdown(FOS_SHUTDOWN_CRASH);
}
