/* SPDX-License-Identifier: MIT */
#include "adversary.h"

#include <fos/memory.h>

enum {
    RING_PAGES_MAX = 4,
    BIG_RING_PAGES = 16,
    SCRIBBLES = 3000,
    HALFWAY_BYTES = 4000
};

/* ---- the honest ---- */

uint32_t honest_length(uint64_t key, uint64_t number)
{
    struct dice dice = dice_of(key ^ number);
    uint32_t most = dice_below(&dice, 16) ? 100 : STREAM_BYTES_MAX;

    return 16 + dice_below(&dice, most);
}

void honest_fill(struct honest *message, uint64_t key, uint64_t number)
{
    struct dice dice = dice_of(~key ^ number);

    message->key = key;
    message->number = number;
    dice_fill(&dice, message->filler, honest_length(key, number) - 16);
}

bool honest_check(const struct honest *message, uint32_t length, uint64_t key,
                  uint64_t number)
{
    static struct honest wanted;

    honest_fill(&wanted, key, number);
    return length == honest_length(key, number) &&
           memcmp(message, &wanted, length) == 0;
}

static int stream(uint64_t key, uint64_t count)
{
    static struct honest message;
    struct fos_peer parent;

    CHILD_EQUAL(fos_peer_open(&parent, fos_start_extra(0), FOS_TRANSPORT_CHANNEL),
                0);
    for (uint64_t i = 0; i < count; i++) {
        honest_fill(&message, key, i);
        CHILD_EQUAL(fos_msg_send_until(&parent, &message, honest_length(key, i),
                                       family_deadline()),
                    0);
    }
    fos_peer_close(&parent);
    return 0;
}

int part_stream(uint64_t key, uint64_t count)
{
    return stream(key, count);
}

int part_endless(uint64_t key, uint64_t b)
{
    (void)b;
    return stream(key, UINT64_MAX);
}

uint8_t big_byte(uint64_t message, uint64_t at)
{
    return (uint8_t)(message * 31 + at + (at >> 8) + (at >> 16));
}

int part_big(uint64_t bytes, uint64_t count)
{
    struct fos_peer parent;
    uint8_t *data = malloc(bytes);

    CHILD_CHECK(data);
    CHILD_EQUAL(fos_peer_open_ring(&parent, fos_start_extra(0), BIG_RING_PAGES), 0);
    for (uint64_t i = 0; i < count; i++) {
        for (uint64_t at = 0; at < bytes; at++)
            data[at] = big_byte(i, at);
        CHILD_EQUAL(
            fos_msg_send_until(&parent, data, (uint32_t)bytes, family_deadline()),
            0);
    }
    fos_peer_close(&parent);
    free(data);
    return 0;
}

/* ---- a sender that writes garbage ---- */

/* A tag that looks right in some of its fields. */
static uint64_t tag_throw(struct dice *d)
{
    static const uint32_t totals[] = {0,    1,    55,    56,         57,        112,
                                      1848, 1849, 65536, 0x7fffffff, 0xffffffff};
    uint32_t total = totals[dice_below(d, sizeof totals / sizeof *totals)];
    uint32_t length =
        dice_below(d, 4) ? (total < 56 ? total : 56) : dice_below(d, 256);
    uint8_t flags = (uint8_t)(dice_below(d, 8) ? dice_below(d, 2) : dice_throw(d));

    return fos_packet_head((uint8_t)dice_below(d, 3), flags) |
           fos_packet_size(length, total);
}

static void ring_scribble(struct dice *d, uint8_t *ring, uint32_t pages)
{
    uint32_t bytes = pages * (uint32_t)FOS_PAGE_SIZE;
    uint32_t at = dice_below(d, bytes);
    struct fos_packet *packet = (struct fos_packet *)(ring + (at & ~63u));

    switch (dice_below(d, 4)) {
    case 0:
        ring[at] = (uint8_t)dice_throw(d);
        break;
    case 1:
        dice_fill(d, packet, sizeof *packet);
        break;
    default: /* mostly where the receiver looks */
        if (dice_below(d, 2))
            packet = (struct fos_packet *)ring + 2 * dice_below(d, 4);
        atomic_store(&packet->tag, tag_throw(d));
    }
}

