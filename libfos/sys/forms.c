/* SPDX-License-Identifier: MIT */
/* Common forms of system calls that take a struct or an operation. */
#include <fos/syscall.h>

#include <fos/start.h>

long fos_sys_space_unmap(struct fos_cap space, uint64_t address, uint64_t pages)
{
    return fos_sys_space_protect(space, address, pages, 0);
}

long fos_sys_space_write(struct fos_cap space, uint64_t address, const void *from,
                         size_t length)
{
    struct fos_copy copy = {
        .to_space = space,
        .to = address,
        .from_space = fos_own_space(),
        .from = (uintptr_t)from,
        .length = length,
    };

    return fos_sys_space_copy(&copy);
}

long fos_sys_space_read(struct fos_cap space, uint64_t address, void *to,
                        size_t length)
{
    struct fos_copy copy = {
        .to_space = fos_own_space(),
        .to = (uintptr_t)to,
        .from_space = space,
        .from = address,
        .length = length,
    };

    return fos_sys_space_copy(&copy);
}

long fos_sys_space_watch(struct fos_cap space, unsigned event)
{
    return fos_sys_space_control(space, FOS_SPACE_WATCH, event);
}

long fos_sys_device_bind(struct fos_cap device, unsigned event)
{
    return fos_sys_device_control(device, FOS_DEVICE_BIND, event);
}

long fos_sys_device_ack(struct fos_cap device)
{
    return fos_sys_device_control(device, FOS_DEVICE_ACK, 0);
}

long fos_sys_device_notify(struct fos_cap device)
{
    return fos_sys_device_control(device, FOS_DEVICE_NOTIFY, 0);
}
