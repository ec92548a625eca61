/* SPDX-License-Identifier: MIT */
/*
 * A name goes from mailbox to mailbox, all of which live, while several processes send by
 * it without a pause, short messages and long ones.
 *
 * What a mailbox got before the name left it is there when the call that moved the
 * name has returned.  That is taken at once; whatever comes later is a message that
 * was delivered wrongly.
 */
#include "names.h"

enum { BOXES = 3, STREAMERS = 3, MOVES = 40, LONGEST = 3000, SLOTS = 64 };

static const char path[] = "/test/moves";

/* A message is the number of its sender, and more. */
static uint8_t message[LONGEST];

/* ---- who sends ---- */

struct told {
    uint64_t sent, resent;
};

/* Sends until there is no such name any more.  No send fails: the name moves on only when
 * all senders have been heard where it is. */
int part_streamer(uint64_t number, uint64_t seed)
{
    struct dice dice = dice_of(seed + number);
    struct told told = {0};
    long error = 0;

    message[0] = (uint8_t)number;
    for (; error != -FOS_ENOENT; told.sent += !error) {
        uint32_t more = dice_below(&dice, 2) ? dice_below(&dice, LONGEST) : 0;
        error = fos_msg_send_alias_until(fos_alias(path), FOS_PUBLIC, message,
                                         1 + more, family_deadline());
        if (error != -FOS_ENOENT)
            CHILD_EQUAL(error, 0);
    }
    told.resent = fos_name_stats.resent;
    CHILD_EQUAL(fos_post(fos_start_extra(0), &told, sizeof told, family_deadline()),
                0);
    return 0;
}

/* ---- who has the name ---- */

static struct fos_mailbox boxes[BOXES];
static uint64_t came;

/* The number of who sent what is there next; negative: an error. */
static int take(struct fos_mailbox *box, uint64_t deadline)
{
    uint32_t length;
    int error = fos_msg_recv(box, message, sizeof message, &length, deadline);

    came += !error;
    return error ? error : message[0];
}

/* Until something of each sender has come. */
static void hear_all(struct fos_mailbox *box)
{
    uint32_t heard = 0;

    while (heard != (1u << STREAMERS) - 1 && !case_why[0]) {
        int number = take(box, family_deadline());
        CASE_CHECK(number >= 0 && number < STREAMERS);
        heard |= 1u << (number & 31);
    }
}

/* What the name's old mailbox has now is all that it will ever have. */
static void left_take(struct fos_mailbox *old)
{
    while (take(old, 0) >= 0)
        continue;
}

static void move_on(const struct fos_registration *made)
{
    for (int i = 0; i < MOVES && !case_why[0]; i++) {
        struct fos_mailbox *from = &boxes[i % BOXES], *to = &boxes[(i + 1) % BOXES];
        hear_all(from);
        CASE_EQUAL(fos_name_update(made, to->cap, NAME_PUBLIC, from), 0);
        left_take(from);
        hear_all(to);
        CASE_EQUAL(take(from, 0), -FOS_ETIMEDOUT);
    }
}

static void streamers_await(struct fos_mailbox *inbox)
{
    struct told told = {0}, all = {0};
    uint32_t length;

    for (int i = 0; i < STREAMERS; i++) {
        CASE_EQUAL(
            fos_msg_recv(inbox, &told, sizeof told, &length, family_deadline()), 0);
        all.sent += told.sent;
        all.resent += told.resent;
    }
    printf("%u messages sent by a name that moves, %u of them again; %u came\n",
           (unsigned)all.sent, (unsigned)all.resent, (unsigned)came);
    CASE_CHECK(came <= all.sent);
}

int test_moves(const char *program, struct fos_mailbox *inbox)
{
    struct child streamers[STREAMERS];
    struct fos_registration made;

    family_program = program;
    case_begin(
        "a name moves while others send by it: nothing arrives where it was");
    for (int i = 0; i < BOXES; i++)
        CASE_EQUAL(fos_mailbox_create(&boxes[i], SLOTS), 0);
    CASE_EQUAL(fos_name_register(path, boxes[0].cap, NAME_PUBLIC, 0, &made), 0);
    for (int i = 0; i < STREAMERS; i++) {
        streamers[i] = (struct child){.part = "streamer",
                                      .a = (uint64_t)i,
                                      .b = fos_now_ns(),
                                      .caps = {inbox->cap}};
        child_start(&streamers[i]);
    }
    move_on(&made);
    CASE_EQUAL(fos_name_unregister(&made, &boxes[MOVES % BOXES]), 0);
    left_take(&boxes[MOVES % BOXES]);
    streamers_await(inbox);
    for (int i = 0; i < STREAMERS; i++)
        child_expect(&streamers[i], 0);
    for (int i = 0; i < BOXES; i++) {
        CASE_EQUAL(take(&boxes[i], 0), -FOS_ETIMEDOUT);
        fos_mailbox_close(&boxes[i]);
    }
    names_case_end();
    return cases_status();
}
