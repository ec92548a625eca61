/* SPDX-License-Identifier: MIT */
/*
 * The types of pthread.h, in the place where sys/types.h looks for them.  Their words
 * belong to libfos (fos/sync.h gives them names); all zero is each static initialiser.
 */
#ifndef _SYS__PTHREADTYPES_H_
#define _SYS__PTHREADTYPES_H_

#include <stddef.h>

#include <sys/sched.h>

typedef unsigned long pthread_t;
typedef unsigned int pthread_key_t;
typedef unsigned int pthread_spinlock_t;

typedef unsigned int pthread_once_t;
typedef struct {
    size_t __stack_size, __guard_size;
    void *__stack;
    int __detached, __inherit, __scope, __policy;
    struct sched_param __param;
    int __vcpu; /* plus one; 0: any */
} pthread_attr_t;

typedef struct {
    unsigned long __words[4];
} pthread_mutex_t;

typedef struct {
    unsigned int __kind, __shared;
} pthread_mutexattr_t;

typedef struct {
    unsigned long __words[2];
} pthread_cond_t;

typedef struct {
    unsigned int __clock, __shared;
} pthread_condattr_t;

typedef struct {
    unsigned long __words[2];
} pthread_rwlock_t;

typedef struct {
    unsigned int __nothing;
} pthread_rwlockattr_t;

typedef struct {
    unsigned long __words[2];
} pthread_barrier_t;

typedef struct {
    unsigned int __nothing;
} pthread_barrierattr_t;

#endif
