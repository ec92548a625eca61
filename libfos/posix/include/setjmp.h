/* SPDX-License-Identifier: MIT */
/* newlib's setjmp, and the kind that keeps the signal mask. */
#ifndef FOS_POSIX_SETJMP_H
#define FOS_POSIX_SETJMP_H

#include_next <setjmp.h>
#include <sys/signal.h>

typedef struct {
    jmp_buf place;
    int saved;
    sigset_t mask;
} sigjmp_buf[1];

/* Macros, since the frame that is returned to is the caller's. */
#define sigsetjmp(at, keep)                                                  \
    (((at)->saved = (keep)) ? sigprocmask(SIG_BLOCK, NULL, &(at)->mask) : 0, \
     setjmp((at)->place))
_Noreturn void siglongjmp(sigjmp_buf at, int value);
#define _setjmp(at)         setjmp(at)
#define _longjmp(at, value) longjmp(at, value)

#endif
