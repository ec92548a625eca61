/* SPDX-License-Identifier: MIT */
/* Messages (fos/msg.h) between threads of this program; tests/bench/host.c plays
 * the kernel's part. */
#define _GNU_SOURCE
#include "unit.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/host.h"

#define MILLISECOND 1000000ull

static void begin(void)
{
    static bool made;

    if (!made)
        host_init();
    made = true;
    host_thread_begin();
}

static uint64_t soon(uint64_t milliseconds)
{
    return fos_sleeper_now(&fos_thread_self()->sleeper) +
           milliseconds * MILLISECOND;
}

/* Runs `body` as another thread of fos, with its own doorbell and tables. */
struct actor {
    pthread_t thread;
    void (*body)(void *);
    void *argument;
};

static void *actor_run(void *argument)
{
    struct actor *a = argument;

    host_thread_begin();
    a->body(a->argument);
    return NULL;
}

static void actor_start(struct actor *a, void (*body)(void *), void *argument)
{
    *a = (struct actor){.body = body, .argument = argument};
    REQUIRE(pthread_create(&a->thread, NULL, actor_run, a) == 0);
}

static void actor_end(struct actor *a)
{
    pthread_join(a->thread, NULL);
}

static int receive_u32(struct fos_mailbox *mailbox, uint32_t *value,
                       uint64_t deadline)
{
    uint32_t length = 0;
    int result = fos_msg_recv(mailbox, value, sizeof *value, &length, deadline);

    return result == 0 && length != sizeof *value ? -FOS_EPROTO : result;
}

CASE("msg: a mailbox of an impossible size is refused")
{
    struct fos_mailbox m;

    begin();
    CHECK_EQ(fos_mailbox_create(&m, 0), -FOS_EINVAL);
    CHECK_EQ(fos_mailbox_create(&m, 32), -FOS_EINVAL);
    CHECK_EQ(fos_mailbox_create(&m, 65), -FOS_EINVAL);
    CHECK_EQ(fos_mailbox_create(&m, 8192), -FOS_EINVAL);
}

CASE("msg: an empty mailbox times out, at once or at the deadline")
{
    struct fos_mailbox m;
    uint32_t value;
    uint64_t until;

    begin();
    REQUIRE(fos_mailbox_create(&m, 64) == 0);
    CHECK_EQ(receive_u32(&m, &value, 0), -FOS_ETIMEDOUT);
    until = soon(20);
    CHECK_EQ(receive_u32(&m, &value, until), -FOS_ETIMEDOUT);
    CHECK(fos_sleeper_now(&fos_thread_self()->sleeper) >= until);
    CHECK(fos_thread_self()->sleeper.published->sleeps > 0);
    fos_mailbox_close(&m);
}

enum { MANY = 5000, MANY_AT_ONCE = 97, MANY_BYTES = 24 };

/* Sends MANY numbers by the peer, in lots. */
static void many_send(void *argument)
{
    static uint64_t lot[MANY_AT_ONCE][MANY_BYTES / 8];
    struct fos_mailbox *m = argument;
    struct fos_peer p;
    uint64_t next = 0;

    CHECK_EQ(fos_peer_open(&p, m->cap, FOS_TRANSPORT_AUTO), 0);
    while (next < MANY) {
        uint32_t count =
            MANY - next < MANY_AT_ONCE ? (uint32_t)(MANY - next) : MANY_AT_ONCE;
        for (uint32_t i = 0; i < count; i++)
            lot[i][0] = lot[i][2] = next + i;
        CHECK_EQ(fos_msg_send_many(&p, lot, MANY_BYTES, count, FOS_NEVER), count);
        next += count;
    }
    fos_peer_close(&p);
}

CASE("msg: many messages sent at once arrive in order, taken by one or by many, by "
     "whatever way")
{
    static uint64_t got[MANY_AT_ONCE][MANY_BYTES / 8];
    struct fos_mailbox m;
    struct actor sender;
    uint32_t size, count;

    begin();
    REQUIRE(fos_mailbox_create(&m, 64) == 0);
    actor_start(&sender, many_send, &m);
    for (uint64_t next = 0; next < MANY; next += count) {
        count = 1;
        if (next % 5)
            REQUIRE(fos_msg_recv_many(&m, got, sizeof got, &size, &count,
                                      soon(10000)) == 0);
        else
            REQUIRE(fos_msg_recv(&m, got, sizeof got, &size, soon(10000)) == 0);
        REQUIRE(size == MANY_BYTES);
        for (uint32_t i = 0; i < count; i++)
            CHECK(got[i][0] == next + i && got[i][2] == next + i);
        if (next % 7 == 0)
            fos_mailbox_evict(&m, 1);
    }
    actor_end(&sender);
    CHECK(m.stats.evicted > 0);
    fos_mailbox_close(&m);
}

