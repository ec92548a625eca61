/* SPDX-License-Identifier: MIT */
/* Options of TCP. */
#ifndef FOS_POSIX_NETINET_TCP_H
#define FOS_POSIX_NETINET_TCP_H

#define TCP_NODELAY   1
#define TCP_KEEPIDLE  3
#define TCP_KEEPINTVL 4
#define TCP_KEEPCNT   5

#endif
