/* SPDX-License-Identifier: MIT */
#include "attempts.h"

#include <stdlib.h>

#include <fos/start.h>
#include <fos/syscall.h>

uint8_t *page;
void *gap;
union attempt_out out;

static long try_map(struct fos_cap cap)
{
    return fos_sys_space_map(cap, (uint64_t)gap, 1, FOS_PROT_READ | FOS_PROT_WRITE);
}

static long try_unmap(struct fos_cap cap)
{
    return fos_sys_space_unmap(cap, (uint64_t)page, 1);
}

static long try_protect(struct fos_cap cap)
{
    return fos_sys_space_protect(cap, (uint64_t)page, 1, FOS_PROT_READ);
}

static long try_write(struct fos_cap cap)
{
    return fos_sys_space_write(cap, (uint64_t)page, "changed", 7);
}

static long try_watch(struct fos_cap cap)
{
    return fos_sys_space_watch(cap, EVENT_WATCH);
}

static long try_copy(struct fos_cap cap)
{
    return fos_sys_space_read(cap, (uint64_t)page, out.bytes, 7);
}

static long try_share_to(struct fos_cap cap)
{
    struct fos_share share = {.to_space = cap,
                              .from_space = fos_own_space(),
                              .to = (uint64_t)gap,
                              .from = (uint64_t)page,
                              .pages = 1,
                              .prot = FOS_PROT_READ};

    return fos_sys_space_share(&share);
}

static long try_share_from(struct fos_cap cap)
{
    struct fos_share share = {.to_space = fos_own_space(),
                              .from_space = cap,
                              .to = (uint64_t)gap,
                              .from = (uint64_t)page,
                              .pages = 1,
                              .prot = FOS_PROT_READ,
                              .how = FOS_SHARE_MOVE};

    return fos_sys_space_share(&share);
}

static long try_quota(struct fos_cap cap)
{
    return fos_sys_space_control(cap, FOS_SPACE_QUOTA, (uint64_t)-1ll);
}

static long try_pager(struct fos_cap cap)
{
    return fos_sys_space_control(cap, FOS_SPACE_PAGER, 0);
}

static long try_reset(struct fos_cap cap)
{
    return fos_sys_space_control(cap, FOS_SPACE_RESET, 0);
}

static long try_halt(struct fos_cap cap)
{
    return fos_sys_space_control(cap, FOS_SPACE_STOP, 0);
}

static long try_end(struct fos_cap cap)
{
    return fos_sys_space_control(cap, FOS_SPACE_END, 1);
}

static long try_signal(struct fos_cap cap)
{
    return fos_sys_thread_control(cap, FOS_THREAD_SIGNAL, 1);
}

static long try_thread_stop(struct fos_cap cap)
{
    return fos_sys_thread_control(cap, FOS_THREAD_STOP, 0);
}

static long try_thread_end(struct fos_cap cap)
{
    return fos_sys_thread_control(cap, FOS_THREAD_END, 0);
}

static long try_thread_time(struct fos_cap cap)
{
    return fos_sys_thread_control(cap, FOS_THREAD_TIME, 0);
}

static long try_status(struct fos_cap cap)
{
    return fos_sys_space_status(cap, &out.space);
}

static long try_thread(struct fos_cap cap)
{
    struct fos_thread_args args = {
        .entry = (uint64_t)exit, .stack = (uint64_t)page, .pages = (uint64_t)gap};

    return fos_sys_thread_create(cap, &args, &out.cap);
}

static long try_send(struct fos_cap cap)
{
    return fos_sys_mailbox_send(cap, "changed", 7);
}

static long try_connect(struct fos_cap cap)
{
    return fos_sys_channel_connect(cap, gap, 1, &out.channel);
}

long try_renew(struct fos_cap cap)
{
    return fos_sys_mailbox_renew(cap, &out.cap);
}

long try_close(struct fos_cap cap)
{
    return fos_sys_channel_close(cap, FOS_TAKEN_NONE);
}

long try_retire(struct fos_cap cap)
{
    return fos_sys_channel_retire(cap, 0);
}

static long try_bind(struct fos_cap cap)
{
    return fos_sys_device_bind(cap, EVENT_DEVICE);
}

static long try_device_map(struct fos_cap cap)
{
    return fos_sys_device_map(cap, gap);
}

static long try_console_write(struct fos_cap cap)
{
    return fos_sys_console_io(cap, 0, "changed", 7);
}

static long try_console_read(struct fos_cap cap)
{
    return fos_sys_console_io(cap, 1, out.bytes, 7);
}

static long try_shutdown(struct fos_cap cap)
{
    return fos_sys_shutdown(cap, FOS_SHUTDOWN_POWEROFF);
}

const struct attempt attempts[] = {
    {"notify", CHANNEL, fos_sys_notify},
    {"mailbox_close", MAILBOX, fos_sys_mailbox_close},
    {"mailbox_send", MAILBOX, try_send},
    {"channel_connect", MAILBOX, try_connect},
    {"mailbox_renew", MAILBOX, try_renew},
    {"channel_close", CHANNEL, try_close},
    {"channel_retire", CHANNEL, try_retire},
    {"space_destroy", SPACE, fos_sys_space_destroy},
    {"space_map", SPACE, try_map},
    {"space_unmap", SPACE, try_unmap},
    {"space_protect", SPACE, try_protect},
    {"space_write", SPACE, try_write},
    {"space_watch", SPACE, try_watch},
    {"space_copy", SPACE, try_copy},
    {"space_share (to)", SPACE, try_share_to},
    {"space_share (from)", SPACE, try_share_from},
    {"space_control (quota)", SPACE, try_quota},
    {"space_control (pager)", SPACE, try_pager},
    {"space_control (reset)", SPACE, try_reset},
    {"space_control (stop)", SPACE, try_halt},
    {"space_control (end)", SPACE, try_end},
    {"space_status", SPACE, try_status},
    {"thread_create", SPACE, try_thread},
    {"thread_control (signal)", THREAD, try_signal},
    {"thread_control (stop)", THREAD, try_thread_stop},
    {"thread_control (end)", THREAD, try_thread_end},
    {"thread_control (time)", THREAD, try_thread_time},
    {"device_bind", DEVICE, try_bind},
    {"device_map", DEVICE, try_device_map},
    {"device_ack", DEVICE, fos_sys_device_ack},
    {"device_notify", DEVICE, fos_sys_device_notify},
    {"console_io", DEVICE, try_console_write},
    {"console_io (read)", DEVICE, try_console_read},
    {"shutdown", MACHINE, try_shutdown},
};
const int attempts_count = sizeof attempts / sizeof *attempts;