/* A channel opened by hand, for garbage only. */
static void channel_scribble(struct dice *d, uint8_t *window, uint32_t pages)
{
    struct fos_doorbell *doorbell = (struct fos_doorbell *)window;
    struct fos_channel_info info;
    long error = fos_sys_channel_connect(fos_start_extra(0), window, pages, &info);

    if (error == -FOS_EAGAIN) { /* too many wait to be accepted */
        fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
        return;
    }
    CHILD_EQUAL(error, 0);
    for (uint32_t i = 0; i < SCRIBBLES; i++) {
        ring_scribble(d, window + FOS_PAGE_SIZE, pages);
        if (i % 64 == 0 && atomic_load(&doorbell->state) == FOS_DOORBELL_DEAD)
            break;
        if (i % 256 == 0)
            fos_sys_notify(info.channel);
    }
    if (dice_below(d, 2))
        fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
    CHILD_EQUAL(fos_sys_channel_close(info.channel, FOS_TAKEN_NONE), 0);
}

int part_scribble(uint64_t seed, uint64_t channels)
{
    uint8_t *window = fos_pages_reserve(1 + RING_PAGES_MAX);
    struct dice dice = dice_of(seed);

    CHILD_CHECK(window);
    for (uint64_t i = 0; i < channels; i++)
        channel_scribble(&dice, window, 1u << dice_below(&dice, 3));
    family_report(&(struct fos_mailbox){0});
    return 0;
}

/* ---- a receiver that writes garbage ---- */

/* Accepts what comes and writes into it, into its own doorbell as well. */
int part_bad_acks(uint64_t seed, uint64_t channels)
{
    struct fos_doorbell *own = (struct fos_doorbell *)fos_start_page->doorbell;
    uint8_t *window = fos_pages_reserve(1 + RING_PAGES_MAX);
    struct dice dice = dice_of(seed);
    struct fos_mailbox mailbox;

    CHILD_EQUAL(fos_mailbox_create(&mailbox, 64), 0);
    family_report(&mailbox);
    for (uint64_t i = 0; i < channels;) {
        struct fos_channel_info info;
        if (fos_sys_channel_accept(window, &info) < 0) {
            fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND / 4);
            continue;
        }
        i++;
        /* Some senders get the time to fill the ring, and then to find out. */
        for (uint32_t round = 0; round < (i % 8 ? 1 : 3); round++) {
            for (uint32_t n = 0; n < SCRIBBLES; n++) {
                ring_scribble(&dice, window + FOS_PAGE_SIZE, info.ring_pages);
                atomic_store(&own->state,
                             (uint32_t)(dice_below(&dice, 100) + (i % 2) * 4));
            }
            atomic_store(&own->state, FOS_DOORBELL_AWAKE);
            if (i % 8 == 0)
                fos_clock_sleep(fos_now_ns() + 3 * FOS_MILLISECOND);
        }
        CHILD_EQUAL(fos_sys_channel_close(info.channel, FOS_TAKEN_NONE), 0);
    }
    return 0;
}

/* ---- others who are no pleasure ---- */

int part_deaf(uint64_t a, uint64_t b)
{
    struct fos_mailbox mailbox;

    (void)a;
    (void)b;
    CHILD_EQUAL(fos_mailbox_create(&mailbox, 64), 0);
    family_report(&mailbox);
    for (;;)
        fos_clock_sleep(FOS_NEVER);
}

int part_halfway(uint64_t a, uint64_t b)
{
    uint8_t *window = fos_pages_reserve(2);
    struct fos_channel_info info;

    CHILD_CHECK(window);
    CHILD_EQUAL(fos_sys_channel_connect(fos_start_extra(0), window, 1, &info), 0);
    for (uint32_t i = 0; i < b; i++) {
        struct fos_packet *packet =
            (struct fos_packet *)(window + FOS_PAGE_SIZE +
                                  fos_packet_offset(i, FOS_PAGE_SIZE));
        atomic_store(&packet->tag,
                     fos_packet_head(1, i ? 0 : FOS_PACKET_FIRST) |
                         fos_packet_size(FOS_PACKET_PAYLOAD, HALFWAY_BYTES));
    }
    fos_sys_notify(info.channel);
    fos_clock_sleep(fos_now_ns() + a);
    return 0;
}

