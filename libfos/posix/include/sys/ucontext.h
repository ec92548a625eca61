/* SPDX-License-Identifier: MIT */
/* The registers a signal handler is shown. */
#ifndef FOS_POSIX_SYS_UCONTEXT_H
#define FOS_POSIX_SYS_UCONTEXT_H

#include <sys/signal.h>

enum {
    REG_R8,
    REG_R9,
    REG_R10,
    REG_R11,
    REG_R12,
    REG_R13,
    REG_R14,
    REG_R15,
    REG_RDI,
    REG_RSI,
    REG_RBP,
    REG_RBX,
    REG_RDX,
    REG_RAX,
    REG_RCX,
    REG_RSP,
    REG_RIP,
    REG_EFL,
    NGREG = 23
};
typedef struct {
    long gregs[NGREG];
} mcontext_t;
typedef struct ucontext {
    unsigned long uc_flags;
    struct ucontext *uc_link;
    stack_t uc_stack;
    mcontext_t uc_mcontext;
    sigset_t uc_sigmask;
} ucontext_t;

#endif
