/* SPDX-License-Identifier: MIT */
/* Pages shared with Xen, for the files of this folder. */
#ifndef XEN_SHARED_H
#define XEN_SHARED_H

#include <stdint.h>
#include <xen/xen.h>

#include "arch/x86_64/cpu.h"

extern struct shared_info *xen_shared;
extern struct vcpu_info *xen_vcpu_info[VCPU_MAX];

#endif