/* Where a window of `pages` pages cannot lie, and what the kernel says to it. */
struct bad_place {
    uint64_t address;
    long error;
};

static void places_fill(struct bad_place places[8], uint64_t good)
{
    const struct bad_place all[8] = {
        {good + 1, -FOS_EINVAL},
        {good + 64, -FOS_EINVAL},
        {(uintptr_t)&part_bad_addresses & ~(FOS_PAGE_SIZE - 1), -FOS_EEXIST},
        {fos_start_page->doorbell - FOS_PAGE_SIZE, -FOS_EEXIST},
        {0, -FOS_EFAULT},
        {FOS_USER_END - FOS_PAGE_SIZE, -FOS_EFAULT},
        {0xffff880000000000, -FOS_EFAULT},
        {0xffffffff80000000, -FOS_EFAULT},
    };

    memcpy(places, all, sizeof all);
}

/* connect, with extra 1 as the mailbox */
static void bad_connects(const struct bad_place places[8], uint64_t good)
{
    static const uint64_t bad_pages[] = {
        0, 3, 5, FOS_RING_PAGES_MAX * 2, 1ull << 32, ~0ull};
    struct fos_channel_info info;
    struct fos_cap to = fos_start_extra(1);

    for (int i = 0; i < 8; i++)
        CHILD_EQUAL(
            fos_sys_channel_connect(to, (void *)places[i].address, 1, &info),
            places[i].error);
    for (size_t i = 0; i < sizeof bad_pages / sizeof *bad_pages; i++)
        CHILD_EQUAL(fos_sys_channel_connect(to, (void *)good, bad_pages[i], &info),
                    -FOS_EINVAL);
    for (int i = 4; i < 8; i++)
        CHILD_EQUAL(
            fos_sys_channel_connect(to, (void *)good, 1, (void *)places[i].address),
            -FOS_EFAULT);
    CHILD_EQUAL(fos_sys_channel_connect(to, (void *)good, 1, &info), 0);
    CHILD_EQUAL(fos_sys_channel_connect(to, (void *)good, 1, &info), -FOS_EEXIST);
    CHILD_EQUAL(fos_sys_channel_close(info.channel, FOS_TAKEN_NONE), 0);
    CHILD_EQUAL(fos_sys_channel_close(info.channel, FOS_TAKEN_NONE), -FOS_EPERM);
}

int part_bad_addresses(uint64_t a, uint64_t b)
{
    uint64_t good = (uintptr_t)fos_pages_reserve(1 + FOS_RING_PAGES_MAX),
             deadline = family_deadline();
    struct bad_place places[8];
    struct fos_channel_info info;
    struct fos_mailbox mailbox;
    long error;

    (void)a;
    (void)b;
    places_fill(places, good);
    bad_connects(places, good);
    CHILD_EQUAL(fos_mailbox_create(&mailbox, 64), 0);
    CHILD_EQUAL(fos_sys_channel_connect(mailbox.cap, (void *)good, 1, &info),
                -FOS_EINVAL);
    family_report(&mailbox);
    do /* till the parent has connected */
        error = fos_sys_channel_accept((void *)(good + 1), &info);
    while (error == -FOS_EAGAIN && fos_now_ns() < deadline);
    for (int i = 0; i < 8; i++)
        CHILD_EQUAL(fos_sys_channel_accept((void *)places[i].address, &info),
                    places[i].error);
    for (int i = 5; i < 8; i++)
        CHILD_EQUAL(fos_sys_channel_accept((void *)good, (void *)places[i].address),
                    -FOS_EFAULT);
    /* One that waits is accepted, not what comes after it. */
    CHILD_EQUAL(fos_sys_channel_accept((void *)good, NULL), -FOS_EAGAIN);
    CHILD_EQUAL(fos_sys_channel_accept((void *)good, &info), 0);
    CHILD_EQUAL(fos_sys_channel_accept((void *)good, &info), -FOS_EAGAIN);
    CHILD_EQUAL(fos_sys_channel_close(info.channel, FOS_TAKEN_NONE), 0);
    return 0;
}