CASE("msg: a capability that is wrong opens nothing")
{
    struct fos_mailbox m;
    struct fos_peer p;
    struct fos_cap wrong;

    begin();
    REQUIRE(fos_mailbox_create(&m, 64) == 0);
    wrong = m.cap;
    wrong.secret ^= 1;
    CHECK_EQ(fos_peer_open(&p, wrong, FOS_TRANSPORT_CHANNEL), -FOS_EPERM);
    CHECK_EQ(fos_msg_send(&p, "x", 1), -FOS_EPIPE);
    CHECK_EQ(fos_peer_open(&p, wrong, FOS_TRANSPORT_KERNEL), 0);
    CHECK_EQ(fos_msg_send(&p, "x", 1), -FOS_EPERM);
    CHECK_EQ(fos_peer_open_ring(&p, m.cap, 3), -FOS_EINVAL);
    CHECK_EQ(fos_peer_open_ring(&p, m.cap, 32), -FOS_EINVAL);
    fos_mailbox_close(&m);
}

/* ---- two threads ---- */

struct session {
    struct fos_mailbox inbox; /* of the test's main thread */
    enum fos_transport transport;
    uint32_t count, pause_us;
    _Atomic int result;
    _Atomic uint32_t go;
};

static void send_numbers(void *argument)
{
    struct session *s = argument;
    struct fos_peer p;
    int result = fos_peer_open(&p, s->inbox.cap, s->transport);

    for (uint32_t i = 0; i < s->count && !result; i++) {
        result = fos_msg_send(&p, &i, sizeof i);
        if (s->pause_us)
            usleep(s->pause_us);
    }
    s->result = result;
    while (!s->go)
        usleep(100);
}

static void expect_numbers(enum fos_transport transport, uint32_t count,
                           uint32_t pause_us, uint32_t own_pause_us)
{
    static struct session s;
    struct actor a;
    uint32_t value = 0;

    begin();
    memset(&s, 0, sizeof s);
    s.transport = transport;
    s.count = count;
    s.pause_us = pause_us;
    REQUIRE(fos_mailbox_create(&s.inbox, 64) == 0);
    actor_start(&a, send_numbers, &s);
    for (uint32_t i = 0; i < count; i++) {
        if (!CHECK_EQ(receive_u32(&s.inbox, &value, soon(5000)), 0) ||
            !CHECK_EQ(value, i))
            break;
        if (own_pause_us)
            usleep(own_pause_us);
    }
    CHECK_EQ(s.result, 0);
    s.go = 1;
    actor_end(&a);
    fos_mailbox_close(&s.inbox);
}

CASE("msg: 20,000 messages arrive in order through the kernel")
{
    expect_numbers(FOS_TRANSPORT_KERNEL, 20000, 0, 0);
}

CASE("msg: 200,000 messages arrive in order through a channel")
{
    expect_numbers(FOS_TRANSPORT_CHANNEL, 200000, 0, 0);
}

CASE("msg: a receiver that sleeps between the messages is woken for each")
{
    expect_numbers(FOS_TRANSPORT_CHANNEL, 60, 3000, 0);
    expect_numbers(FOS_TRANSPORT_KERNEL, 60, 3000, 0);
}

CASE("msg: a sender that finds the ring full sleeps and is woken")
{
    expect_numbers(FOS_TRANSPORT_CHANNEL, 900, 0, 500);
    expect_numbers(FOS_TRANSPORT_KERNEL, 300, 0, 500);
}

static void send_long(void *argument)
{
    struct session *s = argument;
    struct fos_peer p;
    static uint8_t data[300000];
    int result = fos_peer_open(&p, s->inbox.cap, FOS_TRANSPORT_CHANNEL);

    for (uint32_t i = 0; i < s->count && !result; i++) {
        uint32_t length = i * 7919 % sizeof data;
        memset(data, (int)i, length);
        result = fos_msg_send(&p, data, length);
    }
    s->result = result;
    while (!s->go)
        usleep(100);
}

