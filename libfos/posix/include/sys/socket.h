/* SPDX-License-Identifier: MIT */
/* Sockets: the interface; there is no network yet. */
#ifndef FOS_POSIX_SYS_SOCKET_H
#define FOS_POSIX_SYS_SOCKET_H

#include <sys/types.h>
#include <sys/uio.h>

typedef __socklen_t socklen_t;
typedef __sa_family_t sa_family_t;

struct sockaddr {
    sa_family_t sa_family;
    char sa_data[14];
};
struct sockaddr_storage {
    sa_family_t ss_family;
    char __ss_pad[6];
    __uint64_t __ss_align[15];
};
struct msghdr {
    void *msg_name;
    socklen_t msg_namelen;
    struct iovec *msg_iov;
    int msg_iovlen;
    void *msg_control;
    socklen_t msg_controllen;
    int msg_flags;
};
struct cmsghdr {
    socklen_t cmsg_len;
    int cmsg_level, cmsg_type;
};
struct linger {
    int l_onoff, l_linger;
};

#define AF_UNSPEC 0
#define AF_UNIX   1
#define AF_LOCAL  AF_UNIX
#define AF_INET   2
#define AF_INET6  10
#define PF_UNSPEC AF_UNSPEC
#define PF_UNIX   AF_UNIX
#define PF_LOCAL  AF_LOCAL
#define PF_INET   AF_INET
#define PF_INET6  AF_INET6

#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_RAW       3
#define SOCK_RDM       4
#define SOCK_SEQPACKET 5
#define SOMAXCONN      128

/* The numbers are lwIP's. */
#define SOL_SOCKET   0xfff
#define SO_REUSEADDR 0x4
#define SO_KEEPALIVE 0x8
#define SO_BROADCAST 0x20
#define SO_LINGER    0x80
#define SO_SNDBUF    0x1001
#define SO_RCVBUF    0x1002
#define SO_SNDTIMEO  0x1005
#define SO_RCVTIMEO  0x1006
#define SO_ERROR     0x1007
#define SO_TYPE      0x1008
#define MSG_PEEK     0x1
#define MSG_WAITALL  0x2
#define MSG_OOB      0x4
#define MSG_DONTWAIT 0x8
#define MSG_NOSIGNAL 0x20
#define SHUT_RD      0
#define SHUT_WR      1
#define SHUT_RDWR    2

int socket(int domain, int type, int protocol);
int socketpair(int domain, int type, int protocol, int fds[2]);
int bind(int fd, const struct sockaddr *address, socklen_t length);
int connect(int fd, const struct sockaddr *address, socklen_t length);
int listen(int fd, int backlog);
int accept(int fd, struct sockaddr *address, socklen_t *length);
int shutdown(int fd, int how);
ssize_t send(int fd, const void *data, size_t length, int flags);
ssize_t recv(int fd, void *data, size_t length, int flags);
ssize_t sendto(int fd, const void *data, size_t length, int flags,
               const struct sockaddr *to, socklen_t to_length);
ssize_t recvfrom(int fd, void *data, size_t length, int flags,
                 struct sockaddr *from, socklen_t *from_length);
ssize_t sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t recvmsg(int fd, struct msghdr *message, int flags);
int getsockopt(int fd, int level, int option, void *value, socklen_t *length);
int setsockopt(int fd, int level, int option, const void *value, socklen_t length);
int getsockname(int fd, struct sockaddr *address, socklen_t *length);
int getpeername(int fd, struct sockaddr *address, socklen_t *length);

#endif