/* Waits until the parent's channel was accepted, or could not be and waits. */
static void offer_await(const struct fos_events *events)
{
    uint64_t deadline = family_deadline();

    while (!__atomic_load_n(&events->accepted.channel.id, __ATOMIC_ACQUIRE) &&
           !fos_load_relaxed(&events->waiting) && fos_now_ns() < deadline)
        fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
}

int part_offer(uint64_t a, uint64_t b)
{
    uint8_t *good = fos_pages_reserve(1 + FOS_RING_PAGES_MAX);
    uint8_t *taken = fos_pages_reserve(1 + FOS_RING_PAGES_MAX);
    struct fos_events *events = fos_thread_self()->sleeper.events;
    struct fos_channel_info info;
    struct fos_mailbox mailbox;

    (void)b;
    CHILD_EQUAL(fos_mailbox_create(&mailbox, 64), 0);
    CHILD_EQUAL(fos_sys_channel_accept(good + 1, NULL), -FOS_EINVAL);
    CHILD_EQUAL(fos_sys_channel_accept((void *)0xffffffff80000000, NULL),
                -FOS_EFAULT);
    CHILD_EQUAL(fos_sys_channel_accept(good, NULL), 0);
    CHILD_EQUAL(fos_sys_channel_accept(taken, NULL), -FOS_EBUSY);
    family_report(&mailbox);
    offer_await(events);
    info = events->accepted;
    CHILD_EQUAL(info.mailbox, mailbox.cap.id);
    CHILD_EQUAL(info.peer, a);
    CHILD_EQUAL(fos_load_relaxed(&events->waiting), 0);
    CHILD_CHECK(((struct fos_doorbell *)good)->state != FOS_DOORBELL_DEAD);
    CHILD_EQUAL(good[FOS_PAGE_SIZE], 0);
    CHILD_EQUAL(fos_sys_channel_accept(good, &info), -FOS_EAGAIN);
    CHILD_EQUAL(fos_sys_channel_close(events->accepted.channel, FOS_TAKEN_NONE), 0);
    events->accepted.channel.id = 0;

    /* What is offered and then used otherwise is not touched. */
    CHILD_EQUAL(fos_sys_channel_accept(taken, NULL), 0);
    CHILD_EQUAL(fos_range_map((uint64_t)taken, 1, FOS_PROT_READ | FOS_PROT_WRITE),
                0);
    taken[0] = 1;
    family_report(&mailbox);
    offer_await(events);
    CHILD_EQUAL(events->accepted.channel.id, 0);
    CHILD_EQUAL(fos_load_relaxed(&events->waiting), 1);
    CHILD_EQUAL(taken[0], 1);
    CHILD_EQUAL(fos_sys_channel_accept(good, &info), 0);
    CHILD_EQUAL(fos_load_relaxed(&events->waiting), 0);
    return 0;
}

int part_drain(uint64_t count, uint64_t b)
{
    static uint8_t buffer[STREAM_BYTES_MAX];
    struct fos_mailbox mailbox;
    uint32_t length;

    (void)b;
    CHILD_EQUAL(fos_mailbox_create(&mailbox, 64), 0);
    family_report(&mailbox);
    for (uint64_t i = 0; i < count; i++)
        CHILD_EQUAL(fos_msg_recv(&mailbox, buffer, sizeof buffer, &length,
                                 family_deadline()),
                    0);
    return 0;
}

int part_storm(uint64_t cycles, uint64_t b)
{
    uint64_t deadline = family_deadline();
    struct fos_peer peer;

    (void)b;
    for (uint64_t i = 0; i < cycles;) {
        int error = fos_peer_open(&peer, fos_start_extra(0), FOS_TRANSPORT_CHANNEL);
        CHILD_CHECK(fos_now_ns() < deadline);
        if (error == -FOS_EAGAIN) {
            fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
            continue;
        }
        CHILD_EQUAL(error, 0);
        CHILD_EQUAL(fos_msg_send(&peer, &i, 8), 0);
        fos_peer_close(&peer);
        i++;
    }
    family_report(&(struct fos_mailbox){0});
    return 0;
}

