/* SPDX-License-Identifier: MIT */
#include "lib/lib.h"

/* By words, as translators go through `rep` one by one. */
void *memcpy(void *to, const void *from, size_t n)
{
    void *at = to;
    size_t words = n / 8;
    __asm__ volatile("rep movsq\n\tmov %3, %2\n\trep movsb"
                     : "+&D"(at), "+&S"(from), "+&c"(words)
                     : "r"(n % 8)
                     : "memory");
    return to;
}

void *memset(void *to, int c, size_t n)
{
    void *at = to;
    size_t words = n / 8;
    __asm__ volatile("rep stosq\n\tmov %2, %1\n\trep stosb"
                     : "+&D"(at), "+&c"(words)
                     : "r"(n % 8), "a"((uint8_t)c * 0x0101010101010101ul)
                     : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    if ((uintptr_t)to - (uintptr_t)from >= n)
        return memcpy(to, from, n);
    char *t = to;
    const char *f = from;
    while (n--)
        t[n] = f[n];
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;
    for (; n; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}
