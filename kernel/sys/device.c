/* SPDX-License-Identifier: MIT */
#include "sys/device.h"
#include "lib/trace.h"
#include "sched/sched.h"
#include "sys/table.h"
#include "xen/xen.h"
#include "xen/hypercall.h"

static struct device devices[FOS_DEVICES];
static struct object machine;

/* What has no event channel has port 0, which Xen gives to nobody. */
static bool has_port(const struct device *d)
{
    return d->port != 0;
}

/* Level kept: masked until the driver re-arms it.  Runs as a reader. */
static void device_event(void *argument)
{
    struct device *d = argument;
    event_mask(d->port);
    struct thread *t = atomic_load(&d->thread);
    if (t)
        thread_event(t, d->slot);
}

static void device_add(struct fos_boot_info *info, enum fos_boot_device which,
                       uint32_t port, uint64_t mfn)
{
    struct device *d = &devices[which];
    d->port = port;
    d->page_shared = mfn != 0;
    if (mfn) {
        bool ours = mfn_to_pfn((mfn_t){mfn}, &d->page);
        ASSERT(ours);
        frames[d->page.n].type = FRAME_DEVICE;
    }
    int r = object_publish(&d->object, OBJECT_DEVICE);
    ASSERT(r == 0);
    info->device_present[which] = 1;
    info->devices[which] = object_cap(&d->object);
}

void devices_init(struct fos_boot_info *info)
{
    const struct start_info *s = xen_start;
    struct device *console = &devices[FOS_DEVICE_CONSOLE];
    struct device *store = &devices[FOS_DEVICE_STORE];
    int r = object_publish(&machine, OBJECT_MACHINE);
    ASSERT(r == 0);
    info->machine = object_cap(&machine);
    info->dom0 = (s->flags & SIF_INITDOMAIN) != 0;
    device_add(info, FOS_DEVICE_TRACE, 0, 0);
    if (info->dom0) {
        uint32_t port = event_bind_virq(VIRQ_CONSOLE, device_event, console);
        device_add(info, FOS_DEVICE_CONSOLE, port, 0);
        return;
    }
    event_bind(s->console.domU.evtchn, device_event, console);
    device_add(info, FOS_DEVICE_CONSOLE, s->console.domU.evtchn,
               s->console.domU.mfn);
    event_bind(s->store_evtchn, device_event, store);
    device_add(info, FOS_DEVICE_STORE, s->store_evtchn, s->store_mfn);
}

void devices_unbind(const struct thread *t)
{
    for (int i = 0; i < FOS_DEVICES; i++)
        if (atomic_load(&devices[i].thread) == t)
            atomic_store(&devices[i].thread, NULL);
}

static long device_bind(struct device *d, uint64_t slot)
{
    if (slot < FOS_EVENT_FIRST_FREE || slot >= FOS_EVENT_COUNT)
        return -FOS_EINVAL;
    if (!has_port(d))
        return -FOS_ENOENT;
    spin_lock(&kernel_lock);
    d->slot = (uint32_t)slot;
    atomic_store(&d->thread, thread_current());
    spin_unlock(&kernel_lock);
    event_unmask(d->port);
    return 0;
}

/* Devices live for ever, so only the binding needs a lock. */
long sys_device_control(uint64_t id, uint64_t secret, uint64_t what,
                        uint64_t argument)
{
    struct device *d = FIND(device, DEVICE, id, secret);
    if (!d)
        return -FOS_EPERM;
    switch (what) {
    case FOS_DEVICE_BIND:
        return device_bind(d, argument);
    case FOS_DEVICE_ACK:
        if (!has_port(d))
            return -FOS_ENOENT;
        event_unmask(d->port);
        return 0;
    case FOS_DEVICE_NOTIFY:
        if (!d->page_shared)
            return -FOS_ENOENT;
        event_send(d->port);
        return 0;
    default:
        return -FOS_EINVAL;
    }
}

long sys_device_map(uint64_t id, uint64_t secret, uint64_t va)
{
    struct device *d = FIND(device, DEVICE, id, secret);
    if (!d)
        return -FOS_EPERM;
    if (d == &devices[FOS_DEVICE_TRACE])
        return trace_map(space_current(), va);
    if (!d->page_shared)
        return -FOS_ENOENT;
    return space_map_frames(space_current(), va, &d->page, 1,
                            FOS_PROT_READ | FOS_PROT_WRITE, 0);
}

long sys_console_io(uint64_t id, uint64_t secret, uint64_t what, uint64_t va,
                    uint64_t n)
{
    char text[FOS_CONSOLE_IO_MAX];
    struct space *s = space_current();
    struct device *d = FIND(device, DEVICE, id, secret);
    if (d != &devices[FOS_DEVICE_CONSOLE])
        return -FOS_EPERM;
    if (what > FOS_CONSOLE_IO_LOG || n > sizeof text)
        return -FOS_EINVAL;
    if (d->page_shared && atomic_load(&d->thread))
        return -FOS_EBUSY; /* the ring has its driver */
    if (what == FOS_CONSOLE_IO_WRITE) {
        int r = copy_from_user(s, text, va, n);
        return r ? r : console_io_write(text, n);
    }
    if (out_check(va, n))
        return -FOS_EFAULT;
    long got = what == FOS_CONSOLE_IO_LOG ? console_io_log(text, n)
                                          : console_io_read(text, n);
    if (got > 0)
        out_write(va, text, (size_t)got);
    return got;
}

long sys_shutdown(uint64_t id, uint64_t secret, uint64_t reason)
{
    if (object_find(OBJECT_MACHINE, id, secret) != &machine)
        return -FOS_EPERM;
    if (reason != FOS_SHUTDOWN_POWEROFF && reason != FOS_SHUTDOWN_REBOOT &&
        reason != FOS_SHUTDOWN_CRASH)
        return -FOS_EINVAL;
    xen_shutdown((uint32_t)reason);
}
