/* SPDX-License-Identifier: MIT */
/* Fast calls between threads of this program; and clients and services that break
 * the rules of a call line. */
#include <fos/line.h>
#include <fos/service.h>

#include <pthread.h>
#include <unistd.h>

#include <fos/call.h>

#include "tests/bench/host.h"
#include "unit.h"

#define SUM_OPS(OP)     \
    OP(1, sum, add)     \
    OP(2, sum, slow)    \
    OP(3, sum, later)   \
    OP(4, sum, release) \
    OP(5, sum, wide)    \
    OP(6, sum, lie)
FOS_PROTOCOL(sum, 1, SUM_OPS)

enum { MILLISECOND = 1000000, FULL = 32, LIE = 11 };

/* Fills the line to its last byte. */
struct sum_add_req {
    struct fos_request head;
    uint64_t a[FULL / 8];
};

struct sum_add_rep {
    struct fos_reply head;
    uint64_t sum, first, second, third, fourth;
};

/* Answers after so long. */
struct sum_slow_req {
    struct fos_request head;
    uint64_t milliseconds;
};

struct sum_slow_rep {
    struct fos_reply head;
};

/* Is answered when somebody calls release. */
struct sum_later_req {
    struct fos_request head;
    uint64_t value;
};

struct sum_later_rep {
    struct fos_reply head;
    uint64_t value;
};

struct sum_release_req {
    struct fos_request head;
    int64_t error; /* of both */
};

struct sum_release_rep {
    struct fos_reply head;
};

/* A reply too long for a line. */
struct sum_wide_req {
    struct fos_request head;
};

struct sum_wide_rep {
    struct fos_reply head;
    uint8_t bytes[FOS_PACKET_PAYLOAD];
};

/* Writes something into the line. */
struct sum_lie_req {
    struct fos_request head;
};

struct sum_lie_rep {
    struct fos_reply head;
};

FOS_FAST_CALL(sum, add)
FOS_FAST_CALL(sum, slow)
FOS_FAST_CALL(sum, later)
FOS_FAST_CALL(sum, release)
FOS_FAST_CALL(sum, lie)

/* ---- the service, in a thread of its own ---- */

static uint64_t soon(uint64_t milliseconds)
{
    return fos_sleeper_now(&fos_thread_self()->sleeper) +
           milliseconds * MILLISECOND;
}

static struct fos_caller kept;
static uint64_t kept_value;
static _Atomic long late_answer;

FOS_SERVICE_TABLE(table, SUM_OPS)

static void sum_add(const struct fos_caller *caller, const struct sum_add_req *req,
                    size_t length)
{
    struct sum_add_rep rep = {.first = req->a[0],
                              .second = req->a[1],
                              .third = req->a[2],
                              .fourth = req->a[3]};

    CHECK_EQ(length, sizeof *req);
    rep.sum = rep.first + rep.second + rep.third + rep.fourth;
    fos_answer(caller, 7, &rep, sizeof rep);
}

static void sum_slow(const struct fos_caller *caller,
                     const struct sum_slow_req *req, size_t length)
{
    struct sum_slow_rep rep;

    (void)length;
    usleep((useconds_t)req->milliseconds * 1000);
    late_answer = fos_answer(caller, 0, &rep, sizeof rep);
}

static void sum_later(const struct fos_caller *caller,
                      const struct sum_later_req *req, size_t length)
{
    (void)length;
    kept = *caller;
    kept_value = req->value;
}

static void sum_release(const struct fos_caller *caller,
                        const struct sum_release_req *req, size_t length)
{
    struct sum_later_rep later = {.value = kept_value};
    struct sum_release_rep rep;

    (void)length;
    late_answer = fos_answer(&kept, req->error, &later, sizeof later);
    fos_answer(caller, req->error, &rep, sizeof rep);
}

