/* SPDX-License-Identifier: MIT */
#include <fos/console.h>

#include <string.h>

#include <fos/call.h>
#include <fos/clock.h>
#include <fos/part.h>
#include <fos/proc.h>
#include <fos/proto/console.h>
#include <fos/start.h>
#include <fos/syscall.h>

FOS_CLIENT_CALLS(console, CONSOLE_OPS)

static _Thread_local struct fos_peer peer;

static void forked(void)
{
    peer = (struct fos_peer){0};
}

FOS_PART(console_part, .forked = forked);

static void (*divert)(const char *text, size_t length);
static char line[CONSOLE_LINE_MAX];
static size_t line_length, line_used;

void fos_console_divert(void (*sink)(const char *text, size_t length))
{
    divert = sink;
}

/* What the kernel drew as the secret of the reply mailbox: nobody but the fleets
 * this process calls can know it. */
static uint64_t stream(void)
{
    return fos_call_mailbox().secret;
}

/* Text is rare, and its writer often ends right after: it goes by the kernel. */
struct fos_peer *fos_console_peer(void)
{
    if (!peer.mailbox.id)
        fos_peer_open(&peer, fos_start_page->caps[FOS_START_CONSOLE],
                      FOS_TRANSPORT_KERNEL);
    return &peer;
}

long fos_console_again(void)
{
    struct proc_console_req req = {.self = fos_own_space()};
    struct proc_console_rep rep = {0};
    long result = proc_console_call(fos_proc_peer(), &req, &rep,
                                    fos_now_ns() + 5 * FOS_SECOND);

    if (result < 0)
        return result;
    fos_peer_close(&peer);
    return fos_peer_open(&peer, rep.mailbox, FOS_TRANSPORT_KERNEL);
}

static long write_piece(const char *text, size_t length)
{
    struct {
        struct console_write_req req;
        char text[CONSOLE_WRITE_MAX];
    } message = {.req.head.tag = FOS_TAG(console, write), .req.stream = stream()};
    uint32_t size = (uint32_t)(sizeof message.req + length);

    memcpy(message.text, text, length);
    long result = fos_msg_send(fos_console_peer(), &message, size);
    if (result == -FOS_EPERM && fos_console_again() == 0)
        result = fos_msg_send(&peer, &message, size);
    return result;
}

long fos_console_write(const void *text, size_t length)
{
    const char *from = text;

    if (divert) {
        divert(from, length);
        return 0;
    }
    while (length) {
        size_t piece = length < CONSOLE_WRITE_MAX ? length : CONSOLE_WRITE_MAX;
        long result = write_piece(from, piece);
        if (result < 0)
            return result;
        from += piece;
        length -= piece;
    }
    return 0;
}

static long line_fetch(uint64_t deadline)
{
    struct console_read_req req = {.stream = stream()};
    struct console_read_rep rep = {0};
    long result = console_read_call(fos_console_peer(), &req, &rep, deadline);

    if (result == -FOS_EPERM && fos_console_again() == 0)
        result = console_read_call(&peer, &req, &rep, deadline);
    if (result < 0)
        return result;
    if (rep.length > sizeof line)
        return -FOS_EPROTO;
    memcpy(line, rep.text, rep.length);
    line_length = rep.length;
    line_used = 0;
    return 0;
}

long fos_console_read(void *buffer, size_t capacity)
{
    return fos_console_read_until(buffer, capacity, FOS_NEVER);
}

long fos_console_read_until(void *buffer, size_t capacity, uint64_t deadline)
{
    if (line_used == line_length) {
        long result = line_fetch(deadline);
        if (result < 0)
            return result;
    }
    size_t left = line_length - line_used,
           piece = left < capacity ? left : capacity;
    memcpy(buffer, line + line_used, piece);
    line_used += piece;
    return (long)piece;
}

long fos_console_flush(uint64_t deadline)
{
    struct console_flush_req req = {.stream = stream()};
    struct console_flush_rep rep = {0};

    return console_flush_call(fos_console_peer(), &req, &rep, deadline);
}

long fos_console_log(uint64_t *from, char *to, size_t capacity)
{
    struct console_log_req req = {.from = *from};
    struct console_log_rep rep = {0};
    long result =
        console_log_call(fos_console_peer(), &req, &rep, fos_now_ns() + FOS_SECOND);

    if (result < 0)
        return result;
    if (rep.length > sizeof rep.text)
        return -FOS_EPROTO;
    size_t length = rep.length < capacity ? rep.length : capacity;
    memcpy(to, rep.text, length);
    *from = rep.first + length;
    return (long)length;
}
