/* SPDX-License-Identifier: MIT */
/* Addresses as text; byte order. */
#ifndef FOS_POSIX_ARPA_INET_H
#define FOS_POSIX_ARPA_INET_H

#include <netinet/in.h>

uint32_t htonl(uint32_t host);
uint32_t ntohl(uint32_t net);
uint16_t htons(uint16_t host);
uint16_t ntohs(uint16_t net);
in_addr_t inet_addr(const char *text);
char *inet_ntoa(struct in_addr address);
int inet_aton(const char *text, struct in_addr *out);
int inet_pton(int family, const char *text, void *out);
const char *inet_ntop(int family, const void *address, char *text,
                      socklen_t length);

#endif
