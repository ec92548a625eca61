/* SPDX-License-Identifier: MIT */
/*
 * Answers in place (libfos/msg/turn.h), step by step: the main thread asks and has a
 * mailbox for answers; another one, which does what it is told to and nothing else, has
 * one for questions.  tests/bench/host.c plays the kernel's part; tests/model/turn.c and
 * test_switch.c let the two run freely.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <libfos/msg/turn.h>

#include "tests/bench/host.h"

static struct fos_mailbox questions, answers;
static struct fos_peer asker, answerer;
static uint32_t asked, answered; /* messages so far */

/* What the answerer is to do. */
static struct step {
    void (*act)(struct step *);
    uint32_t length;
    uint8_t bytes[256];
    int result;
    _Atomic bool due;
} step;

static void *answerer_run(void *unused)
{
    host_thread_begin();
    for (;;) {
        while (!atomic_load(&step.due))
            sched_yield();
        step.act(&step);
        atomic_store(&step.due, false);
    }
    return unused;
}

static int by_answerer(void (*act)(struct step *))
{
    step.act = act;
    atomic_store(&step.due, true);
    while (atomic_load(&step.due))
        sched_yield();
    return step.result;
}

static void act_send(struct step *s)
{
    s->result = fos_msg_send(&answerer, s->bytes, s->length);
}

static void act_receive(struct step *s)
{
    s->length = 0;
    s->result = fos_msg_recv(&questions, s->bytes, sizeof s->bytes, &s->length, 0);
}

static void act_discard(struct step *s)
{
    (void)s;
    fos_msg_discard(&questions);
}

static void act_evict(struct step *s)
{
    s->result = (int)fos_mailbox_evict(&questions, 1);
}

static void act_create(struct step *s)
{
    s->result = fos_mailbox_create(&questions, 64);
}

static void act_open(struct step *s)
{
    s->result = fos_peer_open(&answerer, answers.cap, FOS_TRANSPORT_CHANNEL);
}

static void act_close(struct step *s)
{
    fos_peer_close(&answerer);
    fos_mailbox_close(&questions);
    s->result = 0;
}

static struct fos_inbound *inbound_of(struct fos_mailbox *mailbox)
{
    return mailbox->channels.next;
}

static int hear_bytes(struct fos_mailbox *mailbox, void *bytes, uint32_t capacity,
                      uint32_t *length)
{
    int result;

    *length = 0;
    if (mailbox == &answers)
        return fos_msg_recv(mailbox, bytes, capacity, length, 0);
    result = by_answerer(act_receive);
    *length = step.length;
    memcpy(bytes, step.bytes, capacity);
    return result;
}

static int hear(struct fos_mailbox *mailbox, uint32_t *value)
{
    uint32_t length;
    int result = hear_bytes(mailbox, value, sizeof *value, &length);

    return result == 0 && length != sizeof *value ? -FOS_EPROTO : result;
}

static int tell_bytes(struct fos_peer *peer, const void *bytes, uint32_t length)
{
    if (peer == &asker)
        return fos_msg_send(peer, bytes, length);
    memcpy(step.bytes, bytes, length);
    step.length = length;
    return by_answerer(act_send);
}

static int tell(struct fos_peer *peer, uint32_t value)
{
    return tell_bytes(peer, &value, sizeof value);
}

static void tell_and_hear(struct fos_peer *peer, struct fos_mailbox *mailbox,
                          uint32_t *count)
{
    uint32_t value = 0;

    CHECK_EQ(tell(peer, ++*count), 0);
    CHECK_EQ(hear(mailbox, &value), 0);
    CHECK_EQ(value, *count);
}

static void ask(void)
{
    tell_and_hear(&asker, &questions, &asked);
}

static void answer(void)
{
    tell_and_hear(&answerer, &answers, &answered);
}

/* A message of `length` bytes. */
static void pass(struct fos_peer *peer, struct fos_mailbox *mailbox,
                 uint32_t length)
{
    static uint8_t fill;
    uint8_t sent[FOS_PACKET_PAYLOAD], got[FOS_PACKET_PAYLOAD] = {0};
    uint32_t heard;

    memset(sent, ++fill, sizeof sent);
    CHECK_EQ(tell_bytes(peer, sent, length), 0);
    CHECK_EQ(hear_bytes(mailbox, got, sizeof got, &heard), 0);
    CHECK_EQ(heard, length);
    CHECK(memcmp(got, sent, length) == 0);
}

