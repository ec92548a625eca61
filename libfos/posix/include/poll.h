/* SPDX-License-Identifier: MIT */
/* Waiting for several descriptors. */
#ifndef FOS_POSIX_POLL_H
#define FOS_POSIX_POLL_H

#include <sys/types.h>
#include <sys/_sigset.h>

struct timespec;

struct pollfd {
    int fd;
    short events, revents;
};
typedef unsigned long nfds_t;
#define POLLIN     0x1
#define POLLPRI    0x2
#define POLLOUT    0x4
#define POLLERR    0x8
#define POLLHUP    0x10
#define POLLNVAL   0x20
#define POLLRDNORM 0x40
#define POLLRDBAND 0x80
#define POLLWRNORM 0x100
#define POLLWRBAND 0x200

int poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
          const __sigset_t *mask);

#endif
