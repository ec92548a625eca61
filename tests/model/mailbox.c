/* SPDX-License-Identifier: MIT */
/*
 * The mailbox buffer, written by the kernel (kernel/msg/mailbox_ring.h) on two
 * vCPUs at once and read by libfos/msg/mailbox.c, under every interleaving: no
 * message torn, lost or doubled, each sender's in its order, a full buffer answers
 * EAGAIN and room comes back, a receiver that sleeps is woken.
 */
#include <fos/mailbox.h>
#include <fos/sleep.h>
#include <fos/syscall.h>
#include <kernel/msg/mailbox_ring.h>

#include <stdlib.h>
#include <string.h>

#include "verdict.h"

enum { SLOTS_MAX = 4, RECEIVER = 2, MESSAGE_MAX = 2 * FOS_MAILBOX_PAYLOAD };

static struct {
    struct fos_mailbox_slot slots[SLOTS_MAX];
    _Atomic uint64_t head;
    struct fos_events events;
    struct fos_doorbell doorbell;
    struct mailbox_ring ring; /* its first word, tail, is the last one shared */
    /* The receiver's own: */
    struct fos_mailbox_reader reader;
    struct fos_sleeper sleeper;
} __attribute__((aligned(64))) memory;

/* Outside: mere statistics would tell equal states apart. */
static struct fos_published counters;

static struct {
    uint32_t slots, messages; /* messages of each sender */
    uint64_t start;           /* position of the first message */
    uint32_t lengths[2];      /* bytes, of either sender's messages */
    bool aborts;              /* sender 1 gives up its first message half-way */
    bool sleeps;              /* the receiver sleeps, else it polls */
    bool early;               /* mutant: the first slot is published first */
    bool unfenced; /* mutant: the doorbell is read before the tag is seen */
    bool greedy;   /* mutant: slots are taken without looking at head */
} setting;

/* ---- The kernel's side ---- */

static void message_fill(uint8_t *to, uint32_t sender, uint32_t number)
{
    for (uint32_t i = 0; i < setting.lengths[sender]; i++)
        to[i] = (uint8_t)(sender << 7 | number << 4 | (i & 15));
}

static int slots_reserve(uint32_t count, uint64_t *position)
{
    if (!setting.greedy)
        return mailbox_ring_reserve(&memory.ring, 0, count, position);
    *position = fos_fetch_add(&memory.ring.tail, count);
    return 0;
}

static void slots_commit(uint64_t position, uint32_t count, uint64_t tag)
{
    if (setting.early)
        mailbox_ring_publish(&memory.ring, position, tag | FOS_SLOT_FIRST);
    mailbox_ring_commit(&memory.ring, position, count, tag);
}

static void slots_fill(uint64_t position, const uint8_t *from, uint32_t length)
{
    for (uint32_t done = 0; done < length; done += FOS_MAILBOX_PAYLOAD) {
        uint32_t left = length - done;
        fos_payload_write(mailbox_ring_slot(&memory.ring, position++)->payload,
                          from + done,
                          left < FOS_MAILBOX_PAYLOAD ? left : FOS_MAILBOX_PAYLOAD);
    }
}

static void receiver_wake(void)
{
    if (!setting.unfenced)
        fos_fence();
    if (fos_load_relaxed(&memory.doorbell.state) != FOS_DOORBELL_AWAKE)
        fos_fetch_or(&memory.events.pending, 1ull << FOS_EVENT_NOTIFY);
}

static void sender_main(void)
{
    uint32_t self = (uint32_t)explore_self(), length = setting.lengths[self];
    uint32_t count = fos_slots_for(length);
    for (uint32_t n = 0; n < setting.messages; n++) {
        uint8_t message[MESSAGE_MAX];
        uint64_t position = 0, tag = length;
        message_fill(message, self, n);
        while (slots_reserve(count, &position) == -FOS_EAGAIN)
            fos_pause();
        if (setting.aborts && self == 1 && n == 0)
            tag |= FOS_SLOT_ABORTED;
        else
            slots_fill(position, message, length);
        slots_commit(position, count, tag);
        receiver_wake();
    }
}

/* ---- The receiver's side ---- */

long fos_sys_serialize(void)
{
    abort();
}

long fos_sys_wait(uint64_t deadline)
{
    (void)deadline;
    explore_wait_nonzero((const void *)&memory.events.pending, 8);
    return 0;
}

long fos_sys_kernel_info(struct fos_kernel_info *out)
{
    (void)out;
    abort();
}

static bool message_came(void *ignored)
{
    (void)ignored;
    return fos_mailbox_ready(&memory.reader);
}

static void message_await(void)
{
    if (!setting.sleeps) {
        fos_pause();
        return;
    }
    fos_sleep_kernel(&memory.sleeper, FOS_EVENTS_RESERVED, message_came, 0,
                     FOS_NEVER);
    fos_sleeper_take(&memory.sleeper, FOS_EVENTS_RESERVED);
}

/* `next`: the number of the message due from each sender. */
static void message_check(const uint8_t *got, uint32_t length, uint32_t *next)
{
    uint8_t want[MESSAGE_MAX];
    uint32_t sender = got[0] >> 7;
    EXPLORE_CHECK(length == setting.lengths[sender]);
    message_fill(want, sender, next[sender]++);
    EXPLORE_CHECK(memcmp(want, got, length) == 0);
}

