/* SPDX-License-Identifier: MIT */
/* Dispositions of signals, and acting on those that come.  Invariants: signals.h. */
#include "signals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include <fos/abi/atomic.h>
#include <fos/clock.h>
#include <fos/fork.h>
#include <fos/lock.h>
#include <fos/part.h>
#include <fos/proc.h>
#include <fos/signal.h>
#include <fos/start.h>
#include <fos/syscall.h>
#include <fos/thread.h>
#include <fos/ticket.h>
#include <fos/upcall.h>

enum { EXCEPTIONS = 32 };

static struct fos_lock lock;
static struct sigaction actions[NSIG];
static bool any_onstack;

FOS_FORK_LOCK(lock);

static _Thread_local stack_t altstack = {.ss_flags = SS_DISABLE};
_Thread_local struct signal_runs signal_runs;

/* ---- dispositions ---- */

struct sigaction signal_action(int signal)
{
    fos_lock_take(&lock);
    struct sigaction action = actions[signal];
    fos_lock_release(&lock);
    return action;
}

static bool default_ignores(int signal)
{
    return signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH ||
           signal == SIGCONT || signal == SIGLOST;
}

static bool is_ignored(int signal, const struct sigaction *action)
{
    return action->sa_handler == SIG_IGN ||
           (action->sa_handler == SIG_DFL && default_ignores(signal));
}

static bool settable(int signal)
{
    return signal > 0 && signal < FOS_SIGNAL_CANCEL && signal != SIGKILL &&
           signal != SIGSTOP;
}

static void action_set(int signal, const struct sigaction *action)
{
    actions[signal] = *action;
    actions[signal].sa_mask &= ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP) |
                                 signal_bit(FOS_SIGNAL_CANCEL));
    if (action->sa_flags & SA_ONSTACK)
        any_onstack = true;
    if (is_ignored(signal, action))
        atomic_fetch_and(&fos_own_events->signals, ~signal_bit(signal));
}

int sigaction(int signal, const struct sigaction *restrict action,
              struct sigaction *restrict old)
{
    if (signal <= 0 || signal >= NSIG || (action && !settable(signal))) {
        errno = EINVAL;
        return -1;
    }
    fos_lock_take(&lock);
    if (old)
        *old = actions[signal];
    if (action)
        action_set(signal, action);
    fos_lock_release(&lock);
    altstack_arm(fos_own_events);
    if (action && signal == SIGCHLD)
        children_tell();
    return 0;
}

/* ---- the alternate stack ---- */

static bool on_altstack(const void *here)
{
    return !(altstack.ss_flags & SS_DISABLE) &&
           (uintptr_t)here - (uintptr_t)altstack.ss_sp < altstack.ss_size;
}

void altstack_arm(struct fos_events *events)
{
    bool use = any_onstack && !(altstack.ss_flags & SS_DISABLE);

    events->upcall_stack = (uint64_t)altstack.ss_sp + altstack.ss_size;
    events->upcall_stack_size = use ? altstack.ss_size : 0;
}

int sigaltstack(const stack_t *restrict stack, stack_t *restrict old)
{
    bool busy = on_altstack(__builtin_frame_address(0));

    if (old) {
        *old = altstack;
        old->ss_flags = busy ? SS_ONSTACK : altstack.ss_flags & SS_DISABLE;
    }
    if (!stack)
        return 0;
    errno = busy                            ? EPERM
            : stack->ss_flags & ~SS_DISABLE ? EINVAL
            : !(stack->ss_flags & SS_DISABLE) && stack->ss_size < MINSIGSTKSZ
                ? ENOMEM
                : 0;
    if (errno)
        return -1;
    altstack =
        stack->ss_flags & SS_DISABLE ? (stack_t){.ss_flags = SS_DISABLE} : *stack;
    altstack_arm(fos_own_events);
    return 0;
}

/* ---- running a handler ---- */

struct run {
    int signal;
    struct sigaction action;
    siginfo_t *info;
    ucontext_t *context;
};

static void context_fill(ucontext_t *context, const struct fos_frame *f,
                         sigset_t blocked)
{
    long *r = context->uc_mcontext.gregs;

    memset(context, 0, sizeof *context);
    context->uc_sigmask = blocked;
    context->uc_stack = altstack;
    if (!f)
        return;
    r[REG_R8] = (long)f->r8, r[REG_R9] = (long)f->r9;
    r[REG_R10] = (long)f->r10, r[REG_R11] = (long)f->r11;
    r[REG_R12] = (long)f->r12, r[REG_R13] = (long)f->r13;
    r[REG_R14] = (long)f->r14, r[REG_R15] = (long)f->r15;
    r[REG_RDI] = (long)f->rdi, r[REG_RSI] = (long)f->rsi;
    r[REG_RBP] = (long)f->rbp, r[REG_RBX] = (long)f->rbx;
    r[REG_RDX] = (long)f->rdx, r[REG_RAX] = (long)f->rax;
    r[REG_RCX] = (long)f->rcx, r[REG_RSP] = (long)f->rsp;
    r[REG_RIP] = (long)f->rip, r[REG_EFL] = (long)f->rflags;
}

