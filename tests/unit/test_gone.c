/* SPDX-License-Identifier: MIT */
/* Channels into a mailbox from which nobody receives (fos/msg.h), between threads of this
 * program; tests/bench/host.c plays the kernel's part. */
#define _GNU_SOURCE
#include "unit.h"

#include <pthread.h>

#include <fos/msg.h>

#include "tests/bench/host.h"

static struct fos_mailbox listened, idle;

static void *sender_run(void *unused)
{
    struct fos_peer peer;

    (void)unused;
    host_thread_begin();
    CHECK_EQ(fos_peer_open(&peer, idle.cap, FOS_TRANSPORT_CHANNEL), 0);
    CHECK_EQ(fos_msg_send(&peer, "12345678", 8), 0);
    fos_peer_close(&peer);
    return NULL;
}

static int receive_from(struct fos_mailbox *mailbox)
{
    char text[8];
    uint32_t length;

    return fos_msg_recv(mailbox, text, sizeof text, &length, 0);
}

CASE("gone: a channel whose sender has closed it ends without a receive from its "
     "mailbox, "
     "but not before what came by it was taken")
{
    pthread_t thread;

    host_init();
    host_thread_begin();
    REQUIRE(fos_mailbox_create(&listened, 64) == 0);
    REQUIRE(fos_mailbox_create(&idle, 64) == 0);
    for (uint32_t i = 1; i <= 3; i++) {
        REQUIRE(pthread_create(&thread, NULL, sender_run, NULL) == 0);
        pthread_join(thread, NULL);
        CHECK_EQ(receive_from(&listened), -FOS_ETIMEDOUT);
        CHECK_EQ(fos_thread_self()->inbounds, 1);
        CHECK_EQ(receive_from(&idle), 0);
        fos_thread_self()->accept_pending = true; /* as another one's event says */
        CHECK_EQ(receive_from(&listened), -FOS_ETIMEDOUT);
        CHECK_EQ(fos_thread_self()->inbounds, 0);
        CHECK_EQ(idle.stats.dropped, i);
    }
    fos_mailbox_close(&idle);
    fos_mailbox_close(&listened);
}