/* Whether who waits for messages there would not sleep. */
static bool awake(struct fos_mailbox *mailbox)
{
    struct fos_inbound *inbound = inbound_of(mailbox);

    while (inbound != &mailbox->channels &&
           !(inbound->dead || inbound_ready(inbound)))
        inbound = inbound->next;
    return inbound != &mailbox->channels;
}

static void begin(void)
{
    static pthread_t thread;

    if (!thread) {
        host_init();
        host_thread_begin();
        REQUIRE(pthread_create(&thread, NULL, answerer_run, NULL) == 0);
    }
    asked = answered = 0;
    REQUIRE(by_answerer(act_create) == 0);
    REQUIRE(fos_mailbox_create(&answers, 64) == 0);
    REQUIRE(fos_peer_open(&asker, questions.cap, FOS_TRANSPORT_CHANNEL) == 0);
    REQUIRE(by_answerer(act_open) == 0);
    ask();
    answer();
    turn_open(&asker, inbound_of(&answers));
    REQUIRE(asker.move == FOS_TURN_OPEN);
}

static void end(void)
{
    fos_peer_close(&asker);
    by_answerer(act_close);
    fos_mailbox_close(&answers);
}

/* The slot of the question under way. */
static struct fos_packet *slot(void)
{
    return inbound_of(&answers)->turn.slot;
}

CASE("turn: questions and answers use one line, and no packet of either ring")
{
    begin();
    for (int i = 0; i < 1000; i++) {
        ask();
        answer();
    }
    CHECK_EQ(asker.sender.at.number, 1);
    CHECK_EQ(inbound_of(&questions)->receiver.at.number, 1);
    CHECK_EQ(answerer.sender.at.number, 1);
    CHECK_EQ(asker.turns, 1000);
    CHECK_EQ(answerer.turns, 1000);
    end();
}

CASE(
    "turn: a second question takes the mark away, and the answers come by the ring")
{
    uint32_t value;

    begin();
    CHECK_EQ(tell(&asker, 1), 0);
    CHECK_EQ(asker.move, FOS_TURN_ASKED);
    CHECK_EQ(tell(&asker, 2), 0);
    CHECK_EQ(asker.move, FOS_TURN_PLAIN);
    CHECK_EQ(asker.turns, 0);
    for (uint32_t i = 1; i <= 2; i++) {
        CHECK_EQ(hear(&questions, &value), 0);
        CHECK_EQ(value, i);
    }
    answer();
    CHECK_EQ(answerer.turns, 0);
    end();
}

CASE("turn: an answer that the next question finds is kept, and heard in order")
{
    uint32_t value;

    begin();
    ask();
    CHECK_EQ(tell(&answerer, 1), 0); /* in place */
    CHECK_EQ(tell(&answerer, 2), 0); /* by the ring */
    ask();
    CHECK_EQ(inbound_of(&answers)->turn.due, FOS_TURN_KEPT);
    CHECK_EQ(hear(&answers, &value), 0);
    CHECK_EQ(value, 1);
    CHECK_EQ(hear(&answers, &value), 0);
    CHECK_EQ(value, 2);
    end();
}

CASE("turn: an answer comes after what was sent before it, and before what comes "
     "after")
{
    uint32_t value;

    begin();
    CHECK_EQ(tell(&answerer, 1), 0); /* nothing is asked yet: by the ring */
    ask();
    for (uint32_t i = 2; i <= 3; i++)
        CHECK_EQ(tell(&answerer, i), 0);
    CHECK_EQ(answerer.turns, 1);
    for (uint32_t i = 1; i <= 3; i++) {
        CHECK_EQ(hear(&answers, &value), 0);
        CHECK_EQ(value, i);
    }
    end();
}

CASE("turn: who closes his channel or gives one back still hears the answer")
{
    for (int way = 0; way < 3; way++) {
        uint32_t value = 0;
        begin();
        ask();
        CHECK_EQ(tell(&answerer, 7), 0);
        if (way == 0)
            fos_peer_close(&asker);
        else
            CHECK_EQ(way == 1 ? (int)fos_mailbox_evict(&answers, 1)
                              : by_answerer(act_evict),
                     1);
        CHECK_EQ(hear(&answers, &value), 0);
        CHECK_EQ(value, 7);
        if (way)
            ask();
        CHECK_EQ(tell(&answerer, 8), 0);
        CHECK_EQ(hear(&answers, &value), 0);
        CHECK_EQ(value, 8);
        end();
    }
}

