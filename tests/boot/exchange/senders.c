/* SPDX-License-Identifier: MIT */
/* The children: honest senders, a receiver, and liars. */
#include "exchange.h"

#include <fos/memory.h>

#include "liar.h"

uint32_t mix_length(uint64_t key, uint64_t number)
{
    struct dice dice = dice_of(key ^ number * 0x10001);

    switch (dice_below(&dice, 4)) {
    case 0:
        return 8 + dice_below(&dice, 100);
    case 1:
        return 5000 + dice_below(&dice, 60000);
    default:
        return FOS_MSG_PAGES_LEAST +
               dice_below(&dice, LONG_MAX - FOS_MSG_PAGES_LEAST + 1);
    }
}

static uint64_t word_of(uint64_t key, uint64_t number, uint64_t i)
{
    return ((number + 1) * 0x9e3779b97f4a7c15ull ^ key) + i * 0x2545f4914f6cdd1dull;
}

void words_fill(void *data, uint64_t key, uint64_t number, uint32_t length)
{
    uint64_t *to = data, last;
    uint32_t words = length / 8;

    for (uint32_t i = 0; i < words; i++)
        to[i] = word_of(key, number, i);
    last = word_of(key, number, words);
    memcpy(to + words, &last, length % 8);
}

bool words_check(const void *data, uint64_t key, uint64_t number, uint32_t length)
{
    const uint64_t *from = data;
    uint32_t words = length / 8;
    uint64_t last = word_of(key, number, words);

    for (uint32_t i = 0; i < words; i++)
        if (from[i] != word_of(key, number, i))
            return false;
    return memcmp(from + words, &last, length % 8) == 0;
}

static void peer_open(struct fos_peer *peer)
{
    CHILD_EQUAL(family_open(peer, fos_start_extra(0), FOS_RING_PAGES_DEFAULT), 0);
}

static uint8_t *pages_get(uint32_t pages)
{
    uint8_t *at = fos_pages_map(pages);

    CHILD_CHECK(at);
    return at;
}

int part_mix(uint64_t key, uint64_t count)
{
    uint8_t *data = pages_get(LONG_PAGES);
    struct fos_peer peer;

    peer_open(&peer);
    for (uint64_t i = 0; i < count; i++) {
        uint32_t length = mix_length(key, i);
        words_fill(data, key, i, length);
        CHILD_EQUAL(fos_msg_send_pages(&peer, data, length, family_deadline()), 0);
    }
    fos_peer_close(&peer);
    fos_pages_unmap(data, LONG_PAGES);
    return 0;
}

static void own_share(uint64_t to, const void *from, uint32_t how)
{
    struct fos_share s = {.to_space = fos_own_space(),
                          .from_space = fos_own_space(),
                          .to = to,
                          .from = (uintptr_t)from,
                          .pages = 1,
                          .prot = FOS_PROT_READ,
                          .how = how};

    CHILD_EQUAL(fos_sys_space_share(&s), 1);
}

/* Sends message *number; whether it went by pages. */
static bool went_by_pages(struct fos_peer *peer, uint8_t *from, uint64_t key,
                          uint64_t *number, uint32_t bytes)
{
    words_fill(from, key, *number, bytes);
    CHILD_EQUAL(fos_msg_send_pages(peer, from, bytes, family_deadline()), 0);
    return !words_check(from, key, (*number)++, bytes);
}

/* Makes the page one that is not to be exchanged, in the `kind`-th way; or as it was. */
static void page_spoil(uint8_t *page, uint8_t *spare, int kind)
{
    if (kind == 0 || kind == 1)
        own_share((uintptr_t)spare, page, kind ? FOS_SHARE_COW : FOS_SHARE_KEEP);
    if (kind == 2)
        CHILD_EQUAL(fos_sys_space_protect(fos_own_space(), (uintptr_t)page, 1,
                                          FOS_PROT_READ),
                    0);
}

static void page_mend(uint8_t *page, uint8_t *spare, int kind)
{
    if (kind == 0 || kind == 1)
        CHILD_EQUAL(fos_sys_space_unmap(fos_own_space(), (uintptr_t)spare, 1), 0);
    CHILD_EQUAL(fos_sys_space_protect(fos_own_space(), (uintptr_t)page, 1,
                                      FOS_PROT_READ | FOS_PROT_WRITE),
                0);
}

/* Once one has gone by pages, each of the odd ones streams, and each after that goes by
 * pages again: the sender waits until the receiver has posted others. */
int part_odd(uint64_t key, uint64_t pages)
{
    const uint32_t bytes = (uint32_t)(pages * FOS_PAGE_SIZE);
    uint8_t *data = pages_get((uint32_t)pages + 1), *spare = fos_pages_reserve(2);
    uint8_t *last = data + bytes - FOS_PAGE_SIZE;
    struct fos_peer peer;
    uint64_t number = 0;

    peer_open(&peer);
    while (!went_by_pages(&peer, data, key, &number, bytes))
        CHILD_CHECK(number < 1000);
    for (int kind = 0; kind < ODD_KINDS; kind++) {
        words_fill(data, key, number, bytes); /* before it is read-only */
        page_spoil(last, spare, kind);
        if (kind == 3)
            CHILD_CHECK(!went_by_pages(&peer, data + 8, key, &number, bytes));
        else {
            CHILD_EQUAL(fos_msg_send_pages(&peer, data, bytes, family_deadline()),
                        0);
            CHILD_CHECK(words_check(data, key, number++, bytes));
        }
        page_mend(last, spare, kind);
        CHILD_CHECK(went_by_pages(&peer, data, key, &number, bytes));
    }
    fos_peer_close(&peer);
    family_report(&(struct fos_mailbox){0});
    return 0;
}

