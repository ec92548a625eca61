/* SPDX-License-Identifier: MIT */
#include "children.h"

#include "../family.h"

static struct fos_mailbox inbox;

int run_server(uint64_t a, uint64_t b)
{
    struct fos_cap from = {0};
    uint32_t length;

    (void)a, (void)b;
    CHILD_EQUAL(fos_mailbox_create(&inbox, FOS_MAILBOX_SLOTS_MIN), 0);
    family_report(&inbox);
    CHILD_EQUAL(fos_msg_recv(&inbox, &from, sizeof from, &length, FOS_NEVER), 0);
    CHILD_EQUAL(length, sizeof from);
    CHILD_EQUAL(fos_post(from, "granted", 7, family_deadline()), 0);
    return 0;
}

int run_client(uint64_t a, uint64_t b)
{
    struct fos_cap server = {0};
    char text[16];
    uint32_t length;

    (void)a, (void)b;
    CHILD_EQUAL(fos_mailbox_create(&inbox, FOS_MAILBOX_SLOTS_MIN), 0);
    family_report(&inbox);
    CHILD_EQUAL(fos_msg_recv(&inbox, &server, sizeof server, &length, FOS_NEVER),
                0);
    CHILD_EQUAL(fos_post(server, &inbox.cap, sizeof inbox.cap, family_deadline()),
                0);
    CHILD_EQUAL(fos_msg_recv(&inbox, text, sizeof text, &length, FOS_NEVER), 0);
    CHILD_EQUAL(fos_post(fos_start_extra(0), text, length, family_deadline()), 0);
    return 0;
}
