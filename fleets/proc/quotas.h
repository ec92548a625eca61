/* SPDX-License-Identifier: MIT */
/*
 * What a member of each fleet is given: the usual where there is plenty, less in a small
 * machine, down to what it needs for a handful of processes.
 */
#ifndef PROC_QUOTAS_H
#define PROC_QUOTAS_H

#include <stdint.h>

struct quota {
    uint32_t frames, objects;
};

enum quota_kind {
    QUOTA_NAME,
    QUOTA_DRIVER, /* console; store */
    QUOTA_FS,     /* with what is in files */
    QUOTA_PAGE,   /* without what it gives to others */
    QUOTA_MEM,    /* it gets more from the page fleet */
    QUOTA_KINDS
};

/* Fixes the quotas by the frames and objects that are there for all processes. */
void quotas_open(uint64_t frames, uint64_t objects);

const struct quota *quota_of(enum quota_kind kind);

#endif