CASE("msg: messages of up to 300,000 bytes are streamed through a channel")
{
    static struct session s = {.count = 200};
    static uint8_t got[300000];
    struct actor a;

    begin();
    REQUIRE(fos_mailbox_create(&s.inbox, 64) == 0);
    actor_start(&a, send_long, &s);
    for (uint32_t i = 0; i < s.count; i++) {
        uint32_t length = 0, want = i * 7919 % sizeof got;
        if (!CHECK_EQ(fos_msg_recv(&s.inbox, got, sizeof got, &length, soon(5000)),
                      0) ||
            !CHECK_EQ(length, want))
            break;
        for (uint32_t k = 0; k < length; k += 97)
            CHECK_EQ(got[k], (uint8_t)i);
    }
    s.go = 1;
    actor_end(&a);
    CHECK_EQ(s.result, 0);
    fos_mailbox_close(&s.inbox);
}

/* ---- order across transports ---- */

static void kernel_then_channel(void *argument)
{
    struct session *s = argument;
    struct fos_peer kernel, channel;
    uint32_t i = 0;
    int result = fos_peer_open(&kernel, s->inbox.cap, FOS_TRANSPORT_KERNEL);

    for (; i < 10 && !result; i++)
        result = fos_msg_send(&kernel, &i, sizeof i);
    if (!result)
        result = fos_peer_open(&channel, s->inbox.cap, FOS_TRANSPORT_CHANNEL);
    for (; i < 20 && !result; i++)
        result = fos_msg_send(&channel, &i, sizeof i);
    s->result = result;
    while (!s->go)
        usleep(100);
    host_thread_end();
}

CASE("msg: a channel's first packets wait for the kernel messages sent before it")
{
    for (int round = 0; round < 20; round++) {
        static struct session s;
        struct actor a;
        uint32_t value = 0;

        begin();
        memset(&s, 0, sizeof s);
        REQUIRE(fos_mailbox_create(&s.inbox, 64) == 0);
        actor_start(&a, kernel_then_channel, &s);
        if (round % 2)
            usleep(2000); /* all is there before the first look */
        for (uint32_t i = 0; i < 20; i++)
            if (!CHECK_EQ(receive_u32(&s.inbox, &value, soon(5000)), 0) ||
                !CHECK_EQ(value, i))
                break;
        s.go = 1;
        actor_end(&a);
        CHECK_EQ(s.result, 0);
        fos_mailbox_close(&s.inbox);
    }
}

CASE("msg: nothing is taken from a channel while a gap lies before its barrier")
{
    static struct session s;
    struct actor a;
    struct fos_mailbox_slot *gap;
    uint64_t tag;
    uint32_t value = 99;

    begin();
    memset(&s, 0, sizeof s);
    REQUIRE(fos_mailbox_create(&s.inbox, 64) == 0);
    actor_start(&a, kernel_then_channel, &s);
    usleep(20000);
    gap = &s.inbox.kernel.slots[0]; /* as if another sender were still filling it */
    tag = gap->tag;
    gap->tag = 0;
    CHECK_EQ(receive_u32(&s.inbox, &value, soon(20)), -FOS_ETIMEDOUT);
    CHECK_EQ(s.inbox.stats.accepted, 1);
    gap->tag = tag;
    for (uint32_t i = 0; i < 20; i++)
        if (!CHECK_EQ(receive_u32(&s.inbox, &value, soon(5000)), 0) ||
            !CHECK_EQ(value, i))
            break;
    s.go = 1;
    actor_end(&a);
    fos_mailbox_close(&s.inbox);
}

/* ---- death and lies ---- */

