/* SPDX-License-Identifier: MIT */
/* The xenstore client's wire against a small xenstored of the test's, which may
 * lie. */
#include "fleets/store/wire.h"

#include <fos/clock.h>
#include <fos/event.h>
#include <fos/memory.h>
#include <fos/syscall.h>

#include "unit.h"

enum { RING = 1024, EVENT = 8 };

static struct {
    char req[RING], rsp[RING];
    _Atomic uint32_t req_cons, req_prod, rsp_cons, rsp_prod;
    char beyond[4096 - 2 * RING - 16];
} ring __attribute__((aligned(4096)));

struct header {
    uint32_t type, id, transaction, length;
};

/* What the daemon has read so far, and what it has yet to say. */
static char got[8192], say[65536];
static size_t got_length, say_at, say_length;
static size_t step = RING; /* bytes it moves at a time */
static uint64_t now_ns;
static char stored[4000]; /* the one node there is */
static bool silent;

static void daemon_say(uint32_t type, uint32_t id, const void *payload,
                       uint32_t length)
{
    struct header h = {type, id, 0, length};

    REQUIRE(say_length + sizeof h + length <= sizeof say);
    memcpy(say + say_length, &h, sizeof h);
    memcpy(say + say_length + sizeof h, payload, length);
    say_length += sizeof h + length;
}

static void daemon_answer(const struct header *h, const char *payload)
{
    size_t path = strnlen(payload, h->length) + 1;

    if (strcmp(payload, "node") != 0)
        daemon_say(WIRE_ERROR, h->id, "ENOENT", 7);
    else if (h->type == WIRE_READ)
        daemon_say(WIRE_READ, h->id, stored, (uint32_t)strlen(stored));
    else if (h->type == WIRE_WRITE) {
        snprintf(stored, sizeof stored, "%.*s", (int)(h->length - path),
                 payload + path);
        daemon_say(WIRE_WATCH_EVENT, 0, "node\0token", 11);
        daemon_say(WIRE_WRITE, h->id, "OK", 3);
    } else if (h->type == WIRE_WATCH) {
        CHECK(h->length == path + 6 && !strcmp(payload + path, "token"));
        daemon_say(WIRE_WATCH, h->id, "OK", 3);
    } else
        FAIL("request of type %u", h->type);
}

static void daemon_take(void)
{
    struct header h;

    for (size_t n = 0; n < step && ring.req_cons != ring.req_prod; n++)
        got[got_length++] = ring.req[ring.req_cons++ % RING];
    memcpy(&h, got, sizeof h);
    if (got_length >= sizeof h && got_length == sizeof h + h.length) {
        if (!silent)
            daemon_answer(&h, got + sizeof h);
        got_length = 0;
    }
}

static bool daemon_give(void)
{
    size_t n = 0;

    for (; n < step && say_at < say_length; n++) {
        if (ring.rsp_prod - ring.rsp_cons == RING)
            break;
        ring.rsp[ring.rsp_prod++ % RING] = say[say_at++];
    }
    if (say_at == say_length)
        say_at = say_length = 0;
    return n > 0;
}

uint64_t fos_event_wait(uint64_t mask, uint64_t deadline)
{
    bool more = step && ring.req_cons != ring.req_prod;

    CHECK_EQ(mask, 1ull << EVENT);
    daemon_take();
    if (daemon_give() || more)
        return mask;
    now_ns = deadline == FOS_NEVER ? now_ns : deadline;
    return 0;
}

uint64_t fos_now_ns(void)
{
    return now_ns;
}

void *fos_pages_reserve(size_t pages)
{
    return pages == 1 ? &ring : NULL;
}

long fos_sys_device_map(struct fos_cap device, void *address)
{
    return device.id == 5 && address == &ring ? 0 : -FOS_EPERM;
}

long fos_sys_device_bind(struct fos_cap device, unsigned event)
{
    return device.id == 5 && event == EVENT ? 0 : -FOS_EPERM;
}

long fos_sys_device_ack(struct fos_cap device)
{
    return device.id == 5 ? 0 : -FOS_EPERM;
}

long fos_sys_device_notify(struct fos_cap device)
{
    return device.id == 5 ? 0 : -FOS_EPERM;
}

static void start(size_t bytes_at_a_time)
{
    memset(&ring, 0, sizeof ring);
    ring.req_cons = ring.req_prod = 0xfffffffa;
    ring.rsp_cons = ring.rsp_prod = 0xffffff00;
    got_length = say_at = say_length = 0;
    step = bytes_at_a_time;
    silent = false;
    REQUIRE(wire_open((struct fos_cap){5, 5}, EVENT, 0) == 0);
}

