/* SPDX-License-Identifier: MIT */
/* newlib's, completed. */
#ifndef FOS_POSIX_SYS_WAIT_H
#define FOS_POSIX_SYS_WAIT_H

#include_next <sys/wait.h>
#include <sys/resource.h>
#include <sys/signal.h>

#define WEXITED              4
#define WCONTINUED           8
#define WSTOPPED             WUNTRACED
#define WNOWAIT              16
#define WCOREDUMP(status)    ((status)&0x80)
#define WIFCONTINUED(status) ((status) == 0xffff)
#undef WIFSTOPPED
#define WIFSTOPPED(status) (((status)&0xff) == 0x7f)
#undef WIFSIGNALED
#define WIFSIGNALED(status) (((status)&0x7f) > 0 && ((status)&0x7f) < 0x7f)

typedef enum { P_ALL, P_PID, P_PGID } idtype_t;

int waitid(idtype_t type, id_t id, siginfo_t *info, int options);
pid_t wait3(int *status, int options, struct rusage *usage);
pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage);

#endif