CASE("msg: what a peer sent before it died is delivered, then its channel is "
     "dropped")
{
    static struct session s;
    struct actor a;
    uint32_t value = 0;

    begin();
    memset(&s, 0, sizeof s);
    REQUIRE(fos_mailbox_create(&s.inbox, 64) == 0);
    actor_start(&a, kernel_then_channel, &s);
    CHECK_EQ(receive_u32(&s.inbox, &value, soon(5000)), 0);
    while (s.inbox.stats.accepted == 0 &&
           receive_u32(&s.inbox, &value, soon(1000)) == 0)
        ;
    s.go = 1; /* the sender dies with messages in its ring */
    actor_end(&a);
    while (value < 19)
        if (!CHECK_EQ(receive_u32(&s.inbox, &value, soon(1000)), 0))
            break;
    CHECK_EQ(receive_u32(&s.inbox, &value, soon(10)), -FOS_ETIMEDOUT);
    CHECK_EQ(s.inbox.stats.dropped, 1);
    CHECK_EQ(fos_thread_self()->inbounds, 0);
    fos_mailbox_close(&s.inbox);
}

static void send_until_broken(void *argument)
{
    struct session *s = argument;
    struct fos_peer p;
    int result = fos_peer_open(&p, s->inbox.cap, FOS_TRANSPORT_CHANNEL);

    while (!result)
        result = fos_msg_send(&p, "1234", 4);
    s->result = result;
    CHECK_EQ(fos_msg_send(&p, "1234", 4), result);
    CHECK_EQ(fos_msg_try_send(&p, "1234", 4), result);
}

CASE("msg: a sender learns of its receiver's death, also while it waits for room")
{
    for (int drain = 0; drain < 2; drain++) {
        static struct session s;
        struct actor a;
        uint32_t value;

        begin();
        memset(&s, 0, sizeof s);
        REQUIRE(fos_mailbox_create(&s.inbox, 64) == 0);
        actor_start(&a, send_until_broken, &s);
        CHECK_EQ(receive_u32(&s.inbox, &value, soon(5000)), 0);
        if (!drain)
            usleep(20000); /* the ring fills, its sender sleeps */
        fos_mailbox_close(&s.inbox);
        actor_end(&a);
        CHECK_EQ(s.result, -FOS_EPIPE);
    }
}

static void send_garbage(void *argument)
{
    struct session *s = argument;
    struct fos_peer p;
    uint64_t random = (uint64_t)s->count;
    int result = fos_peer_open(&p, s->inbox.cap, FOS_TRANSPORT_CHANNEL);
    struct fos_packet *ring = (void *)((char *)p.window + FOS_PAGE_SIZE);

    s->result = result;
    for (uint32_t i = 0; !s->go; i++) {
        uint64_t r = unit_random(&random);
        atomic_store(&ring[i % 256].tag, r % 3 ? r
                                               : fos_packet_head((uint8_t)r, 1) |
                                                     fos_packet_size(56, 56));
    }
}

CASE("msg: a peer that writes garbage loses its channel, the others notice nothing")
{
    static struct session honest, liar;
    struct actor a, b;
    uint32_t value = 0, next = 0;
    uint64_t until;

    begin();
    memset(&honest, 0, sizeof honest);
    memset(&liar, 0, sizeof liar);
    REQUIRE(fos_mailbox_create(&honest.inbox, 64) == 0);
    honest.transport = FOS_TRANSPORT_CHANNEL;
    honest.count = 2000;
    honest.pause_us = 10;
    liar.inbox.cap = honest.inbox.cap;
    liar.count = (uint32_t)unit_setting("SEED", (uint64_t)time(NULL));
    printf("seed %u\n", liar.count);
    actor_start(&b, send_garbage, &liar);
    actor_start(&a, send_numbers, &honest);
    until = soon(10000);
    while (next < honest.count && soon(0) < until) {
        int result = receive_u32(&honest.inbox, &value, until);
        if (result == -FOS_EMSGSIZE)
            fos_msg_discard(&honest.inbox);
        else if (result == 0 && value == next)
            next++;
    }
    CHECK_EQ(next, honest.count);
    CHECK_EQ(honest.inbox.stats.broken + honest.inbox.stats.stalled, 1);
    liar.go = honest.go = 1;
    actor_end(&a);
    actor_end(&b);
    fos_mailbox_close(&honest.inbox);
}

static void send_beginning(void *argument)
{
    struct session *s = argument;
    struct fos_packet *ring;
    struct fos_peer p;

    s->result = fos_peer_open(&p, s->inbox.cap, FOS_TRANSPORT_CHANNEL);
    ring = (void *)((char *)p.window + FOS_PAGE_SIZE);
    atomic_store(&ring[0].tag,
                 fos_packet_head(1, FOS_PACKET_FIRST) | fos_packet_size(56, 90000));
    s->result = 1;
    while (!s->go)
        usleep(100);
}