static void sum_wide(const struct fos_caller *caller,
                     const struct sum_wide_req *req, size_t length)
{
    struct sum_wide_rep rep = {.bytes = {1}};

    (void)req, (void)length;
    fos_answer(caller, 0, &rep, sizeof rep);
}

/* splitmix64 */
static uint64_t draw(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* One in four is the tag of a right answer; never the request's own. */
static void sum_lie(const struct fos_caller *caller, const struct sum_lie_req *req,
                    size_t length)
{
    static uint64_t seed = 7;
    struct fos_packet *slot = fos_channel_slot(&caller->line->receiver.at);
    struct fos_reply reply = {.result = LIE};
    uint32_t kind = draw(&seed) % 4;
    uint32_t size = kind ? (uint32_t)(draw(&seed) % 60) : sizeof reply;
    uint8_t generation = (uint8_t)(caller->line->receiver.at.head - 1);

    (void)req, (void)length;
    memcpy(slot->payload, &reply, sizeof reply);
    fos_store_release(&slot->tag, kind == 3 ? draw(&seed)
                                            : fos_line_reply_tag(generation, size));
    if (!fos_doorbell_awake(caller->line->doorbell))
        fos_sys_notify(caller->line->channel);
}

static struct fos_service service;
static pthread_t server;
static _Atomic bool server_up, server_stop, server_evicts;

static void *serve(void *argument)
{
    (void)argument;
    host_thread_begin();
    REQUIRE(fos_service_open(&service, 64) == 0);
    server_up = true;
    while (!server_stop) {
        fos_service_run(&service, soon(5));
        if (server_evicts)
            fos_mailbox_evict(&service.mailbox, 1);
    }
    fos_mailbox_close(&service.mailbox);
    host_thread_end();
    return NULL;
}

static void server_begin(void)
{
    static bool once;

    if (!once)
        host_init();
    once = true;
    service = (struct fos_service)FOS_SERVICE(sum, table);
    server_up = server_stop = server_evicts = false;
    late_answer = 1;
    REQUIRE(pthread_create(&server, NULL, serve, NULL) == 0);
    while (!server_up)
        usleep(100);
}

static void server_end(void)
{
    server_stop = true;
    pthread_join(server, NULL);
}

/* ---- the client ---- */

static struct fos_line line;

static void begin(void)
{
    server_begin();
    host_thread_begin();
    REQUIRE(fos_line_open(&line, service.mailbox.cap) == 0);
}

static void end(void)
{
    fos_line_close(&line);
    CHECK_EQ(fos_published_of(fos_thread_self()->sleeper.doorbell)->channels_out,
             0);
    host_thread_end();
    server_end();
}

static void adds(uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        struct sum_add_req req = {.a = {i, 2 * i, 3, 4}};
        struct sum_add_rep rep;
        if (!CHECK_EQ(sum_add_fast(&line, &req, &rep, soon(20000)), 7) ||
            !CHECK_EQ(rep.sum, 3 * i + 7) || !CHECK_EQ(rep.second, 2 * i) ||
            !CHECK_EQ(rep.fourth, 4))
            return;
    }
}

CASE("arguments and results that fill the line come through, call after call")
{
    begin();
    adds(100000);
    CHECK(line.trial.least > 0); /* and slots were tried meanwhile */
    end();
}

CASE("a service that sleeps is woken, and so is a client")
{
    begin();
    for (int i = 0; i < 10; i++) {
        struct sum_slow_req req = {.milliseconds = 5};
        struct sum_slow_rep rep;
        usleep(5000);
        CHECK_EQ(sum_slow_fast(&line, &req, &rep, soon(20000)), 0);
    }
    end();
}

