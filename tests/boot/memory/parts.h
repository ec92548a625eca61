/* SPDX-License-Identifier: MIT */
/* What the children of the memory test do: most end by it. */
#ifndef MEMORY_PARTS_H
#define MEMORY_PARTS_H

#include <stdint.h>

int part_text(uint64_t a, uint64_t b);
int part_null(uint64_t a, uint64_t b);
/* Uses `megabytes` of stack. */
int part_stack(uint64_t megabytes, uint64_t b);
int part_unmapped(uint64_t a, uint64_t b);
/* Touches memory without reserve, without end. */
int part_bomb(uint64_t a, uint64_t b);
/* Makes so many requests that have no sense, or no right. */
int part_hostile(uint64_t requests, uint64_t b);

#define PARTS                                                        \
    {"text", part_text}, {"null", part_null}, {"stack", part_stack}, \
        {"unmapped", part_unmapped}, {"bomb", part_bomb},            \
    {                                                                \
        "hostile", part_hostile                                      \
    }

#endif