CASE("turn: an answer too long for the buffer stays, or is thrown away")
{
    uint8_t word[8], byte;
    uint32_t length;

    begin();
    ask();
    CHECK_EQ(tell_bytes(&answerer, "12345678", 8), 0);
    CHECK_EQ(answerer.turns, 1);
    CHECK_EQ(fos_msg_recv(&answers, &byte, 1, &length, 0), -FOS_EMSGSIZE);
    CHECK_EQ(length, 8);
    CHECK_EQ(fos_msg_recv(&answers, word, 8, &length, 0), 0);
    ask();
    CHECK_EQ(tell_bytes(&answerer, "12345678", 8), 0);
    CHECK_EQ(fos_msg_recv(&answers, &byte, 1, &length, 0), -FOS_EMSGSIZE);
    fos_msg_discard(&answers);
    CHECK_EQ(fos_msg_recv(&answers, word, 8, &length, 0), -FOS_ETIMEDOUT);
    ask();
    answer();
    end();
}

/* ---- empty messages ---- */

CASE("turn: empty questions go by the ring, and messages alternate on")
{
    begin();
    for (int i = 0; i < 1000; i++) {
        pass(&asker, &questions, 0);
        pass(&answerer, &answers, (uint32_t)i % 3 * 8);
    }
    CHECK_EQ(asker.turns, 0);
    for (int i = 0; i < 1000; i++) {
        ask();
        answer();
    }
    CHECK(asker.turns > 990);
    end();
}

CASE("turn: empty answers go in place")
{
    begin();
    for (int i = 0; i < 1000; i++) {
        ask();
        pass(&answerer, &answers, 0);
    }
    CHECK_EQ(answerer.turns, 1000);
    CHECK_EQ(asker.sender.at.number, 1);
    end();
}

CASE("turn: empty and other messages alternate as they come")
{
    uint64_t random = unit_setting("SEED", (uint64_t)time(NULL));

    printf("seed %" PRIu64 "\n", random);
    begin();
    for (int i = 0; i < 3000; i++) {
        uint64_t both = unit_random(&random);
        pass(&asker, &questions, both >> 40 & 1 ? 0 : (uint32_t)(both >> 50) % 57);
        pass(&answerer, &answers, both >> 41 & 1 ? 0 : (uint32_t)(both >> 20) % 57);
        if (both >> 42 & 1)
            pass(&answerer, &answers, 0);
    }
    CHECK(asker.turns > 0 && answerer.turns > 0);
    end();
}

CASE("turn: an empty answer waits, is kept and is thrown away like others")
{
    uint32_t length = 1, value;
    uint8_t word[8];

    begin();
    for (int kept = 0; kept < 2; kept++) {
        ask();
        CHECK_EQ(tell_bytes(&answerer, "", 0), 0);
        CHECK_EQ(answerer.turns, kept + 1);
        CHECK(awake(&answers));
        if (kept)
            CHECK_EQ(tell(&asker, ++asked), 0);
        CHECK_EQ(fos_msg_recv(&answers, NULL, 0, &length, 0), 0);
        CHECK_EQ(length, 0);
        CHECK(!awake(&answers));
        CHECK_EQ(fos_msg_recv(&answers, word, 8, &length, 0), -FOS_ETIMEDOUT);
    }
    CHECK_EQ(hear(&questions, &value), 0);
    turn_open(&asker, inbound_of(&answers));
    ask();
    CHECK_EQ(tell_bytes(&answerer, "", 0), 0);
    CHECK_EQ(answerer.turns, 3);
    inbound_discard(inbound_of(&answers));
    CHECK(!awake(&answers));
    answer();
    end();
}

/* ---- liars ---- */

/* Puts `tag` where the answer is to be: it is taken as one, waited for, or the channel
 * it would have come by is closed; questions go on. */
static void lie_about_answer(uint64_t tag, bool broken)
{
    uint8_t buffer[FOS_PACKET_PAYLOAD];
    uint32_t length = 0, value;
    int result;

    begin();
    ask();
    atomic_store(&slot()->tag, tag);
    result = fos_msg_recv(&answers, buffer, sizeof buffer, &length, 0);
    CHECK(result == 0 ? length <= sizeof buffer
                      : result == -FOS_ETIMEDOUT && !awake(&answers));
    if (broken)
        CHECK_EQ(answers.stats.broken, 1);
    CHECK(answers.stats.broken <= 1);
    CHECK_EQ(tell(&asker, 99), 0);
    while (hear(&questions, &value) == 0)
        continue;
    end();
}

