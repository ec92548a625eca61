/* SPDX-License-Identifier: MIT */
/*
 * Scheduling: SCHED_OTHER, with no priorities, is what all processes have; the others
 * are refused (EPERM).  Where a process may run is Linux's interface, on 64 vCPUs.
 */
#ifndef FOS_POSIX_SCHED_H
#define FOS_POSIX_SCHED_H

#include_next <sched.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef _POSIX_PRIORITY_SCHEDULING
int sched_get_priority_max(int policy);
int sched_get_priority_min(int policy);
int sched_getparam(pid_t pid, struct sched_param *param);
int sched_setparam(pid_t pid, const struct sched_param *param);
int sched_getscheduler(pid_t pid);
int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param);
int sched_rr_get_interval(pid_t pid, struct timespec *interval);
#endif

#define CPU_SETSIZE 64
typedef struct {
    unsigned long __bits;
} cpu_set_t;

#define CPU_ZERO(set)       ((void)((set)->__bits = 0))
#define CPU_SET(cpu, set)   ((void)((set)->__bits |= 1ul << (cpu)))
#define CPU_CLR(cpu, set)   ((void)((set)->__bits &= ~(1ul << (cpu))))
#define CPU_ISSET(cpu, set) ((int)((set)->__bits >> (cpu)&1))
#define CPU_COUNT(set)      __builtin_popcountl((set)->__bits)

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set);

#ifdef __cplusplus
}
#endif

#endif
