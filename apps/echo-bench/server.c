/* SPDX-License-Identifier: MIT */
/* The side that answers. */
#include "echo.h"

static struct fos_mailbox inbox;
static struct fos_peer by_channel, by_kernel, by_auto;
static struct fos_cap client_mailbox;
static void *lines;      /* shared with the client, for the minimal IPC */
static uint64_t calls;   /* of the minimal IPC so far */
static uint8_t *message; /* ECHO_MESSAGE_MAX bytes: what came last */

static uint32_t take(void)
{
    uint32_t length;

    must(fos_msg_recv(&inbox, message, ECHO_MESSAGE_MAX, &length, FOS_NEVER),
         "server: receiving");
    return length;
}

static void echo(struct fos_peer *to, uint32_t n)
{
    while (n--) {
        uint32_t length = take();
        must(fos_msg_send(to, message, length), "server: answering");
    }
}

/* The way back is chosen and paid for as the way here is. */
static void echo_fresh(enum fos_transport transport, uint32_t n)
{
    struct fos_peer fresh;
    uint32_t length = take();

    must(fos_peer_open(&fresh, client_mailbox, transport), "server: fresh peer");
    must(fos_msg_send(&fresh, message, length), "server: answering");
    echo(&fresh, n - 1);
    fos_peer_close(&fresh);
}

static void take_all(uint32_t n)
{
    while (n--)
        take();
    must(fos_msg_send(&by_channel, NULL, 0), "server: all taken");
}

/* The first of them lets pages be posted: so all before these were streamed. */
static void take_pages(uint32_t n)
{
    uint32_t length;
    void *at;

    fos_mailbox_take_pages(&inbox, ECHO_MESSAGE_MAX / FOS_PAGE_SIZE);
    while (n--)
        must(fos_msg_recv_pages(&inbox, &at, message, ECHO_MESSAGE_MAX, &length,
                                FOS_NEVER),
             "server: receiving by pages");
    must(fos_msg_send(&by_channel, NULL, 0), "server: all taken");
}

static void minimal(uint32_t n)
{
    while (n--)
        must(fos_minimal_serve(fos_minimal_line(lines, calls++)) ? 0 : -FOS_EPROTO,
             "server: minimal IPC");
}

static void minimal_tight(uint32_t n)
{
    while (n--)
        must(fos_minimal_serve_tight(fos_minimal_line(lines, calls++))
                 ? 0
                 : -FOS_EPROTO,
             "server: minimal IPC");
}

/* The channel by which the first message comes is the one whose memory is shared
 * for the minimal IPC. */
static void share_lines(void)
{
    take();
    lines = (char *)inbox.channels.next->doorbell + ECHO_LINES_OFFSET;
    must(fos_msg_send(&by_channel, NULL, 0), "server: shared channel");
}

static void obey(const struct echo_command *command)
{
    switch (command->op) {
    case ECHO_BY_CHANNEL:
        return echo(&by_channel, command->n);
    case ECHO_BY_KERNEL:
        return echo(&by_kernel, command->n);
    case ECHO_BY_AUTO:
        return echo(&by_auto, command->n);
    case ECHO_FRESH:
        return echo_fresh(command->transport, command->n);
    case ECHO_SERVE:
        return serve(command->n);
    case ECHO_TAKE:
        return take_all(command->n);
    case ECHO_TAKE_PAGES:
        return take_pages(command->n);
    case ECHO_MINIMAL:
        return minimal(command->n);
    case ECHO_TIGHT:
        return minimal_tight(command->n);
    default:
        must(-FOS_EPROTO, "server: command");
    }
}

int server_run(struct fos_cap client, uint32_t slots)
{
    struct echo_command command = {0};
    struct echo_greeting greeting;
    uint32_t length;

    client_mailbox = client;
    message = room(ECHO_MESSAGE_MAX);
    must(fos_mailbox_create(&inbox, slots), "server: mailbox");
    must(fos_peer_open(&by_kernel, client, FOS_TRANSPORT_KERNEL), "server: kernel");
    must(fos_peer_open(&by_auto, client, FOS_TRANSPORT_AUTO), "server: auto");
    must(fos_peer_open(&by_channel, client, FOS_TRANSPORT_CHANNEL),
         "server: channel");
    greeting = (struct echo_greeting){inbox.cap, serve_open(slots)};
    must(fos_msg_send(&by_channel, &greeting, sizeof greeting), "server: greeting");
    share_lines();
    for (;;) {
        must(fos_msg_recv(&inbox, &command, sizeof command, &length, FOS_NEVER),
             "server: command");
        must(length == sizeof command ? 0 : -FOS_EPROTO, "server: command");
        must(fos_msg_send(&by_channel, NULL, 0), "server: ready");
        if (command.op == ECHO_END)
            return 0;
        obey(&command);
    }
}
