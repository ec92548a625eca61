/* SPDX-License-Identifier: MIT */
/* What newlib's headers may offer: the options of POSIX this system has. */
#ifndef FOS_POSIX_SYS_FEATURES_H
#define FOS_POSIX_SYS_FEATURES_H

#include_next <sys/features.h>

#define _POSIX_VERSION                  200809L
#define _POSIX2_VERSION                 200809L
#define _XOPEN_VERSION                  700
#define _XOPEN_UNIX                     1
#define _XOPEN_ENH_I18N                 1
#define _POSIX_JOB_CONTROL              1
#define _POSIX_SAVED_IDS                1
#define _POSIX_CHOWN_RESTRICTED         1
#define _POSIX_NO_TRUNC                 1
#define _POSIX_VDISABLE                 '\0'
#define _POSIX_THREADS                  200809L
#define _POSIX_THREAD_SAFE_FUNCTIONS    200809L
#define _POSIX_THREAD_ATTR_STACKADDR    200809L
#define _POSIX_THREAD_ATTR_STACKSIZE    200809L
#define _POSIX_READER_WRITER_LOCKS      200809L
#define _POSIX_BARRIERS                 200809L
#define _POSIX_SPIN_LOCKS               200809L
#define _POSIX_SEMAPHORES               200809L
#define _POSIX_TIMEOUTS                 200809L
#define _POSIX_TIMERS                   200809L
#define _POSIX_CLOCK_SELECTION          200809L
#define _POSIX_MONOTONIC_CLOCK          200809L
#define _POSIX_CPUTIME                  200809L
#define _POSIX_THREAD_CPUTIME           200809L
#define _POSIX_REALTIME_SIGNALS         200809L
#define _POSIX_FSYNC                    200809L
#define _POSIX_MAPPED_FILES             200809L
#define _POSIX_MEMORY_PROTECTION        200809L
#define _POSIX_REGEXP                   1
#define _POSIX_SHELL                    1
#define _POSIX_SPAWN                    200809L
#define _UNIX98_THREAD_MUTEX_ATTRIBUTES 1

/* Descriptors of a process, and with them the bits of an fd_set. */
#ifndef FD_SETSIZE
#define FD_SETSIZE 1024
#endif

#endif