CASE("an answer may come later, and may be an error")
{
    struct sum_later_rep rep;
    struct fos_line other;

    begin();
    REQUIRE(fos_line_open(&other, service.mailbox.cap) == 0);
    for (int64_t error = 0; error >= -FOS_ENOENT; error -= FOS_ENOENT) {
        struct sum_later_req ask = {.head.tag = FOS_TAG(sum, later), .value = 9};
        struct sum_release_req release = {.error = error};
        struct sum_release_rep released;

        ask.head.reply.id = FOS_REPLY_LINE;
        fos_line_put(&line, &ask, sizeof ask);
        usleep(20000); /* so that it is taken first */
        CHECK_EQ(sum_release_fast(&other, &release, &released, soon(20000)), error);
        CHECK_EQ(
            fos_line_wait(&line, &ask, sizeof ask, &rep, sizeof rep, soon(20000)),
            error);
        CHECK_EQ(rep.value, 9);
        adds(10);
    }
    fos_line_close(&other);
    end();
}

CASE("a reply too long for a line is an error, and the line goes on")
{
    struct sum_wide_req req = {.head.tag = FOS_TAG(sum, wide)};
    uint8_t rep[FOS_PACKET_PAYLOAD];

    begin();
    CHECK_EQ(
        fos_line_call(&line, &req.head, sizeof req, rep, sizeof rep, soon(20000)),
        -FOS_EMSGSIZE);
    adds(10);
    end();
}

CASE("wrong op, version and size are answered by the line")
{
    struct fos_request wrong[] = {
        {.tag = FOS_TAG(sum, add) + 100},
        {.tag = FOS_TAG(sum, add) + (1 << FOS_TAG_VERSION_SHIFT)},
        {.tag = FOS_TAG(sum, add)},
    };
    const long errors[] = {-FOS_ENOSYS, -FOS_EPROTO, -FOS_EINVAL};
    struct fos_reply rep;

    begin();
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 3; i++)
            CHECK_EQ(fos_line_call(&line, &wrong[i], sizeof wrong[i], &rep,
                                   sizeof rep, soon(20000)),
                     errors[i]);
        adds(10);
    }
    CHECK_EQ(service.troubles.wrong_op, 50);
    CHECK_EQ(service.troubles.wrong_version, 50);
    CHECK_EQ(service.troubles.wrong_size, 50);
    end();
}

/* `length` bytes of it, to which no answer comes; then the line ends. */
static void unanswered(const struct fos_request *request, uint32_t length)
{
    struct sum_add_rep rep;

    fos_line_put(&line, request, length);
    CHECK_EQ(fos_line_wait(&line, request, length, &rep, sizeof rep, soon(20)),
             -FOS_ETIMEDOUT);
    CHECK(!line.window);
}

CASE("a request by a line that names another place, or has no head, is not "
     "answered there")
{
    struct fos_request elsewhere = {FOS_TAG(sum, wide), {.id = 12345, .secret = 1}};

    begin();
    for (int round = 0; round < 5; round++) {
        adds(100);
        unanswered(&elsewhere, sizeof elsewhere);
        adds(100);
        unanswered(&elsewhere, sizeof elsewhere - 1);
    }
    adds(100);
    CHECK_EQ(service.troubles.malformed, 5);
    CHECK_EQ(service.troubles.gone, 5);
    end();
}

CASE("a line given back by the service is opened again, with nothing lost or twice")
{
    begin();
    server_evicts = true;
    adds(2000);
    CHECK(service.mailbox.stats.accepted > 1);
    server_evicts = false;
    end();
}

CASE("a late answer has nowhere to go")
{
    struct sum_slow_req req = {.milliseconds = 100};
    struct sum_slow_rep rep;

    begin();
    CHECK_EQ(sum_slow_fast(&line, &req, &rep, soon(10)), -FOS_ETIMEDOUT);
    adds(100);
    CHECK_EQ(late_answer, 0); /* into a ring that nobody looks at */
    end();
}

