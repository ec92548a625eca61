/* SPDX-License-Identifier: MIT */
/* The side that answers. */
#include "echo.h"

static struct fos_mailbox inbox;
static struct fos_peer by_channel, by_kernel;

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

static void minimal(struct fos_minimal *line, uint32_t n)
{
    while (n--)
        must(fos_minimal_serve(line) ? 0 : -FOS_EPROTO, "server: minimal IPC");
}

static void minimal_tight(struct fos_minimal *line, uint32_t n)
{
    while (n--)
        must(fos_minimal_serve_tight(line) ? 0 : -FOS_EPROTO,
             "server: minimal IPC");
}

/* The channel by which the first message comes is the one whose memory is shared
 * for the minimal IPC. */
static struct fos_minimal *shared_line(void)
{
    struct fos_minimal *line;
    uint8_t first[1];
    uint32_t length;

    must(fos_msg_recv(&inbox, first, sizeof first, &length, FOS_NEVER),
         "server: shared channel");
    line = (void *)((char *)inbox.channels.next->doorbell + ECHO_LINE_OFFSET);
    must(fos_msg_send(&by_channel, NULL, 0), "server: shared channel");
    return line;
}

int server_run(struct fos_cap client)
{
    struct fos_minimal *line;
    struct echo_command command;
    uint32_t length;

    must(fos_mailbox_create(&inbox, MAILBOX_SLOTS), "server: mailbox");
    must(fos_peer_open(&by_kernel, client, FOS_TRANSPORT_KERNEL), "server: kernel");
    must(fos_peer_open(&by_channel, client, FOS_TRANSPORT_CHANNEL),
         "server: channel");
    must(fos_msg_send(&by_channel, &inbox.cap, sizeof inbox.cap),
         "server: greeting");
    line = shared_line();
    for (;;) {
        must(fos_msg_recv(&inbox, &command, sizeof command, &length, FOS_NEVER),
             "server: command");
        must(length == sizeof command ? 0 : -FOS_EPROTO, "server: command");
        must(fos_msg_send(&by_channel, NULL, 0), "server: ready");
        if (command.op == ECHO_END)
            return 0;
        if (command.op == ECHO_MINIMAL)
            minimal(line, command.n);
        else if (command.op == ECHO_TIGHT)
            minimal_tight(line, command.n);
        else
            echo(command.op == ECHO_BY_KERNEL ? &by_kernel : &by_channel,
                 command.n);
    }
}
