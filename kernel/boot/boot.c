/* SPDX-License-Identifier: MIT */
/* The order of initialisation. */
#include "boot/boot.h"
#include "arch/x86_64/cpu.h"
#include "lib/trace.h"
#include "msg/channel.h"
#include "sched/sched.h"
#include "xen/xen.h"

/* On the boot vCPU's own stack, with a guard page below. */
static void boot_rest(void)
{
    fpu_init();
    random_init();
    events_vcpu_init(vcpu_self());
    vcpu_count = xen_vcpus_start();
    channels_init();
    trace_init();
    print("fos: %u vCPU%s, %lu MiB, %lu MiB free\n", vcpu_count,
          vcpu_count == 1 ? "" : "s", frame_count >> 8, frames_free >> 8);
    first_process_start();
    sched_run();
}

void kernel_main(const struct start_info *info)
{
    xen_start = info;
    vcpus[0].self = &vcpus[0];
    xen_early(&vcpus[0]);
    mmu_init();
    console_init();
    xen_init(xen_start);
    events_init();
    vcpus[0].stack_top = kernel_stack_map(0);
    ASSERT(vcpus[0].stack_top != NULL);
    xen_vcpu_init(&vcpus[0]);
    stack_switch_call(vcpus[0].stack_top, boot_rest);
}

_Noreturn void secondary_main(void)
{
    fpu_init();
    sched_run();
}