/* What a handler has changed of where it interrupted: its instruction and stack. */
static void context_take(struct fos_frame *f, const ucontext_t *context)
{
    const long *r = context->uc_mcontext.gregs;

    f->rip = (uint64_t)r[REG_RIP];
    f->rsp = (uint64_t)r[REG_RSP];
    f->rax = (uint64_t)r[REG_RAX];
}

static void handler_call(void *argument)
{
    struct run *run = argument;

    if (run->action.sa_flags & SA_SIGINFO)
        run->action.sa_sigaction(run->signal, run->info, run->context);
    else
        run->action.sa_handler(run->signal);
}

/* An upcall may have come by the alternate stack for a handler that does not ask for
 * it; a release of signals, by the thread's own for one that does. */
static void handler_place(struct run *run, const struct fos_frame *frame)
{
    const void *here = __builtin_frame_address(0);
    bool wants =
        run->action.sa_flags & SA_ONSTACK && !(altstack.ss_flags & SS_DISABLE);

    if (wants && !on_altstack(here))
        signal_call_on((uint8_t *)altstack.ss_sp + altstack.ss_size, handler_call,
                       run);
    else if (!wants && frame && on_altstack(here) &&
             !on_altstack((const void *)frame->rsp))
        signal_call_on((void *)(frame->rsp - FOS_RED_ZONE), handler_call, run);
    else
        handler_call(run);
}

/* G1: hold is 1 before and after, and 0 in between. */
static void handler_run(struct run *run, struct fos_events *events,
                        struct fos_frame *frame)
{
    uint64_t blocked = fos_load_relaxed(&events->blocked), mask;
    int error = errno;
    ucontext_t context;

    context_fill(&context, frame, blocked);
    run->context = &context;
    mask = blocked | run->action.sa_mask;
    if (!(run->action.sa_flags & SA_NODEFER))
        mask |= signal_bit(run->signal);
    signal_runs.all++;
    signal_runs.unrestarted += !(run->action.sa_flags & SA_RESTART);
    fos_store_relaxed(&events->blocked, mask);
    fos_compiler_barrier();
    fos_store_relaxed(&events->hold, 0);
    fos_push_stores();
    handler_place(run, frame);
    fos_store_relaxed(&events->hold, 1);
    fos_compiler_barrier();
    fos_store_relaxed(&events->blocked, context.uc_sigmask);
    signals_take_over(events);
    if (frame)
        context_take(frame, &context);
    run->context = NULL;
    errno = error;
}

/* ---- acting ---- */

static _Noreturn void end_by(int signal)
{
    fos_sys_exit(PROC_EXIT_SIGNAL | signal);
}

static void default_act(int signal)
{
    struct proc_suspend_req req = {.self = fos_own_space(),
                                   .signal = (uint32_t)signal};
    struct proc_suspend_rep rep;

    if (signal != SIGTSTP && signal != SIGTTIN && signal != SIGTTOU)
        end_by(signal);
    proc_suspend_call(fos_proc_peer(), &req, &rep, FOS_NEVER);
}

/* The action, which SA_RESETHAND makes the default one for the next time. */
static struct sigaction action_use(int signal)
{
    fos_lock_take(&lock);
    struct sigaction action = actions[signal];
    if (action.sa_flags & SA_RESETHAND && action.sa_handler != SIG_IGN)
        actions[signal].sa_handler = SIG_DFL;
    fos_lock_release(&lock);
    return action;
}

static void act(siginfo_t *info, struct fos_events *events, struct fos_frame *frame)
{
    struct run run = {.signal = info->si_signo,
                      .action = action_use(info->si_signo),
                      .info = info};

    if (is_ignored(run.signal, &run.action))
        return;
    if (run.action.sa_handler == SIG_DFL)
        default_act(run.signal);
    else
        handler_run(&run, events, frame);
}

static void info_fill(siginfo_t *info, int signal)
{
    const struct fos_signal_info *from = &fos_start_page->signal_info[signal];
    int status = from->status;

    memset(info, 0, sizeof *info);
    info->si_signo = signal;
    info->si_code = from->code;
    info->si_pid = (pid_t)from->pid;
    info->si_value.sival_ptr = (void *)from->value;
    if (signal == SIGCHLD)
        info->si_status = from->code == CLD_EXITED || from->code == CLD_STOPPED
                              ? status >> 8 & 0xff
                          : from->code == CLD_CONTINUED ? SIGCONT
                                                        : status & 0x7f;
}

