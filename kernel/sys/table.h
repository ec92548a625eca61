/* SPDX-License-Identifier: MIT */
/* The system call table: prototypes of all bodies, and the dispatch. */
#ifndef SYS_TABLE_H
#define SYS_TABLE_H

#include <fos/abi/syscalls.h>

#include "arch/x86_64/cpu.h"
#include "sched/sched.h"

#define SYS_TYPES0 void
#define SYS_TYPES1 uint64_t
#define SYS_TYPES2 uint64_t, uint64_t
#define SYS_TYPES3 uint64_t, uint64_t, uint64_t
#define SYS_TYPES4 uint64_t, uint64_t, uint64_t, uint64_t
#define SYS_TYPES5 uint64_t, uint64_t, uint64_t, uint64_t, uint64_t

#define SYSCALL(number, name, args, sentence) long sys_##name(SYS_TYPES##args);
#include <fos/abi/syscalls.def>
#undef SYSCALL

void syscall_dispatch(struct regs *regs);

/* Results that are structs: a fault while writing one is found before anything else
 * happens, so that no call succeeds without its caller learning the result. */
int out_check(uint64_t va, size_t n);
void out_write(uint64_t va, const void *from, size_t n);

#define FIND(type, TYPE, id, secret)                                        \
    ({                                                                      \
        struct object *found_ = object_find(OBJECT_##TYPE, (id), (secret)); \
        found_ ? container_of(found_, struct type, object) : NULL;          \
    })

#endif
