/* SPDX-License-Identifier: MIT */
/* Internet addresses. */
#ifndef FOS_POSIX_NETINET_IN_H
#define FOS_POSIX_NETINET_IN_H

#include <sys/types.h>
#include <sys/socket.h>
#include <inttypes.h>
#include <machine/endian.h>

#ifndef _IN_ADDR_T_DECLARED
typedef __uint32_t in_addr_t;
#define _IN_ADDR_T_DECLARED
#endif
#ifndef _IN_PORT_T_DECLARED
typedef __uint16_t in_port_t;
#define _IN_PORT_T_DECLARED
#endif

struct in_addr {
    in_addr_t s_addr;
};
struct in6_addr {
    union {
        __uint8_t s6_addr[16];
        __uint32_t s6_addr32[4];
    };
};
struct sockaddr_in {
    sa_family_t sin_family;
    in_port_t sin_port;
    struct in_addr sin_addr;
    char sin_zero[8];
};
struct sockaddr_in6 {
    sa_family_t sin6_family;
    in_port_t sin6_port;
    __uint32_t sin6_flowinfo;
    struct in6_addr sin6_addr;
    __uint32_t sin6_scope_id;
};

#define INADDR_ANY       0u
#define INADDR_LOOPBACK  0x7f000001u
#define INADDR_NONE      0xffffffffu
#define INADDR_BROADCAST 0xffffffffu
#define INET_ADDRSTRLEN  16
#define INET6_ADDRSTRLEN 46
#define IPPROTO_IP       0
#define IPPROTO_ICMP     1
#define IPPROTO_TCP      6
#define IPPROTO_UDP      17
#define IPPROTO_IPV6     41
#define IPPROTO_RAW      255
#define IPV6_V6ONLY      27

extern const struct in6_addr in6addr_any;

#endif