CASE("an answer kept for a line that is gone is refused")
{
    struct sum_later_req ask = {.value = 1};
    struct sum_later_rep rep;
    struct sum_release_req release = {0};
    struct sum_release_rep released;

    begin();
    CHECK_EQ(sum_later_fast(&line, &ask, &rep, soon(50)), -FOS_ETIMEDOUT);
    usleep(20000); /* the service finds the line dead */
    CHECK_EQ(sum_release_fast(&line, &release, &released, soon(20000)), 0);
    CHECK_EQ(late_answer, -FOS_EPERM);
    end();
}

CASE("a service that ends is noticed by who waits, and by who comes later")
{
    struct sum_later_req ask = {.value = 1};
    struct sum_later_rep rep;

    begin();
    server_stop = true;
    CHECK_EQ(sum_later_fast(&line, &ask, &rep, soon(20000)), -FOS_EPIPE);
    pthread_join(server, NULL);
    CHECK_EQ(sum_later_fast(&line, &ask, &rep, soon(20000)), -FOS_EPERM);
    host_thread_end();
}

CASE("who claims to have come by a line, and has not, is not answered")
{
    struct sum_add_req req = {.head.tag = FOS_TAG(sum, add),
                              .head.reply = {.id = FOS_REPLY_LINE}};
    struct fos_peer peer;

    begin();
    adds(1);
    for (int i = FOS_TRANSPORT_KERNEL; i <= FOS_TRANSPORT_CHANNEL; i++) {
        REQUIRE(fos_peer_open(&peer, service.mailbox.cap, i) == 0);
        CHECK_EQ(fos_msg_send(&peer, &req, sizeof req), 0);
        usleep(20000);
        fos_peer_close(&peer);
        adds(10);
    }
    CHECK_EQ(service.troubles.malformed, 2);
    end();
}

/* Says, through the kernel, that it came by a line. */
static void forge(const void *request, uint32_t length)
{
    struct fos_peer peer;

    REQUIRE(fos_peer_open(&peer, service.mailbox.cap, FOS_TRANSPORT_KERNEL) == 0);
    CHECK_EQ(fos_msg_send(&peer, request, length), 0);
    usleep(20000);
    fos_peer_close(&peer);
}

CASE("nobody else answers or cancels a call whose answer comes later")
{
    const struct fos_cap by_line = {.id = FOS_REPLY_LINE};
    struct sum_later_req ask = {.head = {FOS_TAG(sum, later), by_line}, .value = 9};
    struct sum_add_req add = {.head = {FOS_TAG(sum, add), by_line}, .a = {666}};
    struct fos_request cancel = {FOS_OP_CANCEL, by_line};
    struct sum_later_rep rep;
    struct sum_release_req release = {0};
    struct sum_release_rep released;
    struct fos_line other;

    begin();
    REQUIRE(fos_line_open(&other, service.mailbox.cap) == 0);
    adds(1);
    fos_line_put(&line, &ask, sizeof ask);
    usleep(20000); /* so that it is taken first */
    forge(&add, sizeof add);
    forge(&cancel, sizeof cancel);
    CHECK_EQ(service.troubles.malformed, 2);
    CHECK_EQ(sum_release_fast(&other, &release, &released, soon(20000)), 0);
    CHECK_EQ(fos_line_wait(&line, &ask, sizeof ask, &rep, sizeof rep, soon(20000)),
             0);
    CHECK_EQ(rep.value, 9);
    adds(10);
    fos_line_close(&other);
    end();
}

CASE("a client that scribbles into its line harms itself alone")
{
    struct fos_line mad;
    uint64_t seed = 5;

    begin();
    for (int round = 0; round < 20; round++) {
        struct sum_add_req req = {.head.tag = FOS_TAG(sum, add)};
        struct sum_add_rep rep;
        REQUIRE(fos_line_open(&mad, service.mailbox.cap) == 0);
        sum_add_fast(&mad, &req, &rep, soon(1000));
        for (int i = 0; i < 200 && mad.window; i++) {
            struct fos_packet *slot = fos_line_slot(&mad);
            memcpy(slot->payload, &seed, sizeof seed);
            fos_store_release(&slot->tag, draw(&seed) % 3
                                              ? draw(&seed)
                                              : mad.at.head | draw(&seed) << 24);
        }
        fos_line_close(&mad);
        adds(20);
    }
    end();
}

