/* SPDX-License-Identifier: MIT */
/* Network interfaces' names. */
#ifndef FOS_POSIX_NET_IF_H
#define FOS_POSIX_NET_IF_H

#define IFNAMSIZ    16
#define IF_NAMESIZE IFNAMSIZ

#endif
