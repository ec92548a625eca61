/* SPDX-License-Identifier: MIT */
/* Devices: an event channel and a page shared with another domain, for a driver in
 * user space.  They are made at start-up and live for ever. */
#ifndef SYS_DEVICE_H
#define SYS_DEVICE_H

#include <fos/abi/boot.h>

#include "msg/capability.h"
#include "mm/mm.h"

struct thread;

struct device {
    struct object object;
    bool page_shared;
    pfn_t page;
    uint32_t port;
    struct thread
        *_Atomic thread; /* told of events; changed under the kernel lock */
    uint32_t slot;
};

/* Fills in what the first process is given. */
void devices_init(struct fos_boot_info *info);
void devices_unbind(const struct thread *t);

#endif
