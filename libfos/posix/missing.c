/* SPDX-License-Identifier: MIT */
/*
 * Calls that POSIX names and this system lacks: each fails with ENOSYS, the first kind
 * with -1, the second with NULL.  Linked last, and weakly: whoever supplies a call
 * need not look here, though its row goes then.
 */
#include <errno.h>
#include <stddef.h>

long fos_missing(void);
void *fos_missing_null(void);

long fos_missing(void)
{
    errno = ENOSYS;
    return -1;
}

void *fos_missing_null(void)
{
    errno = ENOSYS;
    return NULL;
}

#define NAMES(name, target) __asm__(".weak " #name "\n.set " #name ", " #target);
#define CALL(name)          NAMES(name, fos_missing)
#define CALL_NULL(name)     NAMES(name, fos_missing_null)

/* Processes and signals. */
CALL(fexecve)

/* Priorities. */
CALL(setpriority)
CALL(gethostid)

/* Files. */
CALL(statfs)
CALL(fstatfs)
CALL(syncfs)
CALL(flock)
CALL(chroot)

/* Sockets and mounts. */
CALL(socket)
CALL(socketpair)
CALL(bind)
CALL(connect)
CALL(listen)
CALL(accept)
CALL(shutdown)
CALL(send)
CALL(recv)
CALL(sendto)
CALL(recvfrom)
CALL(sendmsg)
CALL(recvmsg)
CALL(getsockopt)
CALL(setsockopt)
CALL(getsockname)
CALL(getpeername)
CALL_NULL(getservbyname)
CALL_NULL(getservbyport)
CALL(mount)
CALL(umount)