/* Says in the line's slot that it goes on in another one. */
static void move_to(const struct fos_line *mad, uint64_t slot)
{
    fos_store_release(&fos_line_slot(mad)->tag,
                      fos_packet_head((uint8_t)mad->at.head, FOS_PACKET_MOVE) |
                          slot << FOS_PACKET_TOTAL_SHIFT);
    if (!fos_doorbell_awake(mad->doorbell))
        fos_sys_notify(mad->channel);
}

CASE("a line that moves out of its ring, or where no request is, ends")
{
    enum { SLOTS = FOS_PAGE_SIZE / FOS_PACKET_SIZE };
    const uint64_t wrong[] = {1, 3, SLOTS, UINT32_MAX, 0};
    struct fos_line mad;

    begin();
    for (uint64_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct sum_add_req req = {.head.tag = FOS_TAG(sum, add)};
        struct sum_add_rep rep;
        REQUIRE(fos_line_open(&mad, service.mailbox.cap) == 0);
        CHECK_EQ(sum_add_fast(&mad, &req, &rep, soon(20000)), 7);
        mad.at.ring += 3 * sizeof(struct fos_packet); /* from there on again */
        move_to(&mad, 2);
        mad.at.ring -= 3 * sizeof(struct fos_packet);
        move_to(&mad, wrong[i]);
        for (int wait = 0; wait < 10000 && service.mailbox.stats.broken == i;
             wait++)
            usleep(1000);
        CHECK_EQ(service.mailbox.stats.broken, i + 1);
        fos_line_close(&mad);
        adds(20);
    }
    end();
}

CASE("only a line can move, and nothing is acknowledged in one")
{
    static struct fos_packet slots[4];
    struct fos_channel_receiver receiver;
    struct fos_line mad = {.at = {.ring = (uint8_t *)slots,
                                  .bytes = FOS_PACKET_SIZE,
                                  .head = fos_packet_head(1, FOS_PACKET_FIRST)}};
    uint64_t request = 0;
    uint32_t length;

    REQUIRE(fos_channel_receiver_init(&receiver, slots, 4, 1) == 0);
    slots[1].tag = mad.at.head | fos_packet_size(0, 0);
    slots[0].tag =
        fos_packet_head(1, FOS_PACKET_MOVE) | 1ull << FOS_PACKET_TOTAL_SHIFT;
    CHECK_EQ(fos_channel_try_receive(&receiver, NULL, 0, &length), -FOS_EPROTO);
    memset(slots, 0, sizeof slots);
    REQUIRE(fos_channel_receiver_init(&receiver, slots, 4, 1) == 0);
    mad.at.head |= (uint32_t)FOS_PACKET_LINE << FOS_PACKET_FLAGS_SHIFT;
    for (int i = 0; i < 10; i++) {
        fos_line_put(&mad, &request, sizeof request);
        if (i)
            receiver.until_ack = 1; /* as after 2^32 calls */
        CHECK_EQ(
            fos_channel_try_receive(&receiver, &request, sizeof request, &length),
            0);
        CHECK_EQ(slots[0].tag, mad.tag);
    }
}

CASE("a service that scribbles gives errors, or replies of the right size")
{
    int refused = 0;

    begin();
    for (int i = 0; i < 200; i++) {
        struct sum_lie_req req = {0};
        struct sum_lie_rep rep;
        long result = sum_lie_fast(&line, &req, &rep, soon(20000));
        CHECK(result == -FOS_EPROTO || result == LIE);
        CHECK_EQ(line.window != NULL, result == LIE);
        refused += result == -FOS_EPROTO;
    }
    CHECK(refused > 0 && refused < 200);
    adds(10);
    end();
}
