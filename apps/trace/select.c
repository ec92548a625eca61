/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <stdio.h>
#include <string.h>

struct choice {
    const char *name;
    uint64_t mask;
    const char *sentence;
};

#define KERNEL   ((1ull << FOS_TRACE_USER_FIRST) - 1)
#define SYSCALLS (FOS_TRACE_BIT(syscall_enter) | FOS_TRACE_BIT(syscall_exit))

static const struct choice choices[] = {
    {"all", ~0ull, "everything (as without -e)"},
    {"kernel", KERNEL, "what the kernel records"},
    {"user", ~KERNEL, "what libfos records"},
    {"syscalls", SYSCALLS, "syscall_enter, syscall_exit"},
#define TRACE(number, name, a, b, sentence) {#name, FOS_TRACE_BIT(name), sentence},
#include <fos/abi/trace.def>
#undef TRACE
};

enum { CHOICES = sizeof choices / sizeof *choices };

static const struct choice *choice_find(const char *name, size_t length)
{
    for (size_t i = 0; i < CHOICES; i++)
        if (strlen(choices[i].name) == length &&
            memcmp(choices[i].name, name, length) == 0)
            return &choices[i];
    return NULL;
}

bool select_parse(const char *list, uint64_t *mask, const char **unknown)
{
    *mask = *list == '-' ? ~0ull : 0;
    while (*list) {
        bool take = *list == '-';
        size_t length = strcspn(list += take, ",");
        const struct choice *choice = choice_find(list, length);

        *unknown = list;
        if (!choice)
            return false;
        *mask = take ? *mask & ~choice->mask : *mask | choice->mask;
        list += length;
        list += *list == ',';
    }
    *mask &= fos_trace_all;
    return true;
}

void select_show(void)
{
    for (size_t i = 0; i < CHOICES; i++)
        printf("  %-14s %s\n", choices[i].name, choices[i].sentence);
}