CASE("msg: a liar that stops inside a long message holds the receiver up only so "
     "long")
{
    static struct session s;
    static uint8_t buffer[100000];
    struct actor a;
    uint32_t length;
    uint64_t start;

    begin();
    memset(&s, 0, sizeof s);
    REQUIRE(fos_mailbox_create(&s.inbox, 64) == 0);
    actor_start(&a, send_beginning, &s);
    while (s.result != 1)
        usleep(100);
    start = soon(0);
    CHECK_EQ(fos_msg_recv(&s.inbox, buffer, sizeof buffer, &length, soon(10)),
             -FOS_ETIMEDOUT);
    CHECK(soon(0) - start < 3000 * MILLISECOND);
    CHECK_EQ(s.inbox.stats.stalled + s.inbox.stats.dropped, 1);
    s.go = 1;
    actor_end(&a);
    fos_mailbox_close(&s.inbox);
}

/* ---- events ---- */

CASE(
    "msg: an event of the caller's own ends a receive, and only where it is wanted")
{
    struct fos_mailbox m;
    struct fos_thread *self;
    uint32_t value;

    begin();
    self = fos_thread_self();
    REQUIRE(fos_mailbox_create(&m, 64) == 0);
    host_event(self, 1ull << 9);
    CHECK_EQ(receive_u32(&m, &value, soon(1000)), -FOS_EINTR);
    CHECK_EQ(receive_u32(&m, &value, soon(1000)), -FOS_EINTR);
    CHECK_EQ(receive_u32(&m, &value, 0), -FOS_EINTR);
    fos_mailbox_events(&m, 1ull << 10);
    CHECK_EQ(receive_u32(&m, &value, soon(5)), -FOS_ETIMEDOUT);
    host_event(self, 1ull << 10);
    CHECK_EQ(receive_u32(&m, &value, soon(1000)), -FOS_EINTR);
    CHECK_EQ(fos_sleeper_take(&self->sleeper, 1ull << 10), 1ull << 10);
    CHECK_EQ(receive_u32(&m, &value, soon(5)), -FOS_ETIMEDOUT);
    CHECK_EQ(fos_sleeper_take(&self->sleeper, ~0ull << 8), 1ull << 9);
    fos_mailbox_close(&m);
}

/* ---- many channels ---- */

enum { CROWD = 40 };

static void crowd_speaks(void *argument)
{
    struct session *s = argument;
    struct fos_peer p;

    s->result = fos_peer_open(&p, s->inbox.cap, FOS_TRANSPORT_CHANNEL);
    if (!s->result)
        s->result = fos_msg_send(&p, &s->count, sizeof s->count);
    while (!s->go)
        usleep(100);
    if (!s->result)
        s->result = fos_msg_send(&p, &s->count, sizeof s->count);
    while (s->go < 2)
        usleep(100);
}

CASE("msg: forty senders, long silent, are all heard")
{
    static struct session all[CROWD];
    struct actor actors[CROWD];
    uint64_t heard = 0;
    uint32_t value = 0;

    begin();
    memset(all, 0, sizeof all);
    REQUIRE(fos_mailbox_create(&all[0].inbox, 64) == 0);
    for (uint32_t i = 0; i < CROWD; i++) {
        all[i].inbox.cap = all[0].inbox.cap;
        all[i].count = i;
        actor_start(&actors[i], crowd_speaks, &all[i]);
    }
    for (int turn = 1; turn <= 2; turn++) {
        heard = 0;
        for (uint32_t i = 0; i < CROWD; i++) {
            CHECK_EQ(receive_u32(&all[0].inbox, &value, soon(5000)), 0);
            heard |= 1ull << value;
        }
        CHECK_EQ(heard, (1ull << CROWD) - 1);
        for (uint32_t i = 0; i < CROWD; i++)
            all[i].go = (uint32_t)turn;
    }
    for (uint32_t i = 0; i < CROWD; i++) {
        actor_end(&actors[i]);
        CHECK_EQ(all[i].result, 0);
    }
    CHECK_EQ(all[0].inbox.stats.accepted, CROWD);
    fos_mailbox_close(&all[0].inbox);
}

/* ---- floods ---- */

