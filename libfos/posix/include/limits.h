/* SPDX-License-Identifier: MIT */
/* No guard around include_next: gcc's limits.h comes back here through syslimits.h. */
#include_next <limits.h>
#ifndef FOS_POSIX_LIMITS_H
#define FOS_POSIX_LIMITS_H

#ifndef SSIZE_MAX
#define SSIZE_MAX LONG_MAX
#endif
#undef PATH_MAX
#define PATH_MAX 4096
#undef ARG_MAX
#define ARG_MAX 262144
#undef OPEN_MAX
#define OPEN_MAX 1024
#undef PIPE_BUF
#define PIPE_BUF 4096
#undef CHILD_MAX
#ifndef HOST_NAME_MAX
#define HOST_NAME_MAX 64
#endif
#ifndef LOGIN_NAME_MAX
#define LOGIN_NAME_MAX 32
#endif
#define TTY_NAME_MAX 32
#define SYMLINK_MAX  4095
#define SYMLOOP_MAX  40
#define NZERO        20
#ifndef NAME_MAX
#define NAME_MAX 255
#endif
#define PTHREAD_KEYS_MAX              128
#define PTHREAD_DESTRUCTOR_ITERATIONS 4
#ifndef PTHREAD_STACK_MIN
#define PTHREAD_STACK_MIN 16384
#endif
#define SEM_VALUE_MAX  INT_MAX
#define SEM_NSEMS_MAX  INT_MAX
#define DELAYTIMER_MAX INT_MAX
#define TIMER_MAX      32
#define RTSIG_MAX      31
#define SIGQUEUE_MAX   32

#define _POSIX_AIO_LISTIO_MAX               2
#define _POSIX_AIO_MAX                      1
#define _POSIX_ARG_MAX                      4096
#define _POSIX_CHILD_MAX                    25
#define _POSIX_CLOCKRES_MIN                 20000000
#define _POSIX_DELAYTIMER_MAX               32
#define _POSIX_HOST_NAME_MAX                255
#define _POSIX_LINK_MAX                     8
#define _POSIX_LOGIN_NAME_MAX               9
#define _POSIX_MAX_CANON                    255
#define _POSIX_MAX_INPUT                    255
#define _POSIX_NAME_MAX                     14
#define _POSIX_NGROUPS_MAX                  8
#define _POSIX_OPEN_MAX                     20
#define _POSIX_PATH_MAX                     256
#define _POSIX_PIPE_BUF                     512
#define _POSIX_RE_DUP_MAX                   255
#define _POSIX_RTSIG_MAX                    8
#define _POSIX_SEM_NSEMS_MAX                256
#define _POSIX_SEM_VALUE_MAX                32767
#define _POSIX_SIGQUEUE_MAX                 32
#define _POSIX_SSIZE_MAX                    32767
#define _POSIX_STREAM_MAX                   8
#define _POSIX_SYMLINK_MAX                  255
#define _POSIX_SYMLOOP_MAX                  8
#define _POSIX_THREAD_DESTRUCTOR_ITERATIONS 4
#define _POSIX_THREAD_KEYS_MAX              128
#define _POSIX_THREAD_THREADS_MAX           64
#define _POSIX_TIMER_MAX                    32
#define _POSIX_TTY_NAME_MAX                 9
#define _POSIX_TZNAME_MAX                   6
#define _POSIX2_LINE_MAX                    2048
#define _POSIX2_RE_DUP_MAX                  255

#endif
