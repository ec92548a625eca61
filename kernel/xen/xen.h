/* SPDX-License-Identifier: MIT */
/* What the kernel asks of Xen: verbs without Xen's types. */
#ifndef XEN_XEN_H
#define XEN_XEN_H

#include "arch/x86_64/cpu.h"
#include "mm/mm.h"

/* xen/setup.c: start-up, processors, power. */
struct start_info;
extern const struct start_info *xen_start;
void xen_early(struct vcpu *v);               /* on v: %gs, before anything else */
void xen_init(const struct start_info *info); /* traps, callbacks, shared info */
void xen_vcpu_init(struct vcpu *v);           /* the boot vCPU's info and stack */
uint32_t xen_vcpus_start(void); /* brings up all others; their count */
_Noreturn void xen_shutdown(uint32_t reason); /* enum fos_shutdown */
void xen_yield(void);
void xen_block(void); /* until an event, which is delivered as an upcall */
uint64_t xen_fault_address(void);
bool xen_event_waits(void);       /* for this vCPU */
void xen_tls_load(uint64_t base); /* the user's fs base on this vCPU */

/* xen/time.c.  All times are ns since Xen's start, from the vCPU's shared page. */
uint64_t time_now(void);
uint64_t time_wall(void); /* ns since 1970 */
uint64_t time_tsc_hz(void);
uint64_t time_of_cycles(uint64_t cycles); /* ns; under the kernel lock */
void timer_arm(uint64_t at);              /* one shot on this vCPU; 0 stops it */

/* xen/event.c */
typedef void (*event_handler)(void *argument);
void events_init(void);
void events_vcpu_init(struct vcpu *v); /* binds its timer and its IPI */
void event_bind(uint32_t port, event_handler handler, void *argument);
uint32_t event_bind_virq(uint32_t virq, event_handler handler, void *argument);
void event_mask(uint32_t port);
void event_unmask(uint32_t port); /* delivers what came meanwhile */
void event_send(uint32_t port);
void events_deliver(void); /* the upcall: runs the handlers of this vCPU */

/* xen/pagetable.c.  Queued updates take effect, in order, at mmu_flush or when the
 * queue is full.  The caller holds the kernel lock. */
void mmu_queue(mfn_t table, uint32_t index, uint64_t entry);
void mmu_flush(void);
void mmu_pin_root(mfn_t root);
void mmu_unpin(mfn_t root);
void mmu_set(uint64_t va, uint64_t entry); /* one kernel mapping, flushed here */
bool mmu_unset(uint64_t va);               /* false: va has no last-level table */
/* On this vCPU; and the fs base, unless it is NULL. */
void mmu_load_user(mfn_t root, const uint64_t *tls);
/* mmu_flush; then those vCPUs' translations of user memory are gone. */
void mmu_flush_with_tlb(uint64_t vcpu_mask);
void mmu_serialize(uint64_t vcpu_mask); /* those vCPUs have taken an interrupt */

/* xen/console.c: the kernel's own output, for start-up and emergencies. */
void console_init(void);
void console_write(const char *text, size_t n);
long console_io_write(const char *text, size_t n); /* as the privileged domain */
long console_io_read(char *text, size_t n);
long console_io_log(char *text,
                    size_t n); /* the first of the kernel's own output */

#endif