enum { FLOOD = 190, POLITE = 4, BY_KERNEL = 4000, KERNEL = 4, SOURCES };

/* Sends so many messages, its number in each, and stays. */
struct flooder {
    struct fos_cap to;
    uint32_t number, count;
    _Atomic uint32_t *filled, *go;
};

static void flood(void *argument)
{
    struct flooder *f = argument;
    struct fos_peer p;

    CHECK_EQ(fos_peer_open(&p, f->to,
                           f->number == KERNEL ? FOS_TRANSPORT_KERNEL
                                               : FOS_TRANSPORT_CHANNEL),
             0);
    for (uint32_t i = 0; i < f->count; i++)
        CHECK_EQ(fos_msg_send_until(&p, &f->number, sizeof f->number, 0), 0);
    ++*f->filled;
    while (!*f->go)
        usleep(100);
}

/* Takes all that the sources have sent; no message that is the next of its source may
 * wait for more than so many others. */
static void flood_take(struct fos_mailbox *m, uint32_t *left, uint64_t patience)
{
    uint32_t waited[SOURCES] = {0}, all = 0, number = 0;

    for (int i = 0; i < SOURCES; i++)
        all += left[i];
    for (; all; all--) {
        uint64_t deadline = patience ? soon(patience) : 0;
        REQUIRE(receive_u32(m, &number, deadline) == 0);
        REQUIRE(number < SOURCES && left[number]);
        left[number]--;
        waited[number] = 0;
        for (uint32_t i = 0; i < SOURCES; i++)
            if (i != number && left[i])
                CHECK(++waited[i] <= FOS_MSG_OTHERS(i == KERNEL ? 0 : SOURCES - 1));
    }
    CHECK_EQ(receive_u32(m, &number, 0), -FOS_ETIMEDOUT);
}

/* Channels that were accepted, then the kernel's buffer. */
static void flood_case(uint64_t patience)
{
    uint32_t left[SOURCES] = {FLOOD, FLOOD, FLOOD, POLITE, BY_KERNEL}, number = 0;
    struct flooder flooders[SOURCES];
    struct actor actors[SOURCES];
    _Atomic uint32_t filled = 0, go = 0;
    struct fos_mailbox m;

    begin();
    REQUIRE(fos_mailbox_create(&m, 4096) == 0);
    for (uint32_t i = 0; i < SOURCES; i++) {
        if (i == KERNEL) {
            REQUIRE(receive_u32(&m, &number, soon(10000)) == 0);
            left[number]--;
        }
        flooders[i] = (struct flooder){m.cap, i, left[i], &filled, &go};
        actor_start(&actors[i], flood, &flooders[i]);
        while (filled <= i)
            usleep(100);
    }
    flood_take(&m, left, patience);
    go = 1;
    for (uint32_t i = 0; i < SOURCES; i++)
        actor_end(&actors[i]);
    CHECK_EQ(m.stats.accepted, KERNEL);
    fos_mailbox_close(&m);
}

CASE("msg: of channels and the kernel's buffer, all full, each has its go")
{
    flood_case(10000);
}

CASE("msg: so it is for who polls")
{
    flood_case(0);
}

CASE("msg: a mailbox that is full does not starve another")
{
    struct fos_mailbox full, other, *which = NULL, *const set[] = {&full, &other};
    uint32_t number = 0, length, waited = 0, left = POLITE;
    struct flooder flooder;
    struct actor actor;
    _Atomic uint32_t filled = 0, go = 1;

    begin();
    REQUIRE(fos_mailbox_create(&full, 4096) == 0);
    REQUIRE(fos_mailbox_create(&other, 64) == 0);
    for (int i = 0; i < 2; i++) {
        flooder = (struct flooder){set[i]->cap, KERNEL, i ? POLITE : BY_KERNEL,
                                   &filled, &go};
        actor_start(&actor, flood, &flooder);
        actor_end(&actor);
    }
    while (left) {
        REQUIRE(fos_msg_recv_any(set, 2, &which, &number, sizeof number, &length,
                                 soon(10000)) == 0);
        waited = which == &other ? 0 : waited + 1;
        left -= which == &other;
        if (!CHECK(waited <= 2 * FOS_MSG_OTHERS(0)))
            break;
    }
    fos_mailbox_close(&full);
    fos_mailbox_close(&other);
}
