/* SPDX-License-Identifier: MIT */
/* The mailbox reader (fos/mailbox.h); the test plays the kernel's part. */
#include "unit.h"

#include <fos/mailbox.h>

#include "kernel/msg/mailbox_ring.h"

struct box {
    struct fos_mailbox_slot *slots;
    uint32_t count;
    uint64_t tail;
    _Atomic uint64_t head;
    struct fos_mailbox_reader reader;
};

static void box_make(struct box *b, uint32_t count)
{
    *b = (struct box){.count = count};
    b->slots = aligned_alloc(64, count * sizeof *b->slots);
    memset(b->slots, 0, count * sizeof *b->slots);
    fos_mailbox_reader_init(&b->reader, b->slots, count, &b->head);
}

static void slot_put(struct box *b, uint64_t position, uint32_t length,
                     uint32_t index, uint64_t flags, uint8_t fill)
{
    struct fos_mailbox_slot *slot = &b->slots[position % b->count];

    memset(slot->payload, fill, sizeof slot->payload);
    slot->tag = fos_slot_lap(position, b->count) | length | flags |
                (index == 0 ? FOS_SLOT_FIRST : 0);
}

/* Puts a message whose bytes are all `fill`; false: full. */
static bool put(struct box *b, uint32_t length, uint64_t flags, uint8_t fill)
{
    uint32_t n = fos_slots_for(length);

    if (b->tail + n - b->head > b->count)
        return false;
    for (uint32_t i = 0; i < n; i++)
        slot_put(b, b->tail + i, length, i, flags, fill);
    b->tail += n;
    return true;
}

static bool takes(struct box *b, uint32_t length, uint8_t fill)
{
    uint8_t *got = malloc(length + !length);
    uint32_t n = UINT32_MAX;
    bool good = CHECK_EQ(fos_mailbox_take(&b->reader, got, length, &n), 0) &&
                CHECK_EQ(n, length);

    for (uint32_t i = 0; good && i < length; i++)
        good = CHECK_EQ(got[i], fill);
    free(got);
    return good;
}

static bool empty(struct box *b)
{
    uint8_t byte;
    uint32_t n;

    return CHECK(!fos_mailbox_ready(&b->reader)) &&
           CHECK_EQ(fos_mailbox_take(&b->reader, &byte, 1, &n), -FOS_EAGAIN);
}

CASE("mailbox: messages of all lengths come in order, over many laps")
{
    struct box b;

    box_make(&b, 64);
    for (uint32_t i = 0; i < 3000; i++) {
        uint32_t length = i * 37 % 1800;
        if (!CHECK(put(&b, length, 0, (uint8_t)i)) ||
            !takes(&b, length, (uint8_t)i))
            break;
        CHECK_EQ(b.head, b.tail);
    }
    CHECK(empty(&b));
    free(b.slots);
}

CASE("mailbox: the lap counter may wrap")
{
    struct box b;

    box_make(&b, 64);
    b.reader.position = 64ull * 0xfffe;
    b.tail = b.reader.position;
    b.head = b.reader.position;
    for (int i = 0; i < 400; i++)
        if (!put(&b, 20, 0, 7) || !takes(&b, 20, 7))
            break;
    CHECK(b.tail > 64ull * 0x10000);
    free(b.slots);
}

CASE("mailbox: what lies behind an unfilled slot waits")
{
    struct box b;
    uint8_t byte[1];
    uint32_t n;

    box_make(&b, 64);
    b.tail = 1; /* slot 0 is reserved, its sender not done */
    CHECK(put(&b, 1, 0, 2));
    CHECK(empty(&b));
    CHECK_EQ(fos_mailbox_end(&b.reader), 2);
    slot_put(&b, 0, 1, 0, 0, 1);
    CHECK(fos_mailbox_ready(&b.reader));
    CHECK_EQ(fos_mailbox_take(&b.reader, byte, 1, &n), 0);
    CHECK_EQ(byte[0], 1);
    CHECK(takes(&b, 1, 2));
    free(b.slots);
}

CASE("mailbox: a message is not taken before its last slot is filled")
{
    struct box b;
    uint8_t got[150];
    uint32_t n;

    box_make(&b, 64);
    slot_put(&b, 0, 150, 0, 0, 4);
    slot_put(&b, 2, 150, 2, 0, 4);
    CHECK_EQ(fos_mailbox_take(&b.reader, got, sizeof got, &n), -FOS_EAGAIN);
    CHECK_EQ(fos_mailbox_discard(&b.reader), -FOS_EAGAIN);
    CHECK_EQ(b.head, 0);
    slot_put(&b, 1, 150, 1, 0, 4);
    CHECK(takes(&b, 150, 4));
    CHECK_EQ(b.head, 3);
    free(b.slots);
}

