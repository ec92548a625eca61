/* SPDX-License-Identifier: MIT */
/* Senders that do not keep to what they announce, beside an honest one. */
#include "liar.h"
#include "exchange.h"

static struct fos_mailbox *const inbox = &exchange_inbox;

struct honest {
    struct child child;
    uint64_t number;
};

/* Takes one message, of the honest sender, of the liar, or the liar's report. */
static bool take(struct honest *honest, uint64_t liar, uint32_t *reports,
                 uint64_t deadline)
{
    uint32_t length = 0;
    void *at;
    int error = fos_msg_recv_pages(inbox, &at, exchange_buffer, LONG_MAX, &length,
                                   deadline);

    if (error == -FOS_ETIMEDOUT)
        return false;
    CASE_EQUAL(error, 0);
    if (length == mix_length(honest->child.a, honest->number) &&
        words_check(at, honest->child.a, honest->number, length))
        honest->number++; /* first, as it may be as long as a report */
    else if (length == sizeof(struct report))
        (*reports)++;
    else
        CASE_CHECK(length == LONG_MAX && words_check(at, liar, 0, length));
    return true;
}

static void lie_check(int lie)
{
    enum { MESSAGES = 12 };
    struct honest honest = {.child = {.part = "mix",
                                      .a = dice_throw(&exchange_dice) >> 1,
                                      .b = MESSAGES,
                                      .caps = {inbox->cap}}};
    struct child liar = {.part = "liar",
                         .a = dice_throw(&exchange_dice) >> 1,
                         .b = (uint64_t)lie,
                         .caps = {inbox->cap}};
    struct fos_msg_stats before = inbox->stats;
    uint64_t deadline = family_deadline();
    uint32_t reports = 0;

    child_start(&honest.child);
    child_start(&liar);
    while ((honest.number < MESSAGES || reports < 1 ||
            inbox->stats.broken + inbox->stats.stalled ==
                before.broken + before.stalled) &&
           !case_why[0] && fos_now_ns() < deadline)
        take(&honest, liar.a, &reports, fos_now_ns() + FOS_MILLISECOND);
    CASE_EQUAL(honest.number, MESSAGES);
    CASE_EQUAL(inbox->stats.broken - before.broken, lie != LIE_HALF);
    CASE_EQUAL(inbox->stats.stalled - before.stalled, lie == LIE_HALF);
    child_expect(&honest.child, 0);
    child_expect(&liar, 0);
    family_settle(inbox);
    exchange_settle_held(inbox);
}

static void test_lies(void)
{
    static const char *const lies[LIES] = {
        [LIE_NO_SWAP] = "announces what it has not exchanged",
        [LIE_MORE] = "announces more than it has exchanged",
        [LIE_LESS] = "announces less than it has exchanged",
        [LIE_UNEVEN] = "announces a part of a page",
        [LIE_ABOVE_TOTAL] = "exchanges more than its message has",
        [LIE_NOTHING] = "announces nothing",
        [LIE_ENORMOUS] = "announces more than memory has",
        [LIE_ABOVE_LIMIT] = "announces what the mailbox does not take",
        [LIE_SILENT_SWAP] = "has exchanged pages before without a word",
        [LIE_HALF] = "does not send the rest",
    };
    static char sentence[120];

    for (int lie = 0; lie < LIES; lie++) {
        snprintf(sentence, sizeof sentence,
                 "a sender that %s loses its channel and harms nobody", lies[lie]);
        case_begin(sentence);
        lie_check(lie);
        case_end();
    }
}

/* It cannot be given back while the packet may be under way. */
static void test_silent(void)
{
    struct child liar = {.part = "liar",
                         .a = dice_throw(&exchange_dice) >> 1,
                         .b = LIE_SILENT_FOR_EVER,
                         .caps = {inbox->cap}};
    struct honest nobody = {.child = {.a = 1}};
    uint32_t reports = 0;

    case_begin(
        "one that exchanges and announces nothing keeps its channel till it ends");
    child_start(&liar);
    while (reports == 0 && take(&nobody, liar.a, &reports, family_deadline()))
        continue;
    CASE_EQUAL(fos_mailbox_evict(inbox, 1), 0);
    CASE_EQUAL(fos_mailbox_evict(inbox, 1), 0);
    child_expect(&liar, 0);
    family_settle(inbox);
    exchange_settle_held(inbox);
    case_end();
}

int test_liars(const char *program)
{
    family_program = program;
    test_lies();
    test_silent();
    return cases_status();
}