static void talk(void)
{
    char value[WIRE_VALUE_MAX];

    CHECK_EQ(wire_watch("node", "token"), 0);
    CHECK_EQ(wire_write("node", "poweroff"), 0);
    CHECK_EQ(wire_watch_wait(), 0);
    CHECK_EQ(wire_read("node", value), 0);
    CHECK_TEXT(value, "poweroff");
    CHECK_EQ(wire_write("node", ""), 0);
    CHECK_EQ(wire_read("node", value), 0);
    CHECK_TEXT(value, "");
    CHECK_EQ(wire_watch_wait(), 0);
    CHECK_EQ(wire_read("another", value), -FOS_EINVAL);
    CHECK_TEXT(wire_error(), "ENOENT");
}

CASE("requests are answered and watch events in between are kept")
{
    start(RING);
    for (int i = 0; i < 50; i++)
        talk();
}

CASE("a daemon that moves one byte at a time changes nothing")
{
    start(1);
    for (int i = 0; i < 5; i++)
        talk();
}

CASE("a request longer than the ring goes through")
{
    char path[3000];
    char value[WIRE_VALUE_MAX];
    start(RING);
    memset(path, 'p', sizeof path);
    path[sizeof path - 1] = '\0';
    CHECK_EQ(wire_read(path, value), -FOS_EINVAL);
    talk();
}

CASE("a long value is cut, and ended")
{
    char value[WIRE_VALUE_MAX];
    start(RING);
    memset(stored, 'v', sizeof stored - 1);
    CHECK_EQ(wire_read("node", value), 0);
    CHECK_EQ(strlen(value), WIRE_VALUE_MAX - 1);
    talk();
}

CASE("a daemon that says nothing is waited for until the deadline")
{
    char value[WIRE_VALUE_MAX];
    start(RING);
    silent = true;
    CHECK_EQ(wire_read("node", value), -FOS_ETIMEDOUT);
}

CASE("a payload longer than the protocol allows ends the connection")
{
    static const char payload[4097];
    char value[WIRE_VALUE_MAX];
    start(RING);
    daemon_say(WIRE_READ, 1, payload, sizeof payload);
    CHECK_EQ(wire_read("node", value), -FOS_EPROTO);
}

CASE("a payload that stops half-way ends the connection")
{
    struct header h = {WIRE_READ, 1, 0, 100};
    char value[WIRE_VALUE_MAX];
    start(RING);
    silent = true;
    memcpy(say, &h, sizeof h);
    say_length = sizeof h + 50;
    CHECK_EQ(wire_read("node", value), -FOS_EPROTO);
}

CASE("who takes the ring over finds whole messages, and takes no answer to "
     "another's")
{
    char value[WIRE_VALUE_MAX];
    struct header h = {WIRE_READ, 1, 0, 100};
    start(0);
    ring.req_cons -= RING - 20;
    uint32_t prod = ring.req_prod, cons = ring.rsp_cons;
    CHECK_EQ(wire_read("node", value), -FOS_ETIMEDOUT);
    CHECK_EQ(ring.req_prod, prod);
    ring.req_cons = ring.req_prod;
    memcpy(ring.rsp + cons % RING, &h, sizeof h);
    ring.rsp_prod += sizeof h + 50;
    CHECK_EQ(wire_read("node", value), -FOS_EPROTO);
    CHECK_EQ(ring.rsp_cons, cons);

    start(RING);
    stored[0] = '\0';
    daemon_say(WIRE_READ, 1, "old", 3);
    daemon_say(WIRE_READ, 2, "old", 3);
    REQUIRE(wire_open((struct fos_cap){5, 5}, EVENT, 1 << 16) == 0);
    talk();
}

CASE("impossible indices end the connection")
{
    char value[WIRE_VALUE_MAX];
    start(RING);
    ring.rsp_prod += RING + 1;
    CHECK_EQ(wire_read("node", value), -FOS_EPROTO);
    start(RING);
    ring.req_cons++;
    CHECK_EQ(wire_read("node", value), -FOS_EPROTO);
}

CASE("random bytes from the daemon end the connection or are waited out")
{
    uint64_t seed = unit_setting("SEED", 41);
    char value[WIRE_VALUE_MAX];
    unit_seed_is(seed);
    for (int round = 0; round < 3000; round++) {
        start(1 + unit_random(&seed) % RING);
        silent = true;
        say_length = unit_random(&seed) % 6000;
        for (size_t i = 0; i < say_length; i++)
            say[i] = (char)(unit_random(&seed) % 3 ? 0 : unit_random(&seed));
        long error = wire_read("node", value);
        CHECK(error <= 0);
        for (size_t i = 0; i < sizeof ring.beyond; i++)
            REQUIRE(ring.beyond[i] == 0);
    }
}