CASE("mailbox: messages the kernel gave up are skipped, wherever they are marked")
{
    struct box b;

    box_make(&b, 64);
    CHECK(put(&b, 100, FOS_SLOT_ABORTED, 1));
    CHECK(put(&b, 0, FOS_SLOT_ABORTED, 1));
    CHECK(put(&b, 10, 0, 2));
    slot_put(&b, b.tail, 100, 0, 0, 3);
    slot_put(&b, b.tail + 1, 100, 1, FOS_SLOT_ABORTED, 3);
    b.tail += 2;
    CHECK(put(&b, 11, 0, 4));
    CHECK(takes(&b, 10, 2));
    CHECK(takes(&b, 11, 4));
    CHECK(empty(&b));
    CHECK_EQ(b.head, b.tail);
    free(b.slots);
}

CASE("mailbox: too small a buffer leaves the message, which may be thrown away")
{
    struct box b;
    uint8_t got[9];
    uint32_t n = 0;

    box_make(&b, 64);
    CHECK(put(&b, 10, 0, 1));
    CHECK(put(&b, 3, 0, 2));
    CHECK_EQ(fos_mailbox_take(&b.reader, got, sizeof got, &n), -FOS_EMSGSIZE);
    CHECK_EQ(n, 10);
    CHECK_EQ(b.head, 0);
    CHECK_EQ(fos_mailbox_discard(&b.reader), 0);
    CHECK(takes(&b, 3, 2));
    free(b.slots);
}

CASE("mailbox: a full buffer has room again by as much as was taken")
{
    struct box b;
    int sent = 0;

    box_make(&b, 64);
    while (put(&b, 56 * 3, 0, 1))
        sent++;
    CHECK_EQ(sent, 21);
    CHECK_EQ(fos_mailbox_end(&b.reader), 63);
    CHECK(takes(&b, 56 * 3, 1));
    CHECK(put(&b, 56 * 4, 0, 2));
    CHECK(!put(&b, 1, 0, 3));
    CHECK_EQ(fos_mailbox_end(&b.reader), 67);
    free(b.slots);
}

/* ---- shares (kernel/msg/mailbox_ring.h, 5) ---- */

static int reserve(struct mailbox_ring *ring, uint64_t sender, uint32_t n)
{
    uint64_t position;

    return mailbox_ring_reserve(ring, sender, n, &position);
}

/* So many of n slots until it is refused. */
static uint32_t flood(struct mailbox_ring *ring, uint64_t sender, uint32_t n)
{
    uint32_t sent = 0;

    while (reserve(ring, sender, n) == 0)
        sent++;
    return sent;
}

CASE("mailbox: who floods leaves a quarter, where each other process has one "
     "message")
{
    _Atomic uint64_t head = 0;
    struct mailbox_ring ring = {.slots = 64, .head = &head};

    CHECK_EQ(flood(&ring, 5, 1), 48);
    for (uint64_t polite = 6; polite < 13; polite++) {
        CHECK_EQ(reserve(&ring, polite, 1), 0);
        CHECK_EQ(reserve(&ring, polite, 1), -FOS_EAGAIN);
    }
    CHECK_EQ(reserve(&ring, 5, 1), -FOS_EAGAIN);
    CHECK_EQ(flood(&ring, 0, 1), 9); /* the rest, for who may have all */
    CHECK_EQ(reserve(&ring, 20, 1), -FOS_EAGAIN);
    head = 49; /* the flood's are taken, and the first of the others */
    CHECK_EQ(reserve(&ring, 6, 1), 0);
    CHECK_EQ(flood(&ring, 5, 1), 32);
}

CASE("mailbox: the share holds for messages of many slots, and over many laps")
{
    _Atomic uint64_t head = 0;
    struct mailbox_ring ring = {.slots = 64, .head = &head};

    head = ring.tail = 0xfff000; /* marks hold 24 bits */
    for (uint32_t lap = 0; lap < 5000; lap++) {
        uint32_t n = 1 + lap % 32;
        CHECK_EQ(flood(&ring, 5, n), 48 / n);
        CHECK_EQ(reserve(&ring, 6, 1 + lap % 16), 0);
        head = ring.tail;
        CHECK_EQ(reserve(&ring, 5 + 8 * (lap % 2), 32), 0);
        head = ring.tail;
    }
}