static void receiver_main(void)
{
    uint32_t next[2] = {0, setting.aborts};
    while (next[0] < setting.messages || next[1] < setting.messages) {
        uint8_t buffer[MESSAGE_MAX];
        uint32_t length = 0;
        int error =
            fos_mailbox_take(&memory.reader, buffer, sizeof buffer, &length);
        EXPLORE_CHECK(error == 0 || error == -FOS_EAGAIN);
        if (error)
            message_await();
        else
            message_check(buffer, length, next);
    }
}

/* Nothing is left, and every slot has been given back (but for aborted ones at the
 * end, which nobody has asked for yet). */
static void buffer_is_empty(void)
{
    uint8_t buffer[MESSAGE_MAX];
    uint32_t length;
    EXPLORE_CHECK(fos_mailbox_take(&memory.reader, buffer, sizeof buffer,
                                   &length) == -FOS_EAGAIN);
    EXPLORE_CHECK(memory.head == memory.ring.tail);
    EXPLORE_CHECK(fos_mailbox_end(&memory.reader) == memory.reader.position);
}

static void memory_reset(void)
{
    memset(&memory, 0, sizeof memory);
    memory.ring.slots = setting.slots;
    memory.ring.head = &memory.head;
    memory.ring.pages[0] = memory.slots;
    memory.ring.tail = memory.head = setting.start;
    memory.sleeper = (struct fos_sleeper){.doorbell = &memory.doorbell,
                                          .published = &counters,
                                          .events = &memory.events};
    fos_mailbox_reader_init(&memory.reader, memory.slots, setting.slots,
                            &memory.head);
    memory.reader.position = setting.start;
}

static const struct explore_place places[] = {
    {"slot 0", 0},
    {"slot 1", 64},
    {"slot 2", 128},
    {"slot 3", 192},
    {"head", offsetof(__typeof__(memory), head)},
    {"events", offsetof(__typeof__(memory), events)},
    {"doorbell", offsetof(__typeof__(memory), doorbell)},
    {"tail", offsetof(__typeof__(memory), ring)},
    {0, 0},
};

static struct explore_model mailbox_model(uint32_t slots, uint32_t messages,
                                          uint32_t length0, uint32_t length1)
{
    memset(&setting, 0, sizeof setting);
    setting.slots = slots;
    setting.messages = messages;
    setting.lengths[0] = length0;
    setting.lengths[1] = length1;
    return (struct explore_model){
        .memory = &memory,
        .size = sizeof memory,
        .shared = offsetof(__typeof__(memory), ring.slots),
        .reset = memory_reset,
        .thread = {sender_main, sender_main, receiver_main},
        .finish = buffer_is_empty,
        .places = places,
    };
}

static void mailbox_holds(void)
{
    struct explore_model m = mailbox_model(2, 3, 8, 8);
    verdict_holds("two senders and a full buffer: nothing lost, order kept", &m);
    m = mailbox_model(4, 2, 8, 100);
    verdict_holds("messages of one and of two slots mix untorn", &m);
    m = mailbox_model(2, 2, 100, 56);
    verdict_holds("a message that fills the buffer gets its turn", &m);
    m = mailbox_model(2, 2, 8, 4);
    setting.start = 2 * 0xfffe;
    verdict_holds("the 16-bit lap wraps without harm", &m);
    m = mailbox_model(2, 2, 8, 100);
    setting.aborts = true;
    verdict_holds("a message given up half-way is skipped", &m);
    m = mailbox_model(2, 2, 8, 8);
    setting.sleeps = true;
    verdict_holds("no wake-up by the kernel is lost", &m);
}

static void mailbox_mutants(void)
{
    struct explore_model m = mailbox_model(2, 2, 8, 8);
    m.plant[0] = EXPLORE_RELAXED_STORES;
    verdict_finds("a relaxed store of the tag is found", &m, "data race");
    m.plant[0] = EXPLORE_LATE_PAYLOAD;
    verdict_finds("a tag stored before its payload is found", &m, "data race");
    m.plant[0] = 0;
    m.plant[RECEIVER] = EXPLORE_RELAXED_LOADS;
    verdict_finds("a relaxed load of the tag is found", &m, "data race");
    m.plant[RECEIVER] = EXPLORE_RELAXED_STORES;
    verdict_finds("a relaxed store of head is found", &m, "data race");
    m.plant[RECEIVER] = EXPLORE_LATE_PAYLOAD;
    verdict_finds("slots given back before they are read are found", &m,
                  "data race");
    m = mailbox_model(4, 2, 8, 8);
    setting.greedy = true;
    m.pause_goes_on = true;
    setting.slots = 2;
    verdict_finds("a sender that does not look at head is found", &m, "data race");
    m = mailbox_model(2, 2, 8, 8);
    setting.sleeps = true;
    setting.unfenced = true;
    verdict_finds("without the sender's fence the lost wake-up is found", &m,
                  "thread 2 waits for ever");
}

int main(void)
{
    mailbox_holds();
    mailbox_mutants();
    return verdict_status();
}
