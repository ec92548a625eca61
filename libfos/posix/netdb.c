/* SPDX-License-Identifier: MIT */
/* Looking hosts and services up: there is nobody to ask, and each call says so. */
#include <netdb.h>

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

int h_errno;

static int lacking(void)
{
    errno = ENOSYS;
    return EAI_SYSTEM;
}

static void *host_lacking(void)
{
    errno = ENOSYS;
    h_errno = NETDB_INTERNAL;
    return NULL;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    (void)node, (void)service, (void)hints, (void)result;
    return lacking();
}

int getnameinfo(const struct sockaddr *address, socklen_t length, char *host,
                socklen_t host_length, char *service, socklen_t service_length,
                int flags)
{
    (void)address, (void)length, (void)host, (void)host_length;
    (void)service, (void)service_length, (void)flags;
    return lacking();
}

/* No list was ever given out. */
void freeaddrinfo(struct addrinfo *list)
{
    (void)list;
}

struct hostent *gethostbyname(const char *name)
{
    (void)name;
    return host_lacking();
}

struct hostent *gethostbyaddr(const void *address, socklen_t length, int family)
{
    (void)address, (void)length, (void)family;
    return host_lacking();
}

const char *gai_strerror(int error)
{
    switch (error) {
    case 0:
        return "no error";
    case EAI_NONAME:
        return "host or service is not known";
    case EAI_AGAIN:
        return "no answer now";
    case EAI_FAIL:
        return "no answer ever";
    case EAI_FAMILY:
        return "kind of address is not supported";
    case EAI_SOCKTYPE:
        return "kind of socket is not supported";
    case EAI_SERVICE:
        return "service is not known for this kind of socket";
    case EAI_MEMORY:
        return "out of memory";
    case EAI_SYSTEM:
        return "system error";
    default:
        return "unknown error";
    }
}

const char *hstrerror(int error)
{
    static const char *const texts[] = {[NETDB_SUCCESS] = "no error",
                                        [HOST_NOT_FOUND] = "host is not known",
                                        [TRY_AGAIN] = "no answer now",
                                        [NO_RECOVERY] = "no answer ever",
                                        [NO_DATA] = "host has no address"};

    if (error == NETDB_INTERNAL)
        return "system error";
    return error >= 0 && error <= NO_DATA ? texts[error] : "unknown error";
}

void herror(const char *text)
{
    fprintf(stderr, "%s%s%s\n", text && *text ? text : "",
            text && *text ? ": " : "", hstrerror(h_errno));
}
