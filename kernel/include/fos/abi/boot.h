/* SPDX-License-Identifier: MIT */
/*
 * What the kernel gives to the first process, on the page after its start page
 * (start page address + 4096).  The archive is mapped read-only at `archive`.
 */
#ifndef FOS_ABI_BOOT_H
#define FOS_ABI_BOOT_H

#include <fos/abi/types.h>

enum { FOS_BOOT_CMDLINE = 1024 };

/* A device: an event channel and, unless page_shared is 0, one shared page.  The trace
 * device has no event channel; what device_map shows of it stands in trace.h. */
enum fos_boot_device {
    FOS_DEVICE_CONSOLE = 0,
    FOS_DEVICE_STORE = 1,
    FOS_DEVICE_TRACE = 2,
    FOS_DEVICES
};

struct fos_boot_info {
    uint64_t archive, archive_size; /* the boot archive, a cpio (newc) */
    uint32_t dom0; /* 1: privileged guest, no rings: use console_io */
    uint32_t device_present[FOS_DEVICES];
    uint32_t reserved;
    struct fos_cap machine; /* for shutdown */
    struct fos_cap devices[FOS_DEVICES];
    char cmdline[FOS_BOOT_CMDLINE];
};

_Static_assert(sizeof(struct fos_boot_info) <= FOS_PAGE_SIZE, "one page");

#endif