/* Takes one kernel message, then goes without a look at the channels. */
int part_close_pending(uint64_t count, uint64_t b)
{
    struct fos_mailbox mailbox;
    struct fos_kernel_info info;
    uint64_t deadline = family_deadline();

    (void)b;
    fos_sys_kernel_info(&info);
    uint32_t before = info.channels;
    CHILD_EQUAL(fos_mailbox_create(&mailbox, 64), 0);
    family_report(&mailbox);
    while (info.channels < before + count && fos_now_ns() < deadline) {
        fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
        fos_sys_kernel_info(&info);
    }
    CHILD_EQUAL(fos_sys_mailbox_close(mailbox.cap), 0);
    fos_clock_sleep(fos_now_ns() + 300 * FOS_MILLISECOND);
    return 0;
}

/* ---- retiring, against the rules ---- */

/* A sender whose channel is taken back claims to have sent more than it has.  The
 * receiver looks at the channel (to extra 1) only after the second report. */
int part_false_seal(uint64_t a, uint64_t b)
{
    uint8_t *window = fos_pages_reserve(2);
    struct fos_doorbell *doorbell = (struct fos_doorbell *)window;
    uint64_t deadline = family_deadline();
    struct fos_channel_sender sender;
    struct fos_channel_info info;

    (void)a, (void)b;
    CHILD_CHECK(window);
    CHILD_EQUAL(fos_sys_channel_connect(fos_start_extra(1), window, 1, &info), 0);
    CHILD_EQUAL(fos_sys_channel_retire(info.channel, 0), -FOS_EINVAL);
    CHILD_EQUAL(fos_sys_channel_close(info.channel, 0), -FOS_EINVAL);
    fos_channel_sender_init(&sender, window + FOS_PAGE_SIZE, 64, 16);
    CHILD_EQUAL(fos_channel_try_send(&sender, "", 0), 0);
    family_report(&(struct fos_mailbox){0});
    while (atomic_load(&doorbell->state) != FOS_DOORBELL_RETIRED &&
           fos_now_ns() < deadline)
        fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
    CHILD_EQUAL(fos_sys_channel_retire(info.channel, 1000), -FOS_EAGAIN);
    family_report(&(struct fos_mailbox){0});
    while (atomic_load(&doorbell->state) != FOS_DOORBELL_DEAD &&
           fos_now_ns() < deadline)
        fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
    CHILD_EQUAL(atomic_load(&doorbell->state), FOS_DOORBELL_DEAD);
    CHILD_EQUAL(fos_sys_channel_close(info.channel, FOS_TAKEN_NONE), 0);
    return 0;
}

/* A receiver that accepts by hand, and on closing tells a nonsensical number, unless
 * the sender has told its own first. */
static void channel_miscount(uint8_t *window, uint64_t taken)
{
    uint64_t deadline = family_deadline();
    struct fos_channel_info info;
    long error;

    while ((error = fos_sys_channel_accept(window, &info)) == -FOS_EAGAIN &&
           fos_now_ns() < deadline)
        fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
    CHILD_EQUAL(error, 0);
    CHILD_EQUAL(fos_sys_channel_close(info.channel, taken), -FOS_EINVAL);
    CHILD_EQUAL(fos_sys_channel_retire(info.channel, 77), 0);
    CHILD_EQUAL(fos_sys_channel_retire(info.channel, 77), 0);
    error = fos_sys_channel_close(info.channel, taken);
    CHILD_CHECK(error == 0 || error == -FOS_EAGAIN);
    if (error)
        CHILD_EQUAL(fos_sys_channel_close(info.channel, FOS_TAKEN_NONE), 0);
}

int part_false_count(uint64_t a, uint64_t b)
{
    static const uint64_t counts[] = {5, 0xffffffff, 123456};
    uint8_t *window = fos_pages_reserve(1 + FOS_RING_PAGES_MAX);
    struct fos_mailbox mailbox;

    (void)a, (void)b;
    CHILD_EQUAL(fos_mailbox_create(&mailbox, 64), 0);
    family_report(&mailbox);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        channel_miscount(window, counts[i]);
    family_report(&mailbox);
    return 0;
}
