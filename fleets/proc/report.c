/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <fos/call.h>
#include <fos/clock.h>
#include <fos/proto/console.h>
#include <fos/syscall.h>

FOS_CLIENT_CALLS(console, CONSOLE_OPS)

enum { LINE_MAX_BYTES = 400 };

static struct fos_cap device, mailbox;

void report_init(struct fos_cap console_device)
{
    device = console_device;
}

void report_to(struct fos_cap console_mailbox)
{
    mailbox = console_mailbox;
}

static void line_send(char *line, size_t length)
{
    struct {
        struct console_write_req req;
        char text[LINE_MAX_BYTES];
    } message = {.req.head.tag = FOS_TAG(console, write),
                 .req.stream = fos_call_mailbox().secret};
    long error = -FOS_EPERM;

    memcpy(message.text, line, length);
    if (mailbox.id)
        error = fos_post(mailbox, &message, sizeof message.req + length,
                         fos_now_ns() + FOS_SECOND / 5);
    if (error < 0)
        fos_sys_console_io(device, FOS_CONSOLE_IO_WRITE, line, length);
}

void report(const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list ap;

    va_start(ap, format);
    int length = vsnprintf(line, sizeof line - 1, format, ap);
    va_end(ap);
    if (length < 0)
        return;
    if (length > (int)sizeof line - 2)
        length = (int)sizeof line - 2;
    line[length++] = '\n';
    line_send(line, (size_t)length);
}

void report_flush(void)
{
    struct console_flush_req req = {.stream = fos_call_mailbox().secret};
    struct console_flush_rep rep;
    struct fos_peer console;

    if (mailbox.id && fos_peer_open(&console, mailbox, FOS_TRANSPORT_KERNEL) == 0)
        console_flush_call(&console, &req, &rep, fos_now_ns() + 5 * FOS_SECOND);
    else /* nobody tells when the host has read what the kernel wrote for us */
        fos_clock_sleep(fos_now_ns() + FOS_SECOND / 2);
}

void name_clean(char *to, const char *from, uint32_t size)
{
    uint32_t i = 0;

    for (; i + 1 < size && from[i]; i++)
        to[i] = from[i] > ' ' && from[i] < 127 ? from[i] : '?';
    to[i] = '\0';
}

static const char *vector_name(uint32_t vector)
{
    static const char *const names[] = {
        [0] = "divide error",         [1] = "debug trap",
        [3] = "breakpoint",           [4] = "overflow",
        [5] = "bound exceeded",       [6] = "illegal instruction",
        [7] = "no coprocessor",       [10] = "invalid TSS",
        [11] = "segment not present", [12] = "stack fault",
        [13] = "general protection",  [14] = "page fault",
        [16] = "x87 error",           [17] = "misaligned access",
        [19] = "SIMD error",
    };

    if (vector < sizeof names / sizeof *names && names[vector])
        return names[vector];
    return "fault";
}

/* Page fault error codes: Intel SDM volume 3, 4.7. */
void fault_describe(char *to, uint32_t size, const struct fos_space_info *info)
{
    enum { PAGE_FAULT = 14, CODE_WRITE = 2, CODE_FETCH = 16 };
    const char *name = vector_name(info->vector);

    if (info->vector == PAGE_FAULT)
        snprintf(to, size, "%s at 0x%llx %s, instruction 0x%llx", name,
                 (unsigned long long)info->address,
                 info->error_code & CODE_FETCH   ? "executing"
                 : info->error_code & CODE_WRITE ? "writing"
                                                 : "reading",
                 (unsigned long long)info->instruction);
    else
        snprintf(to, size, "%s (vector %u, code 0x%x), instruction 0x%llx", name,
                 (unsigned)info->vector, (unsigned)info->error_code,
                 (unsigned long long)info->instruction);
}