int part_plain(uint64_t key, uint64_t pages)
{
    const uint32_t bytes = (uint32_t)(pages * FOS_PAGE_SIZE);
    uint8_t *data = pages_get((uint32_t)pages);
    struct fos_peer peer;

    peer_open(&peer);
    for (uint64_t i = 0; i < 4; i++) {
        words_fill(data, key, i, bytes);
        CHILD_EQUAL(fos_msg_send_pages(&peer, data, bytes, family_deadline()), 0);
        CHILD_CHECK(words_check(data, key, i, bytes));
    }
    fos_peer_close(&peer);
    return 0;
}

/* Of each the first FOS_MAP_PAGES_MAX pages change places, the others do not. */
int part_huge(uint64_t key, uint64_t count)
{
    uint8_t *data = pages_get(HUGE_PAGES), *spare = fos_pages_reserve(1);
    struct fos_peer peer;

    peer_open(&peer);
    own_share((uintptr_t)spare, data + 600 * FOS_PAGE_SIZE, FOS_SHARE_KEEP);
    for (uint64_t i = 0; i < count; i++) {
        words_fill(data, key, i, HUGE_MAX - 9);
        CHILD_EQUAL(
            fos_msg_send_pages(&peer, data, HUGE_MAX - 9, family_deadline()), 0);
    }
    fos_peer_close(&peer);
    return 0;
}

int part_taker(uint64_t count, uint64_t b)
{
    static struct fos_mailbox mailbox;
    uint8_t *buffer = pages_get(LONG_PAGES);
    uint32_t length;
    void *at;

    CHILD_EQUAL(fos_mailbox_create(&mailbox, 64), 0);
    fos_mailbox_take_pages(&mailbox, LONG_PAGES);
    family_report(&mailbox);
    for (uint64_t i = 0; i < count; i++) {
        CHILD_EQUAL(fos_msg_recv_pages(&mailbox, &at, buffer, LONG_MAX, &length,
                                       family_deadline()),
                    0);
        CHILD_CHECK(words_check(at, b, i, length));
    }
    for (;;)
        fos_sys_wait(FOS_NEVER);
}

/* ---- liars ---- */

static long swap(struct fos_peer *peer, uint8_t *data, uint64_t pages)
{
    return fos_sys_channel_exchange(peer->channel, data, pages);
}

static void announce(struct fos_peer *peer, uint32_t length, uint64_t moved)
{
    struct fos_announcement unused;
    struct fos_packet *slot = fos_channel_slot(&peer->sender.at);

    CHILD_EQUAL(fos_channel_announce(&peer->sender, length, 1, &unused), 0);
    /* The receiver may have refused it already: then what follows is lost on it. */
    memcpy(slot->payload, &moved, sizeof moved);
    fos_sys_notify(peer->channel);
}

/* As announce, but the number is right from the start. */
static void announce_now(struct fos_peer *peer, uint32_t length, uint32_t moved)
{
    struct fos_announcement unused;

    CHILD_EQUAL(fos_channel_announce(&peer->sender, length, moved, &unused), 0);
    fos_sys_notify(peer->channel);
}

static void lie_tell(struct fos_peer *peer, uint8_t *data, enum lie lie)
{
    const uint32_t page = FOS_PAGE_SIZE, least = FOS_MSG_PAGES_LEAST;
    const uint32_t more = least / page + 8;

    switch (lie) {
    case LIE_NO_SWAP:
        return announce_now(peer, least, least);
    case LIE_MORE:
        CHILD_EQUAL(swap(peer, data, 3), 0);
        return announce_now(peer, least, 4 * page);
    case LIE_LESS:
        CHILD_EQUAL(swap(peer, data, 3), 0);
        return announce_now(peer, least, 2 * page);
    case LIE_UNEVEN:
        CHILD_EQUAL(swap(peer, data, 3), 0);
        return announce_now(peer, least, 2 * page + 1);
    case LIE_ABOVE_TOTAL:
        CHILD_EQUAL(swap(peer, data, more), 0);
        return announce_now(peer, least, more * page);
    case LIE_NOTHING:
        return announce(peer, least, 0);
    case LIE_ENORMOUS:
        return announce(peer, least, ~0ull);
    case LIE_ABOVE_LIMIT:
        CHILD_EQUAL(swap(peer, data, 32), 0);
        return announce_now(peer, UINT32_MAX, 32 * page);
    case LIE_SILENT_SWAP: /* an honest message that follows shows it */
        CHILD_EQUAL(swap(peer, data, 5), 0);
        return announce_now(peer, least, least);
    default: /* LIE_SILENT_FOR_EVER, LIE_HALF */
        CHILD_EQUAL(swap(peer, data, 32), 0);
        if (lie == LIE_HALF)
            announce_now(peer, least + 100000, 32 * page);
    }
}

int part_liar(uint64_t key, uint64_t lie)
{
    uint8_t *data = pages_get(LONG_PAGES);
    struct fos_peer peer;

    peer_open(&peer);
    do { /* streamed, until pages are posted */
        words_fill(data, key, 0, LONG_MAX);
        CHILD_EQUAL(fos_msg_send_pages(&peer, data, LONG_MAX, family_deadline()),
                    0);
    } while (!peer.announced.packet);
    while (!fos_announcement_taken(&peer.announced))
        fos_sys_null();
    lie_tell(&peer, data, (enum lie)lie);
    family_report(&(struct fos_mailbox){0}); /* through the kernel */
    if (lie != LIE_SILENT_FOR_EVER)
        while (fos_doorbell_load(peer.doorbell) != FOS_DOORBELL_DEAD)
            fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
    fos_clock_sleep(fos_now_ns() + 20 * FOS_MILLISECOND);
    return 0;
}