CASE("turn: a lie in place of an answer costs the liar's channel, or is waited for")
{
    uint64_t random = unit_setting("SEED", (uint64_t)time(NULL));
    uint64_t right;

    printf("seed %" PRIu64 "\n", random);
    begin();
    ask();
    right = turn_reply(slot()->tag, 1);
    end();
    for (uint64_t length = 57; length < 256; length += 33)
        lie_about_answer(right | length << FOS_PACKET_LENGTH_SHIFT, true);
    for (uint64_t number = 2; number < 5; number++)
        lie_about_answer(right + (number << FOS_PACKET_TOTAL_SHIFT), true);
    for (uint32_t bit = 0; bit < FOS_PACKET_LENGTH_SHIFT; bit++)
        lie_about_answer(right ^ 1ull << bit, true);
    for (int i = 0; i < 200; i++)
        lie_about_answer(unit_random(&random), false);
}

/* A question with this tag. */
static void lie_about_question(uint64_t tag)
{
    struct fos_packet *next = fos_channel_slot(&asker.sender.at);
    int result;

    atomic_store(&next->tag, tag);
    result = by_answerer(act_receive);
    CHECK(result == 0 ? step.length <= FOS_PACKET_PAYLOAD
                      : result == -FOS_ETIMEDOUT || result == -FOS_EMSGSIZE);
    CHECK(result != -FOS_ETIMEDOUT || !awake(&questions));
    if (result == -FOS_EMSGSIZE)
        by_answerer(act_discard);
    CHECK_EQ(tell(&answerer, ++answered), 0);
}

CASE("turn: a mark that lies is answered by the ring, or costs the liar's channel")
{
    uint64_t random = unit_setting("SEED", (uint64_t)time(NULL));

    printf("seed %" PRIu64 "\n", random);
    for (int i = 0; i < 300; i++) {
        uint32_t head, value;
        uint64_t named = i % 3 ? unit_random(&random) : 0, length;
        begin();
        head = asker.sender.at.head;
        named = i % 3 ? named : inbound_of(&answers)->channel.id;
        length = i % 4 ? unit_random(&random) >> 56 : 0;
        lie_about_question(turn_mark(head, named) | length
                                                        << FOS_PACKET_LENGTH_SHIFT);
        while (hear(&answers, &value) == 0)
            continue;
        end();
    }
}

CASE("turn: an empty message with a mark costs its sender's channel")
{
    for (int i = 0; i < 8; i++) {
        uint64_t named;
        begin();
        named = i & 1 ? 0 : inbound_of(&answers)->channel.id;
        if (i & 2) { /* they are a pair on both sides */
            ask();
            answer();
        }
        atomic_store(&fos_channel_slot(&asker.sender.at)->tag,
                     turn_mark(asker.sender.at.head, named));
        if (i & 4)
            CHECK_EQ(by_answerer(act_evict), 1);
        CHECK_EQ(by_answerer(act_receive), -FOS_ETIMEDOUT);
        CHECK_EQ(questions.stats.broken, 1);
        CHECK(inbound_of(&questions) == &questions.channels);
        end();
    }
}

CASE(
    "turn: a question whose tag changes after it was taken is answered by the ring")
{
    uint32_t value;

    begin();
    ask();
    atomic_store(&slot()->tag, fos_packet_unmarked(slot()->tag));
    CHECK_EQ(tell(&answerer, 5), 0);
    CHECK_EQ(answerer.turns, 0);
    inbound_of(&answers)->turn.asked = slot()->tag;
    CHECK_EQ(hear(&answers, &value), 0);
    CHECK_EQ(value, 5);
    end();
}

CASE("turn: a mark that names a channel to another process is not believed")
{
    uint32_t value;

    begin();
    inbound_of(&questions)->pid = 99; /* as the kernel would say it */
    ask();
    CHECK_EQ(tell(&answerer, 5), 0);
    CHECK_EQ(answerer.turns, 0);
    CHECK(!answerer.pair);
    CHECK_EQ(hear(&answers, &value), 0);
    end();
}
