/* SPDX-License-Identifier: MIT */
/* The ways that sending by alias keeps open, in a forked child. */
#include <stdint.h>
#include <unistd.h>

#include <fos/name.h>

#include "../scenario.h"
#include "../waited.h"
#include "parts.h"

enum { SENT = 100, SENDS_MAX = 10000, SLOTS = 256 };

/* What a message says: it is an early one, the last, or the n-th (FIRST + n) of the
 * forked child. */
enum { EARLY, LAST, FIRST };

static const char path[] = "/test/posix/alias";

static uint64_t soon(void)
{
    return fos_now_ns() + 30 * FOS_SECOND;
}

static bool word_send(uint32_t word)
{
    return fos_msg_send_alias_until(fos_alias(path), FOS_PUBLIC, &word, sizeof word,
                                    soon()) == 0;
}

/* Whether this thread has a channel to that mailbox. */
static bool is_connected(uint64_t mailbox)
{
    const struct fos_peer *p = fos_thread_self()->outbounds;

    while (p && p->mailbox.id != mailbox)
        p = p->next;
    return p;
}

static int child_run(void)
{
    for (uint32_t i = 0; i < SENT; i++)
        if (!word_send(FIRST + i))
            return 1;
    return 0;
}

/* Its child has the way in memory, but not the channel that it leads through. */
static int parent_run(uint64_t mailbox)
{
    pid_t pid;
    int status;

    for (int i = 0; i < SENDS_MAX && !is_connected(mailbox); i++)
        if (!word_send(EARLY))
            return 1;
    if (!is_connected(mailbox))
        return 2;
    pid = fork();
    if (pid == 0)
        _exit(child_run());
    status = shell_status(pid);
    if (!is_connected(mailbox) || !word_send(LAST))
        return 4;
    return status;
}

/* How many words came: the forked child's, in order, and the last of its parent, which may
 * overtake them, as each sender has an order of its own (fos/msg.h, M1). */
static uint32_t words_take(struct fos_mailbox *from)
{
    uint32_t came = 0, word = EARLY, length;
    bool last = false;

    while (came < SENT || !last) {
        int error = fos_msg_recv(from, &word, sizeof word, &length, soon());
        if (error || (word >= FIRST && word != FIRST + came))
            break;
        came += word >= FIRST;
        last |= word == LAST;
    }
    return came + last;
}

int test_alias(void)
{
    static struct fos_mailbox inbox;
    struct fos_registration made;
    pid_t pid;

    case_begin(
        "a forked child sends by an alias to which its parent has a channel");
    CASE_EQUAL(fos_mailbox_create(&inbox, SLOTS), 0);
    CASE_EQUAL(fos_name_register(path, inbox.cap, NAME_PUBLIC, 0, &made), 0);
    pid = fork();
    if (pid == 0)
        _exit(parent_run(inbox.cap.id));
    CASE_EQUAL(words_take(&inbox), SENT + 1);
    CASE_EQUAL(shell_status(pid), 0);
    CASE_EQUAL(fos_name_unregister(&made, NULL), 0);
    fos_name_close();
    fos_mailbox_close(&inbox);
    case_end();
    return cases_status();
}
