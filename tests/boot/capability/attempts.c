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

/* Each operation of space_control and thread_control, and its argument. */
#define SPACE_CONTROLS(OP)                  \
    OP(space, SPACE, WATCH, EVENT_WATCH)    \
    OP(space, SPACE, PAGER, 0)              \
    OP(space, SPACE, QUOTA, (uint64_t)-1ll) \
    OP(space, SPACE, RESET, 0)              \
    OP(space, SPACE, STOP, 0)               \
    OP(space, SPACE, GO, 0)                 \
    OP(space, SPACE, END, 1)
#define THREAD_CONTROLS(OP)                \
    OP(thread, THREAD, SIGNAL, 1)          \
    OP(thread, THREAD, RAISE, EVENT_WATCH) \
    OP(thread, THREAD, STOP, 0)            \
    OP(thread, THREAD, GO, 0)              \
    OP(thread, THREAD, FAULT, 0)           \
    OP(thread, THREAD, END, 0)             \
    OP(thread, THREAD, MOVE, 0)            \
    OP(thread, THREAD, TLS, 0)             \
    OP(thread, THREAD, TIME, 0)

#define CONTROL_CALL(noun, TYPE, what, argument)                             \
    static long try_##noun##_##what(struct fos_cap cap)                      \
    {                                                                        \
        return fos_sys_##noun##_control(cap, FOS_##TYPE##_##what, argument); \
    }
#define CONTROL_ATTEMPT(noun, TYPE, what, argument) \
    {#noun "_control (" #what ")", TYPE, try_##noun##_##what},
#define CONTROL_CASE(noun, TYPE, what, argument) case FOS_##TYPE##_##what:

SPACE_CONTROLS(CONTROL_CALL)
THREAD_CONTROLS(CONTROL_CALL)

/* An operation that is in no list is a warning here, and so an error. */
static inline __attribute__((unused)) void
controls_check(enum fos_space_control space, enum fos_thread_control thread)
{
    switch (space) {
        SPACE_CONTROLS(CONTROL_CASE)
        break;
    }
    switch (thread) {
        THREAD_CONTROLS(CONTROL_CASE)
        break;
    }
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

static long try_exchange(struct fos_cap cap)
{
    return fos_sys_channel_exchange(cap, page, 1);
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
    {"channel_exchange", CHANNEL, try_exchange},
    {"space_destroy", SPACE, fos_sys_space_destroy},
    {"space_map", SPACE, try_map},
    {"space_unmap", SPACE, try_unmap},
    {"space_protect", SPACE, try_protect},
    {"space_write", SPACE, try_write},
    {"space_copy", SPACE, try_copy},
    {"space_share (to)", SPACE, try_share_to},
    {"space_share (from)", SPACE, try_share_from},
    {"space_status", SPACE, try_status},
    {"thread_create", SPACE, try_thread},
    {"device_bind", DEVICE, try_bind},
    {"device_map", DEVICE, try_device_map},
    {"device_ack", DEVICE, fos_sys_device_ack},
    {"device_notify", DEVICE, fos_sys_device_notify},
    {"console_io", DEVICE, try_console_write},
    {"console_io (read)", DEVICE, try_console_read},
    {"shutdown", MACHINE, try_shutdown},
    SPACE_CONTROLS(CONTROL_ATTEMPT) THREAD_CONTROLS(CONTROL_ATTEMPT)};
const int attempts_count = sizeof attempts / sizeof *attempts;
