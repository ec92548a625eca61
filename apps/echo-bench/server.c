/* SPDX-License-Identifier: MIT */
/* The side that answers. */
#include "echo.h"

static struct fos_mailbox inbox;
static struct fos_peer by_channel, by_kernel;
static uint64_t calls; /* of the minimal IPC so far */

static void echo(struct fos_peer *to, uint32_t n)
{
    uint8_t message[FOS_BENCH_MESSAGE];
    uint32_t length;

    while (n--) {
        must(fos_msg_recv(&inbox, message, sizeof message, &length, FOS_NEVER),
             "server: receiving");
        must(fos_msg_send(to, message, length), "server: answering");
    }
}

static void minimal(void *lines, uint32_t n)
{
    while (n--)
        must(fos_minimal_serve(fos_minimal_line(lines, calls++)) ? 0 : -FOS_EPROTO,
             "server: minimal IPC");
}

static void minimal_tight(void *lines, uint32_t n)
{
    while (n--)
        must(fos_minimal_serve_tight(fos_minimal_line(lines, calls++))
                 ? 0
                 : -FOS_EPROTO,
             "server: minimal IPC");
}

/* The channel by which the first message comes is the one whose memory is shared
 * for the minimal IPC. */
static void *shared_lines(void)
{
    void *lines;
    uint8_t first[1];
    uint32_t length;

    must(fos_msg_recv(&inbox, first, sizeof first, &length, FOS_NEVER),
         "server: shared channel");
    lines = ((char *)inbox.channels.next->doorbell + ECHO_LINES_OFFSET);
    must(fos_msg_send(&by_channel, NULL, 0), "server: shared channel");
    return lines;
}

int server_run(struct fos_cap client)
{
    void *lines;
    struct echo_command command = {0};
    uint32_t length;

    must(fos_mailbox_create(&inbox, MAILBOX_SLOTS), "server: mailbox");
    must(fos_peer_open(&by_kernel, client, FOS_TRANSPORT_KERNEL), "server: kernel");
    must(fos_peer_open(&by_channel, client, FOS_TRANSPORT_CHANNEL),
         "server: channel");
    must(fos_msg_send(&by_channel, &inbox.cap, sizeof inbox.cap),
         "server: greeting");
    lines = shared_lines();
    for (;;) {
        must(fos_msg_recv(&inbox, &command, sizeof command, &length, FOS_NEVER),
             "server: command");
        must(length == sizeof command ? 0 : -FOS_EPROTO, "server: command");
        must(fos_msg_send(&by_channel, NULL, 0), "server: ready");
        if (command.op == ECHO_END)
            return 0;
        if (command.op == ECHO_MINIMAL)
            minimal(lines, command.n);
        else if (command.op == ECHO_TIGHT)
            minimal_tight(lines, command.n);
        else
            echo(command.op == ECHO_BY_KERNEL ? &by_kernel : &by_channel,
                 command.n);
    }
}
