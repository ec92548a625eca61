/* SPDX-License-Identifier: MIT */
/*
 * Call lines (fos/line.h) with the other side played by the input.  Its first byte says
 * which that is: a client that writes what it likes into lines of a service, or a service
 * that answers a client's calls with what it likes.  Then of each pair of bytes the first
 * says what happens, the second where, or how.
 */
#include "fuzz.h"

#include <fos/call.h>
#include <fos/clock.h>
#include <fos/line.h>

#include "tests/boot/toy_service.h"

FOS_FAST_CALL(toy, add)

enum { RING_SLOTS = FOS_PAGE_SIZE / FOS_PACKET_SIZE, CALL_NS = 100000 };
enum { SERVICE_SIDE, CLIENT_SIDE, SIDES };

static struct input in;

/* ---- what the other side does, whichever it is ---- */

/* A line as an honest peer would know it, and a copy of its ring. */
static struct view {
    uint8_t generation; /* of the last request */
    uint32_t slot;      /* where the line is */
    const void *window;
    struct fos_packet before[RING_SLOTS];
} views[SYSTEM_CHANNELS];
static uint32_t chosen; /* channel */

static struct system_channel *channel(void)
{
    struct system_channel *c = &system_channels[chosen];

    if (c->window != views[chosen].window)
        views[chosen] = (struct view){.window = c->window};
    return c->window ? c : NULL;
}

enum { CHOOSE = LIES, FIRST_STEP };

/* False: it is neither a lie nor a choice. */
static bool lie(uint32_t what, uint64_t where)
{
    if (what == CHOOSE)
        chosen = (uint32_t)where % SYSTEM_CHANNELS;
    return system_lie(channel(), what, where, &in) || what == CHOOSE;
}

/* ---- a hostile client ---- */

enum client_step {
    OFFER = FIRST_STEP,
    REQUEST,
    MOVE,
    BY_KERNEL,
    RUN,
    LATER,
    EVICT,
    CLIENT_STEPS
};
enum { SERVICE_SLOTS = 64, KEPT_MAX = 4 };

static struct fos_service service;
static struct fos_caller kept[KEPT_MAX];
static uint32_t kept_count;

FOS_SERVICE_TABLE(table, TOY_OPS)

static void toy_add(const struct fos_caller *caller, const struct toy_add_req *req,
                    size_t length)
{
    struct toy_add_rep rep = {.sum = req->a + req->b};

    HOLDS(length == sizeof *req);
    fos_answer(caller, 0, &rep, sizeof rep);
}

static void toy_later(const struct fos_caller *caller,
                      const struct toy_later_req *req, size_t length)
{
    (void)req, (void)length;
    kept[kept_count++ % KEPT_MAX] = *caller;
}

/* Answers twice, the second time in vain. */
static void toy_lie(const struct fos_caller *caller, const struct toy_lie_req *req,
                    size_t length)
{
    (void)req, (void)length;
    fos_answer(caller, 0, NULL, 0);
    if (caller->line)
        HOLDS(fos_answer(caller, 0, NULL, 0) == -FOS_EPERM);
}

static void views_take(void)
{
    uint32_t was = chosen;

    for (chosen = 0; chosen < SYSTEM_CHANNELS; chosen++)
        if (channel())
            memcpy(views[chosen].before, system_ring(channel()), FOS_PAGE_SIZE);
    chosen = was;
}

/* Whether it is the slot of a line; or the channel was dropped meanwhile. */
static bool line_stands_at(const struct system_channel *c,
                           const struct fos_packet *slot)
{
    const struct fos_inbound *head = &service.mailbox.channels;

    for (const struct fos_inbound *i = head->next; i != head; i = i->next)
        if ((void *)i->doorbell == c->window)
            return i->receiver.line && i->receiver.at.ring == (const void *)slot;
    return true;
}

/* In a ring nothing was written but acknowledgements, and answers in the slot of a line
 * (L1, L3), whatever its client has written there since. */
static void view_check(const struct system_channel *c,
                       const struct fos_packet *before,
                       const struct fos_packet *after)
{
    uint64_t acks = 0xffull << FOS_PACKET_ACK_SHIFT, was = before->tag,
             is = after->tag;
    uint32_t length = (uint8_t)(is >> FOS_PACKET_LENGTH_SHIFT);

    if (((was ^ is) & ~acks) == 0) {
        HOLDS(!memcmp(before->payload, after->payload, sizeof before->payload));
        return;
    }
    HOLDS(line_stands_at(c, after));
    HOLDS(length <= FOS_PACKET_PAYLOAD);
    HOLDS(is == fos_line_reply_tag(fos_packet_generation(is), length));
}

