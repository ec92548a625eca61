/* SPDX-License-Identifier: MIT */
/*
 * Page faults as messages (L4: Liedtke, SOSP 1995, section 2.1).  The thread is held, its
 * pager told, and whoever answers by FOS_THREAD_GO makes it try again: the instruction, or
 * the whole system call, which has changed nothing before it met the page.
 *
 * The hold is set before the message is sent, so the answer never comes too early.
 */
#include "lib/trace.h"
#include "msg/mailbox.h"
#include "sched/sched.h"
#include "xen/xen.h"

enum { SYSCALL_LENGTH = 2 }; /* bytes of the instruction */

static int pager_tell(const struct thread *t, const struct regs *regs)
{
    struct fos_cap pager = space_pager(t->space);
    struct fos_fault f = {
        .pid = t->space->pid,
        .thread = object_cap(&t->object),
        .address = t->fault.address,
        .error = (uint32_t)t->fault.error,
        .vector = (uint32_t)t->fault.vector,
        .instruction = regs->rip,
        .stack = regs->rsp,
    };
    reader_enter();
    struct object *o = object_find(OBJECT_MAILBOX, pager.id, pager.secret);
    int r = o ? mailbox_send(container_of(o, struct mailbox, object), NULL,
                             (uintptr_t)&f, sizeof f)
              : -FOS_EPERM;
    reader_exit();
    return r;
}

void fault_raise(const struct regs *regs, enum fault_kind kind,
                 const struct miss *miss)
{
    struct thread *t = thread_current();
    struct vcpu *v = vcpu_self();
    trace(FOS_TRACE_fault, TRAP_PAGE_FAULT, miss->address);
    spin_lock(&v->lock);
    t->held |= HOLD_FAULT;
    t->kind = kind;
    t->fault = (struct exception){TRAP_PAGE_FAULT, miss->error, miss->address};
    v->resched = true;
    spin_unlock(&v->lock);
    if (pager_tell(t, regs) == 0)
        return;
    spin_lock(&v->lock);
    t->again = true;
    spin_unlock(&v->lock);
}

/* The tables permit it by now: another thread's fault was answered meanwhile, or a
 * right was given and the TLB did not know. */
static bool is_permitted(const struct space *s, uint64_t address, uint64_t error)
{
    uint64_t entry = table_entry(s, address);
    return (entry & PTE_PRESENT) &&
           (!(error & FOS_FAULT_WRITE) || (entry & PTE_WRITE)) &&
           (!(error & FOS_FAULT_EXECUTE) || !(entry & PTE_NX));
}

bool fault_page(const struct regs *regs)
{
    const struct space *s = space_current();
    struct miss miss = {xen_fault_address(), (uint32_t)regs->error};
    if (!space_pager(s).id || user_range_check(miss.address, 1))
        return false;
    if (!is_permitted(s, miss.address, miss.error))
        fault_raise(regs, FAULT_CODE, &miss);
    return true;
}

void fault_call(struct regs *regs, uint64_t number)
{
    struct miss miss = vcpu_self()->miss;
    miss.error |= FOS_FAULT_CALL;
    regs->rip -= SYSCALL_LENGTH;
    regs->rax = number;
    fault_raise(regs, FAULT_CALL, &miss);
}

void fault_call_fails(struct regs *regs)
{
    regs->rip += SYSCALL_LENGTH;
    regs->rax = (uint64_t)-FOS_EFAULT;
}
