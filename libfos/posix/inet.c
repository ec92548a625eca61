/* SPDX-License-Identifier: MIT */
/* Internet addresses as text, and byte order. */
#include <arpa/inet.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct in6_addr in6addr_any;

#undef htonl
#undef htons
#undef ntohl
#undef ntohs

uint32_t htonl(uint32_t host)
{
    return __builtin_bswap32(host);
}

uint32_t ntohl(uint32_t net)
{
    return __builtin_bswap32(net);
}

uint16_t htons(uint16_t host)
{
    return __builtin_bswap16(host);
}

uint16_t ntohs(uint16_t net)
{
    return __builtin_bswap16(net);
}

/* One to four numbers of any base; the last fills what is left of 32 bits. */
int inet_aton(const char *text, struct in_addr *out)
{
    uint32_t parts[4], value = 0;
    int n = 0;

    for (;;) {
        char *end;
        unsigned long number = strtoul(text, &end, 0);
        if (end == text || n == 4 || number > 0xffffffff)
            return 0;
        parts[n++] = (uint32_t)number;
        if (*end == '\0')
            break;
        if (*end != '.')
            return 0;
        text = end + 1;
    }
    for (int i = 0; i < n - 1; i++) {
        if (parts[i] > 255)
            return 0;
        value |= parts[i] << (24 - 8 * i);
    }
    if (n > 1 && parts[n - 1] >> (8 * (5 - n)))
        return 0;
    out->s_addr = htonl(value | parts[n - 1]);
    return 1;
}

in_addr_t inet_addr(const char *text)
{
    struct in_addr address;

    return inet_aton(text, &address) ? address.s_addr : INADDR_NONE;
}

static int four_numbers(const char *text, unsigned char *out)
{
    for (int i = 0; i < 4; i++) {
        unsigned value = 0;
        int digits = 0;
        while (*text >= '0' && *text <= '9' && digits++ < 3)
            value = value * 10 + (unsigned)(*text++ - '0');
        if (!digits || value > 255 || *text++ != (i < 3 ? '.' : '\0'))
            return 0;
        out[i] = (unsigned char)value;
    }
    return 1;
}

/* One group of up to four hexadecimal digits: their number, 0 for none. */
static int group(const char *text, unsigned *value)
{
    int n = 0;

    *value = 0;
    while (n < 4) {
        const char *digits = "0123456789abcdef0123456789ABCDEF";
        const char *at = text[n] ? strchr(digits, text[n]) : NULL;
        if (!at)
            break;
        *value = *value << 4 | (unsigned)((at - digits) & 15);
        n++;
    }
    return n;
}

static int eight_groups(const char *text, unsigned char *out)
{
    unsigned char bytes[16] = {0};
    int used = 0, gap = -1;
    unsigned value;

    if (text[0] == ':' && *++text != ':')
        return 0;
    while (used < 16) {
        if (*text == ':' && gap < 0) {
            gap = used;
            text++;
            if (!*text)
                break;
        }
        int digits = group(text, &value);
        if (digits && text[digits] == '.' && used <= 12) {
            if (!four_numbers(text, bytes + used))
                return 0;
            used += 4;
            text = "";
            break;
        }
        if (!digits)
            return 0;
        bytes[used++] = (unsigned char)(value >> 8);
        bytes[used++] = (unsigned char)value;
        text += digits;
        if (!*text)
            break;
        if (*text++ != ':' || !*text)
            return 0;
    }
    if (*text || (gap < 0 && used != 16) || (gap >= 0 && used == 16))
        return 0;
    if (gap >= 0) {
        memmove(bytes + 16 - (used - gap), bytes + gap, (size_t)(used - gap));
        memset(bytes + gap, 0, (size_t)(16 - used));
    }
    memcpy(out, bytes, 16);
    return 1;
}

int inet_pton(int family, const char *text, void *out)
{
    if (family == AF_INET)
        return four_numbers(text, out);
    if (family == AF_INET6)
        return eight_groups(text, out);
    errno = EAFNOSUPPORT;
    return -1;
}

/* The longest run of two or more zero groups is written as two colons. */
static void six_text(const unsigned char *bytes, char *text)
{
    unsigned groups[8];
    int best = -1, length = 1;

    for (int i = 0; i < 8; i++)
        groups[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
    for (int i = 0; i < 8; i++) {
        int n = 0;
        while (i + n < 8 && !groups[i + n])
            n++;
        if (n > length) {
            best = i;
            length = n;
        }
        i += n;
    }
    for (int i = 0; i < 8; i++) {
        if (i == best) {
            text += sprintf(text, "::");
            i += length - 1;
            continue;
        }
        text +=
            sprintf(text, "%s%x", i && i != best + length ? ":" : "", groups[i]);
    }
}

const char *inet_ntop(int family, const void *address, char *text,
                      socklen_t capacity)
{
    const unsigned char *bytes = address;
    char whole[INET6_ADDRSTRLEN];

    if (family == AF_INET)
        sprintf(whole, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
    else if (family == AF_INET6)
        six_text(bytes, whole);
    else {
        errno = EAFNOSUPPORT;
        return NULL;
    }
    if (strlen(whole) >= capacity) {
        errno = ENOSPC;
        return NULL;
    }
    return strcpy(text, whole);
}

char *inet_ntoa(struct in_addr address)
{
    static char text[INET_ADDRSTRLEN];

    inet_ntop(AF_INET, &address, text, sizeof text);
    return text;
}