/* Every receiver stands in its own ring. */
static void receivers_check(void)
{
    struct fos_inbound *head = &service.mailbox.channels;

    for (struct fos_inbound *i = head->next; i != head; i = i->next) {
        uint8_t *ring = (uint8_t *)i->doorbell + FOS_PAGE_SIZE;
        HOLDS(i->receiver.at.ring >= ring &&
              i->receiver.at.ring + i->receiver.at.bytes <= ring + FOS_PAGE_SIZE);
        HOLDS(!i->receiver.line || i->receiver.at.bytes == FOS_PACKET_SIZE);
    }
}

static void views_check(void)
{
    for (uint32_t n = 0; n < SYSTEM_CHANNELS; n++)
        if (system_channels[n].window &&
            system_channels[n].window == views[n].window)
            for (uint32_t i = 0; i < RING_SLOTS; i++)
                view_check(&system_channels[n], &views[n].before[i],
                           &system_ring(&system_channels[n])[i]);
    receivers_check();
}

/* A request as a client of a line writes it, but for what the input says. */
static void request_write(struct fos_packet *slot, uint64_t where, uint8_t flags)
{
    struct fos_request head = {.tag = (uint64_t)toy_version
                                          << FOS_TAG_VERSION_SHIFT |
                                      where % FOS_TABLE_COUNT(table),
                               .reply = {.id = FOS_REPLY_LINE}};
    uint32_t length = table[where % FOS_TABLE_COUNT(table)].size;

    if (where & 64)
        length = (uint32_t)where % 64;
    if (where & 128)
        head.reply.id = 4 * where;
    memcpy(slot->payload, &head, sizeof head);
    slot->tag = fos_packet_head(views[chosen].generation, flags) |
                fos_packet_size(length, length);
}

static void request(bool move, uint64_t where)
{
    struct system_channel *c = channel();
    struct view *view = &views[chosen];
    struct fos_packet *old;

    if (!c)
        return;
    old = &system_ring(c)[view->slot % RING_SLOTS];
    view->generation++;
    if (move)
        view->slot = (uint32_t)input_number(&in, 1);
    request_write(&system_ring(c)[view->slot % RING_SLOTS], where,
                  FOS_PACKET_FIRST | FOS_PACKET_LINE);
    if (move)
        old->tag = fos_packet_head(view->generation, FOS_PACKET_MOVE) |
                   (uint64_t)view->slot << FOS_PACKET_TOTAL_SHIFT;
}

/* Who has no line says that it has one. */
static void by_kernel(uint64_t where)
{
    struct fos_packet packet = {.tag = 0};

    request_write(&packet, where, 0);
    system_deliver(&service.mailbox, packet.payload, sizeof(struct toy_add_req));
}

static void offer(void)
{
    system_offer = service.mailbox.cap;
    fos_fetch_or(&fos_thread_self()->sleeper.events->pending,
                 1ull << FOS_EVENT_CHANNEL);
    fos_service_run(&service, 0);
}

static void later(uint64_t where)
{
    struct toy_later_rep rep = {.value = where};

    if (kept[where % KEPT_MAX].tag)
        fos_answer(&kept[where % KEPT_MAX], 0, &rep, sizeof rep);
}

static void client_step(uint32_t what, uint64_t where)
{
    if (lie(what, where))
        return;
    views_take();
    if (what == REQUEST || what == MOVE)
        request(what == MOVE, where);
    else if (what == BY_KERNEL)
        by_kernel(where);
    views_take();
    if (what == OFFER)
        offer();
    else if (what == RUN)
        fos_service_run(&service, 0);
    else if (what == LATER)
        later(where);
    else if (what == EVICT)
        fos_mailbox_evict(&service.mailbox, 1);
    views_check();
}

static void service_side(void *unused)
{
    (void)unused;
    if (!service.buffer) {
        service = (struct fos_service)FOS_SERVICE(toy, table);
        HOLDS(fos_service_open(&service, SERVICE_SLOTS) == 0);
    }
    while (in.left) {
        uint32_t what = (uint32_t)input_number(&in, 1) % CLIENT_STEPS;
        client_step(what, input_number(&in, 1));
    }
}

