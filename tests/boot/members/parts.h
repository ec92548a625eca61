/* SPDX-License-Identifier: MIT */
/* What the children of this test do.  0: as it should be. */
#ifndef MEMBERS_PARTS_H
#define MEMBERS_PARTS_H

#include <stdint.h>

/* Waits to be killed. */
int part_wait(uint64_t a, uint64_t b);
/* Has gone to the other member by exec, and waits for its child. */
int part_father(uint64_t child, uint64_t b);
/* Finds its number in page `in` of the file that both map, and writes `out`. */
int part_file(uint64_t in, uint64_t out);
/* Forks, and begins anew at each member in turn, so many times. */
int part_wander(uint64_t times, uint64_t b);
/* Maps, finds zeros, writes its number, finds it still there, unmaps. */
int part_stamp(uint64_t rounds, uint64_t number);
/* Touches so many pages, and `more`, and gives them back. */
int part_hoard(uint64_t pages, uint64_t more);
/* Touches so many pages, and waits to be killed. */
int part_keep(uint64_t pages, uint64_t b);
/* Starts programs until it is told to go on; those then come out right. */
int part_load(uint64_t a, uint64_t b);
/* Asks the page fleet for what it may not. */
int part_hostile(uint64_t requests, uint64_t b);
int part_nothing(uint64_t a, uint64_t b);

#define PARTS                                                                  \
    {"wait", part_wait}, {"father", part_father}, {"file", part_file},         \
        {"wander", part_wander}, {"stamp", part_stamp}, {"hoard", part_hoard}, \
        {"keep", part_keep}, {"load", part_load}, {"hostile", part_hostile},   \
    {                                                                          \
        "nothing", part_nothing                                                \
    }

#endif