int signal_take(struct fos_events *events, uint64_t set, siginfo_t *info)
{
    uint64_t ready = fos_load_relaxed(&events->signals) & set;

    if (!ready)
        return 0;
    int signal = __builtin_ctzll(ready) + 1;
    atomic_fetch_and(&events->signals, ~signal_bit(signal)); /* G3 */
    info_fill(info, signal);
    return signal;
}

void signals_deliver(struct fos_events *events, struct fos_frame *frame)
{
    siginfo_t info;
    int signal;

    while ((signal =
                signal_take(events, ~fos_load_relaxed(&events->blocked), &info))) {
        if (signal == FOS_SIGNAL_CANCEL) {
            if (fos_cancel_signal)
                fos_cancel_signal();
        } else {
            act(&info, events, frame);
        }
    }
    altstack_arm(events);
}

/* ---- exceptions ---- */

static int exception_code(const struct fos_frame *f)
{
    enum { DIVIDE = 0, PAGE_FAULT = 14, PRESENT = 1 };

    // NOLINTBEGIN(bugprone-branch-clone): equal by chance
    switch (fos_signal_of_vector(f->vector)) {
    case SIGFPE:
        return f->vector == DIVIDE ? FPE_INTDIV : FPE_FLTINV;
    case SIGTRAP:
        return TRAP_BRKPT;
    case SIGILL:
        return ILL_ILLOPC;
    case SIGBUS:
        return BUS_ADRALN;
    default:
        return f->vector == PAGE_FAULT && !(f->error & PRESENT) ? SEGV_MAPERR
                                                                : SEGV_ACCERR;
    }
    // NOLINTEND(bugprone-branch-clone)
}

/* Where no handler is to run, the instruction is tried again without upcalls: the
 * kernel ends the process, and tells why. */
static void exception(struct fos_frame *frame, struct fos_events *events)
{
    siginfo_t info = {.si_addr = (void *)frame->address};
    struct run run = {.info = &info};
    bool blocked;

    run.signal = info.si_signo = fos_signal_of_vector(frame->vector);
    info.si_code = exception_code(frame);
    if (run.signal != SIGSEGV)
        info.si_addr = (void *)frame->rip;
    blocked = fos_load_relaxed(&events->blocked) & signal_bit(run.signal);
    if (!blocked)
        run.action = action_use(run.signal);
    if (blocked || run.action.sa_handler == SIG_DFL ||
        run.action.sa_handler == SIG_IGN)
        events->upcall = 0;
    else
        handler_run(&run, events, frame);
}

static void upcall(struct fos_frame *frame, struct fos_events *events)
{
    if (frame->vector < EXCEPTIONS)
        exception(frame, events);
    else
        signals_deliver(events, frame);
}

/* ---- beginnings ---- */

void fos_signals_thread_begin(struct fos_events *own)
{
    altstack = (stack_t){.ss_flags = SS_DISABLE};
    fos_upcall_begin(own, upcall);
}

void signals_begin(void)
{
    if (!fos_ticket_system(fos_ticket()))
        fos_signals_thread_begin(fos_own_events);
}

/* What is pending stays so by exec, which keeps the pid, and not for a new process. */
struct inherited {
    uint64_t blocked, ignored, pending, pid;
};

static long put(struct fos_inherit *to)
{
    struct inherited item = {
        .blocked = fos_load_relaxed(&fos_own_events->blocked),
        .pending = fos_load_relaxed(&fos_own_events->signals),
        .pid = fos_pid(),
    };

    for (int n = 1; n < NSIG; n++)
        if (actions[n].sa_handler == SIG_IGN)
            item.ignored |= signal_bit(n);
    return item.blocked || item.ignored || item.pending
               ? fos_inherit_put(to, FOS_INHERIT_SIGNALS, &item, sizeof item)
               : 0;
}

static void get(const void *data, uint32_t size)
{
    const struct inherited *item = data;

    if (size != sizeof *item)
        return;
    for (int n = 1; n < NSIG; n++)
        if (item->ignored & signal_bit(n) && settable(n))
            actions[n].sa_handler = SIG_IGN;
    if (item->pid == fos_pid())
        fos_fetch_or(&fos_own_events->signals, item->pending);
    sigprocmask(SIG_SETMASK, &(sigset_t){item->blocked}, NULL);
    children_tell();
}

/* fos_thread_forked has given the child's event page what is blocked and held. */
static void forked(void)
{
    fos_upcall_begin(fos_own_events, upcall);
    altstack_arm(fos_own_events);
}

FOS_PART(signals_part, .kind = FOS_INHERIT_SIGNALS, .put = put, .get = get,
         .forked = forked);