/* Until nothing is left of the messages that came through the kernel. */
static void service_end(void)
{
    while (fos_mailbox_ready(&service.mailbox.kernel))
        fos_service_run(&service, 0);
    HOLDS(fos_mailbox_renew(&service.mailbox) == 0);
    memset(kept, 0, sizeof kept);
}

/* ---- a hostile service ---- */

enum service_step { CALL = FIRST_STEP, REPLY, SERVICE_STEPS };

enum { CONNECTS = 8, STACK_MOST = 16384 };

static struct fos_line line;
static uintptr_t call_stack; /* where the caller's is */

/* As a service would, but for result and length. */
static void reply(uint64_t where)
{
    struct fos_reply head = {.result = (int64_t)where % 3 - 1};
    struct fos_packet *slot = fos_line_slot(&line);
    uint32_t length =
        where & 64
            ? (uint32_t)where % 64
            : (uint32_t)(where & 32 ? sizeof head : sizeof(struct toy_add_rep));

    memcpy(slot->payload, &head, sizeof head);
    slot->tag = fos_line_reply_tag((uint8_t)line.tag, length);
}

/* Also several things at once: the others have MORE beside what they are.  However often
 * it closes the line, the client's stack does not grow. */
static bool service_acts(void)
{
    enum { MORE = 128 };
    uint32_t byte = MORE;
    bool acted = false;

    HOLDS(call_stack - (uintptr_t)&byte < STACK_MOST);
    while (in.left && byte & MORE) {
        uint32_t what;
        uint64_t where;
        byte = (uint32_t)input_number(&in, 1);
        what = byte % MORE % SERVICE_STEPS;
        where = input_number(&in, 1);
        if (what == REPLY && line.window)
            reply(where);
        acted |= lie(what, where) || what == REPLY;
    }
    return acted;
}

static void line_check(void)
{
    uint32_t open = 0;

    for (uint32_t n = 0; n < SYSTEM_CHANNELS; n++)
        open += system_channels[n].window != NULL;
    HOLDS(open == (line.window ? 1 : 0));
    HOLDS(line.window || !line.settled);
    HOLDS(!line.window ||
          ((uint8_t *)line.at.ring >= (uint8_t *)line.window + FOS_PAGE_SIZE &&
           (uint8_t *)line.at.ring < (uint8_t *)line.window + 2 * FOS_PAGE_SIZE));
}

/* Odd: as if it were the first for long, when a slot may be changed.  A line that stays
 * open has shown an answer of the right size, or a bare error (L2). */
static void call(uint64_t where)
{
    struct toy_add_rep *rep = malloc(sizeof *rep); /* an overrun is found */
    struct toy_add_req req = {.a = 1, .b = 2};
    long result;

    HOLDS(rep);
    call_stack = (uintptr_t)&req;
    if (where & 1)
        line.thread->pace[FOS_PACE_CALL].left = 0;
    result = toy_add_fast(&line, &req, rep, fos_now_ns() + CALL_NS);
    HOLDS(result != -FOS_EAGAIN);
    if (line.window)
        HOLDS(fos_line_slot(&line)->tag ==
                  fos_line_reply_tag((uint8_t)line.tag, sizeof *rep) ||
              (result < 0 && fos_line_slot(&line)->tag ==
                                 fos_line_reply_tag((uint8_t)line.tag,
                                                    sizeof(struct fos_reply))));
    line_check();
    free(rep);
}

static void client_side(void)
{
    system_connects = CONNECTS * (uint32_t)input_number(&in, 1);
    system_peer = service_acts;
    fos_line_open(&line, (struct fos_cap){4, 4});
    while (in.left) {
        uint32_t what = (uint32_t)input_number(&in, 1) % SERVICE_STEPS;
        uint64_t where = input_number(&in, 1);
        if (!lie(what, where))
            call(where);
    }
    system_peer = NULL;
    fos_line_close(&line);
    line_check();
    system_connects = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    in = (struct input){data, size};
    chosen = 0;
    memset(views, 0, sizeof views);
    memset(fos_thread_self()->pace, 0, sizeof fos_thread_self()->pace);
    if (input_number(&in, 1) % SIDES == CLIENT_SIDE) {
        client_side();
    } else {
        system_run(service_side, NULL);
        service_end();
    }
    for (uint32_t n = 0; n < SYSTEM_CHANNELS; n++)
        HOLDS(!system_channels[n].window);
    return 0;
}
