/* SPDX-License-Identifier: MIT */
/*
 * hello: a small program to copy from.
 *
 * It prints, starts a second process (itself, with another argument), and the two
 * exchange messages through user channels: shared memory, no system call to a
 * message.
 *
 *     parent                              child (`hello peer`)
 *     makes a mailbox
 *     spawns the child, passing its
 *     mailbox's capability on        --->  makes a mailbox
 *                                   <---  sends that one's capability
 *     "ping 1"                       --->
 *                                   <---  "pong 1"
 *     ...
 *     waits for the child's end
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fos/clock.h>
#include <fos/error.h>
#include <fos/msg.h>
#include <fos/proc.h>
#include <fos/start.h>

enum { SLOTS = 64, ROUNDS = 3, TEXT_MAX = 64 };

static struct fos_mailbox inbox; /* where this process receives */
static struct fos_peer other;    /* where it sends to */

/* Every call of libfos gives 0 or a negative error. */
static void must(long result, const char *what)
{
    if (result >= 0)
        return;
    printf("hello: %s: %s\n", what, fos_strerror(result));
    exit(1);
}

/* Everything that waits has a deadline: absolute, on the monotonic clock. */
static void receive(void *buffer, uint32_t capacity, uint32_t *length)
{
    must(fos_msg_recv(&inbox, buffer, capacity, length,
                      fos_now_ns() + 10 * FOS_SECOND),
         "receiving");
}

static void text_send(const char *text)
{
    must(fos_msg_send(&other, text, (uint32_t)strlen(text)), "sending");
}

static void text_receive(char text[TEXT_MAX])
{
    uint32_t length;

    receive(text, TEXT_MAX - 1, &length);
    text[length] = '\0';
}

static int peer(void)
{
    char text[TEXT_MAX], answer[TEXT_MAX];
    int number;

    /* The parent's first extra capability names its mailbox. */
    must(fos_peer_open(&other, fos_start_extra(0), FOS_TRANSPORT_CHANNEL),
         "connecting");
    /* Who holds a mailbox's capability may send to it: give ours to the parent. */
    must(fos_msg_send(&other, &inbox.cap, sizeof inbox.cap), "sending");
    for (int i = 0; i < ROUNDS; i++) {
        text_receive(text);
        if (sscanf(text, "ping %d", &number) != 1)
            return 1;
        snprintf(answer, sizeof answer, "pong %d", number);
        text_send(answer);
    }
    return 0;
}

static int parent(const char *self)
{
    const char *const argv[] = {self, "peer", NULL};
    struct fos_cap cap = {0};
    uint64_t pid;
    uint32_t length;
    int status;

    printf("hello from process %llu\n", (unsigned long long)fos_pid());
    must(fos_spawn_program(self, argv, &inbox.cap, 1, &pid), "starting the peer");
    receive(&cap, sizeof cap, &length);
    if (length != sizeof cap)
        return 1;
    must(fos_peer_open(&other, cap, FOS_TRANSPORT_CHANNEL), "connecting");
    for (int i = 1; i <= ROUNDS; i++) {
        char text[TEXT_MAX];
        snprintf(text, sizeof text, "ping %d", i);
        text_send(text);
        text_receive(text);
        printf("process %llu answers: %s\n", (unsigned long long)pid, text);
    }
    must(fos_process_wait(pid, &status, NULL), "waiting");
    printf("process %llu has ended with status %d\n", (unsigned long long)pid,
           status);
    return status;
}

int main(int argc, char **argv)
{
    must(fos_mailbox_create(&inbox, SLOTS), "making a mailbox");
    if (argc > 1 && strcmp(argv[1], "peer") == 0)
        return peer();
    return parent(argv[0]);
}
