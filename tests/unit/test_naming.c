/* SPDX-License-Identifier: MIT */
/*
 * The naming fleet, whole: members, the process fleet's part, and clients, as one
 * program with every order of events drawn from a seed.  Messages of one sender to one
 * receiver keep their order, all else is chance: when each is taken, when a mailbox is
 * full, who is killed in the midst of what.  Kills leave one member that knows all.
 *
 * NAMING_SEED and NAMING_RUNS replay one.
 */
#include "fleets/name/member.h"
#include "fleets/proc/members.h"

#include <fos/name.h>
#include <fos/ticket.h>

#include "unit.h"

enum {
    SLOTS = PROC_MEMBERS_MAX,
    CLIENTS = 6,
    ALIASES = 12,
    SENDERS = SLOTS + 1 + CLIENTS, /* members, the process fleet, clients */
    FLEET = SLOTS,
    QUEUE = 64,
    MESSAGE = 4096,
};

struct message {
    size_t length;
    union {
        struct fos_request head;
        char bytes[MESSAGE];
    };
};

struct queue {
    unsigned first, count;
    struct message *messages[QUEUE];
};

static struct node {
    bool alive, ready;
    uint64_t pid;
    struct member m;
    struct queue from[SENDERS];
} nodes[SLOTS];

/* A client does one thing at a time, again and again until it knows what came of it. */
static struct client {
    uint64_t pid;
    bool busy, waiting, again; /* again: an earlier try may have had its effect */
    unsigned op, alias, slot;
    uint64_t asked, token, value;
    uint64_t secret; /* of what it changes */
    uint64_t view;   /* by which it asks */
    uint64_t stamp;  /* of the alias when a look-up began */
    long result;
    bool answered;
    struct name_value found;
    uint64_t got_secret;
} clients[CLIENTS];

/* What must hold of an alias, as far as it is certain. */
static struct truth {
    unsigned writers; /* requests under way that may change it */
    int owner;        /* client, or -1 */
    uint64_t value, secret;
    bool doubtful; /* its owner has died: its going takes a while */
    uint64_t stamp;
} truths[ALIASES];

static struct members fleet;
static uint64_t seed, last_pid, last_id, now_ns, waiting_joined[SLOTS];
static unsigned slots, self;
static uint64_t kills, acknowledged, looked_up;

static uint32_t below(uint32_t n)
{
    return (uint32_t)(unit_random(&seed) % n);
}

static struct fos_alias alias_of(unsigned number)
{
    return (struct fos_alias){{0x1234567 + number * 7919, number * 104729}};
}

/* ---- the network ---- */

static int queue_put(struct queue *q, const void *bytes, size_t length)
{
    if (q->count == QUEUE || below(12) == 0)
        return -FOS_EAGAIN;
    struct message *m = malloc(sizeof *m);
    REQUIRE(length <= MESSAGE);
    memset(m->bytes, 0, MESSAGE);
    memcpy(m->bytes, bytes, length);
    m->length = length;
    q->messages[(q->first + q->count++) % QUEUE] = m;
    return 0;
}

static struct message *queue_take(struct queue *q)
{
    struct message *m = q->messages[q->first];

    q->first = (q->first + 1) % QUEUE;
    q->count--;
    return m;
}

static void queues_empty(struct node *n)
{
    for (unsigned s = 0; s < SENDERS; s++)
        while (n->from[s].count)
            free(queue_take(&n->from[s]));
}

static struct node *node_of(struct fos_cap mailbox)
{
    for (unsigned s = 0; s < slots; s++)
        if (nodes[s].alive && nodes[s].m.mailbox.id == mailbox.id)
            return &nodes[s];
    return NULL;
}

static int send_from(unsigned sender, struct fos_cap to, const void *bytes,
                     size_t length)
{
    struct node *n = node_of(to);

    return n ? queue_put(&n->from[sender], bytes, length) : 0;
}

static int member_send(unsigned slot, const struct proc_member *to,
                       const void *bytes, size_t length)
{
    (void)slot;
    return send_from(self, to->mailbox, bytes, length);
}

static int fleet_send(struct fos_cap to, const void *bytes, size_t length)
{
    return send_from(FLEET, to, bytes, length);
}

static void member_answer(const struct fos_caller *caller, long result, void *reply,
                          size_t length)
{
    uint64_t id = caller->tag >> 16;
    struct client *c = &clients[id % CLIENTS];

    if (!c->waiting || c->asked != id || below(40) == 0)
        return; /* too late, or lost with the one who would have sent it */
    c->answered = true;
    c->result = result;
    if (length == sizeof(struct name_lookup_rep))
        c->found = ((struct name_lookup_rep *)reply)->value;
    if (length == sizeof(struct name_register_rep))
        c->got_secret = ((struct name_register_rep *)reply)->secret;
}

static void member_joined(uint64_t view)
{
    waiting_joined[self] = view;
}

static uint64_t clock_now(void)
{
    return now_ns;
}

/* ---- members ---- */

static const struct fos_siphash_key tickets = {{11, 12}};

static void node_start(unsigned slot)
{
    struct node *n = &nodes[slot];

    queues_empty(n);
    memset(&n->m, 0, sizeof n->m);
    n->m.io =
        (struct member_io){member_send, member_answer, member_joined, clock_now};
    n->m.tickets = tickets;
    n->m.secrets = (struct fos_siphash_key){{21, 22}};
    n->m.slot = slot;
    n->pid = ++last_pid;
    n->m.mailbox = (struct fos_cap){n->pid, 1};
    n->m.process_fleet = (struct fos_cap){1000000, 7};
    n->m.process_fleet_pid = 1;
    member_init(&n->m);
    n->alive = true;
    waiting_joined[slot] = 0;
}

static void node_receive(struct node *n, const struct message *msg)
{
    struct fos_caller caller = {.tag = msg->head.tag};
    const void *bytes = msg->bytes;

    self = (unsigned)(n - nodes);
    switch (fos_tag_op(msg->head.tag)) {
    case name_register_op:
        member_register(&n->m, &caller, bytes);
        break;
    case name_update_op:
        member_update(&n->m, &caller, bytes);
        break;
    case name_unregister_op:
        member_unregister(&n->m, &caller, bytes);
        break;
    case name_lookup_op:
        member_lookup(&n->m, &caller, bytes);
        break;
    case name_view_op:
        member_view(&n->m, &((const struct name_view_req *)bytes)->view);
        break;
    case name_ended_op:
        member_ended(&n->m, bytes);
        break;
    case name_copy_op:
        member_copy(&n->m, bytes,
                    (const void *)((const struct name_copy_req *)bytes + 1));
        break;
    case name_copied_op:
        member_copied(&n->m, bytes);
        break;
    case name_filled_op:
        member_filled(&n->m, bytes);
        break;
    default:
        FAIL("a message of kind %u", fos_tag_op(msg->head.tag));
    }
}

/* One message of one sender, if there is one. */
static bool node_step(struct node *n)
{
    unsigned start = below(SENDERS);

    for (unsigned i = 0; i < SENDERS; i++) {
        struct queue *q = &n->from[(start + i) % SENDERS];
        if (!q->count)
            continue;
        struct message *m = queue_take(q);
        node_receive(n, m);
        free(m);
        return true;
    }
    return false;
}

static bool fills_under_way(const struct node *n)
{
    for (unsigned s = 0; s < slots; s++) {
        if (!n->m.fills[s].done)
            return true;
        const struct queue *q = &n->from[s];
        for (unsigned i = 0; i < q->count; i++) {
            const struct message *m = q->messages[(q->first + i) % QUEUE];
            const struct name_copy_req *copy = (const void *)m->bytes;
            uint8_t op = fos_tag_op(m->head.tag);
            if (op == name_filled_op || (op == name_copy_op && !copy->sequence))
                return true;
        }
    }
    return false;
}

/* Whether every entry is on two members, but for what is under way. */
static bool is_settled(void)
{
    for (unsigned s = 0; s < slots; s++) {
        const struct node *n = &nodes[s];
        if (fleet.view.members[s].state == PROC_MEMBER_JOINING ||
            n->alive != (fleet.view.members[s].state == PROC_MEMBER_ACTIVE))
            return false;
        if (n->alive &&
            (n->m.view.number != fleet.view.number || fills_under_way(n)))
            return false;
    }
    return true;
}

static unsigned alive_count(void)
{
    unsigned count = 0;

    for (unsigned s = 0; s < slots; s++)
        count += nodes[s].alive;
    return count;
}

/* What a dying member has sent of late may be lost with it. */
static void node_kill(unsigned slot)
{
    nodes[slot].alive = nodes[slot].ready = false;
    queues_empty(&nodes[slot]);
    for (unsigned s = 0; s < slots; s++) {
        struct queue *q = &nodes[s].from[slot];
        for (unsigned lost = below(3); lost && q->count; lost--) {
            free(q->messages[(q->first + q->count - 1) % QUEUE]);
            q->count--;
        }
    }
    kills++;
}

static void chance_kill(void)
{
    unsigned slot = below(slots);

    if (!nodes[slot].alive)
        return;
    bool joining =
        fleet.view.members[slot].state == PROC_MEMBER_JOINING || !nodes[slot].ready;
    if (joining ? below(3) == 0 : is_settled() && alive_count() > 1)
        node_kill(slot);
}

/* The process fleet: one of the things it has to do. */
static void fleet_step(void)
{
    unsigned slot = below(slots);
    struct node *n = &nodes[slot];
    bool member = fleet.view.members[slot].state != PROC_MEMBER_DOWN;

    if (member && fleet.view.members[slot].pid != n->pid)
        FAIL("a slot was taken twice");
    else if (member && !n->alive)
        members_down(&fleet, slot);
    else if (!n->alive)
        node_start(slot);
    else if (!member) {
        members_up(&fleet, slot, n->m.mailbox, n->pid);
        n->ready = true;
    } else if (waiting_joined[slot]) {
        members_joined(&fleet, slot, waiting_joined[slot]);
        waiting_joined[slot] = 0;
    }
    if (below(2))
        members_tell(&fleet, fleet_send);
}

/* ---- clients ---- */

enum { REGISTER, UPDATE, UNREGISTER, LOOKUP };

static bool is_write(const struct client *c)
{
    return c->op != LOOKUP;
}

static void truth_stir(unsigned alias)
{
    truths[alias].stamp++;
}

static void client_begin(struct client *c)
{
    struct truth *t = &truths[c->alias = below(ALIASES)];
    bool mine = t->owner == (int)(c - clients);

    c->op = mine && !t->doubtful ? REGISTER + 1 + below(3)
            : below(2)           ? REGISTER
                                 : LOOKUP;
    c->busy = true;
    c->again = c->waiting = false;
    c->token = ++last_id;
    c->value = ++last_id;
    c->secret = t->secret;
    if (is_write(c)) {
        t->writers++;
        truth_stir(c->alias);
    }
    c->stamp = t->stamp;
}

static size_t request_fill(struct client *c, void *bytes)
{
    struct fos_alias alias = alias_of(c->alias);
    struct name_value value = {.kind = NAME_MAILBOX, .word = {0, c->value}};

    switch (c->op) {
    case REGISTER:
        *(struct name_register_req *)bytes = (struct name_register_req){
            .head.tag = FOS_TAG(name, register) | c->asked << 16,
            .view = c->view,
            .ticket = fos_ticket_make(&tickets, c->pid),
            .alias = alias,
            .value = value,
            .token = c->token};
        return sizeof(struct name_register_req);
    case UPDATE:
        *(struct name_update_req *)bytes = (struct name_update_req){
            .head.tag = FOS_TAG(name, update) | c->asked << 16,
            .view = c->view,
            .alias = alias,
            .secret = c->secret,
            .value = value};
        return sizeof(struct name_update_req);
    case UNREGISTER:
        *(struct name_unregister_req *)bytes = (struct name_unregister_req){
            .head.tag = FOS_TAG(name, unregister) | c->asked << 16,
            .view = c->view,
            .alias = alias,
            .secret = c->secret};
        return sizeof(struct name_unregister_req);
    default:
        *(struct name_lookup_req *)bytes = (struct name_lookup_req){
            .head.tag = FOS_TAG(name, lookup) | c->asked << 16, .alias = alias};
        return sizeof(struct name_lookup_req);
    }
}

static void client_ask(struct client *c)
{
    static struct proc_view old; /* a view somebody may still have */
    struct message m = {0};
    unsigned number = (unsigned)(c - clients);

    if (below(8) == 0 || !old.number)
        old = fleet.view;
    const struct proc_view *view = below(4) ? &fleet.view : &old;
    uint32_t active = name_slots_in(view, PROC_MEMBER_ACTIVE);
    int best = name_best(alias_of(c->alias), active);
    if (best >= 0 && (below(10) == 0 || (!is_write(c) && below(2))))
        best = (int)below(slots); /* the second, or a wrong one */
    if (best < 0)
        return;
    c->asked = (++last_id) * CLIENTS + number;
    c->slot = (unsigned)best;
    c->answered = false;
    c->view = view->number;
    size_t length = request_fill(c, m.bytes);
    if (send_from(FLEET + 1 + number, view->members[best].mailbox, m.bytes,
                  length) == 0)
        c->waiting = true;
}

static bool is_certain(const struct truth *t)
{
    return !t->writers && !t->doubtful;
}

static void lookup_judge(struct client *c, struct truth *t)
{
    looked_up++;
    if (!is_certain(t) || t->stamp != c->stamp)
        return;
    if (t->owner < 0)
        CHECK_EQ(c->result, -FOS_ENOENT);
    else if (CHECK_EQ(c->result, 0))
        CHECK_EQ(c->found.word[1], t->value);
}

/* Whether the owner has asked for the end of it and not heard of it yet. */
static bool is_leaving(const struct truth *t)
{
    const struct client *c = &clients[t->owner];

    return c->busy && c->op == UNREGISTER && &truths[c->alias] == t;
}

static void register_judge(struct client *c, struct truth *t)
{
    if (c->result == -FOS_EEXIST) {
        /* By its own earlier try: never.  By nobody: never. */
        CHECK(t->owner >= 0 || t->doubtful || t->writers > 1 ||
              t->stamp != c->stamp);
        return;
    }
    if (!CHECK_EQ(c->result, 0))
        return;
    CHECK(t->owner < 0 || t->doubtful || is_leaving(t)); /* never two */
    CHECK(c->got_secret != 0);
    t->owner = (int)(c - clients);
    t->value = c->value;
    t->secret = c->got_secret;
    t->doubtful = false;
}

/* An earlier try may have done it, and another have the name by now. */
static void unregister_judge(struct client *c, struct truth *t)
{
    CHECK(c->result == 0 ||
          (c->again && (c->result == -FOS_ENOENT || c->result == -FOS_EACCES)));
    if (t->owner == (int)(c - clients))
        t->owner = -1;
}

static void client_judge(struct client *c)
{
    struct truth *t = &truths[c->alias];

    if (c->op == LOOKUP)
        lookup_judge(c, t);
    else if (c->op == REGISTER)
        register_judge(c, t);
    else if (c->op == UPDATE && CHECK_EQ(c->result, 0))
        t->value = c->value;
    else if (c->op == UNREGISTER)
        unregister_judge(c, t);
    if (is_write(c)) {
        t->writers--;
        truth_stir(c->alias);
        acknowledged++;
    }
    c->busy = false;
}

/* Goes on with what it is about; begins something if it may. */
static void client_step(struct client *c, bool begin)
{
    if (!c->busy) {
        if (begin)
            client_begin(c);
    } else if (!c->waiting) {
        client_ask(c);
    } else if (c->answered && c->result != -FOS_EAGAIN) {
        client_judge(c);
    } else if (c->answered || !nodes[c->slot].alive || below(30) == 0) {
        c->waiting = false; /* not now; dead; or too slow for its patience */
        c->again = true;
    }
}

/* Its names go, sooner or later; so may what it was about. */
static void client_die(struct client *c)
{
    unsigned number = (unsigned)(c - clients);

    for (unsigned a = 0; a < ALIASES; a++) {
        bool touched = c->busy && is_write(c) && c->alias == a;
        if (truths[a].owner == (int)number || touched) {
            truths[a].doubtful = true;
            if (truths[a].owner == (int)number)
                truths[a].owner = -1;
            truth_stir(a);
        }
        truths[a].writers -= touched;
    }
    members_end(&fleet, c->pid);
    *c = (struct client){.pid = ++last_pid};
}

/* ---- runs ---- */

static void step(bool chaos)
{
    unsigned slot = below(slots);

    now_ns += below(1000000);
    switch (below(chaos ? 40 : 38)) {
    case 38:
        if (below(4) == 0)
            chance_kill();
        break;
    case 39:
        if (below(8) == 0)
            client_die(&clients[below(CLIENTS)]);
        break;
    case 0 ... 3:
        fleet_step();
        break;
    case 4 ... 9:
        self = slot;
        if (nodes[slot].alive)
            member_work(&nodes[slot].m);
        break;
    case 10 ... 25:
        if (nodes[slot].alive)
            node_step(&nodes[slot]);
        break;
    default:
        client_step(&clients[below(CLIENTS)], chaos);
    }
}

static bool is_quiet(void)
{
    for (unsigned c = 0; c < CLIENTS; c++)
        if (clients[c].busy)
            return false;
    for (unsigned s = 0; s < slots; s++) {
        if (!nodes[s].alive || fleet.view.members[s].state != PROC_MEMBER_ACTIVE ||
            fleet.told_ends[s] != fleet.ends)
            return false;
        for (unsigned from = 0; from < SENDERS; from++)
            if (nodes[s].from[from].count)
                return false;
        for (unsigned w = 0; w < WRITES_MAX; w++)
            if (nodes[s].m.writes[w].used)
                return false;
    }
    return is_settled();
}

static void alias_judge(unsigned a)
{
    struct truth *t = &truths[a];
    uint32_t all = (1u << slots) - 1, homes = name_homes(alias_of(a), all);

    CHECK_EQ(t->writers, 0);
    t->doubtful = false; /* whoever might have had it is gone by now */
    for (unsigned s = 0; s < slots; s++) {
        struct record *r = table_find(&nodes[s].m.table, alias_of(a), now_ns);
        if (t->owner < 0 || !(homes >> s & 1)) {
            if (r)
                FAIL("alias %u is still with member %u", a, s);
        } else if (!r) {
            FAIL("alias %u is lost to member %u", a, s);
        } else {
            CHECK_EQ(r->entry.value.word[1], t->value);
            CHECK_EQ(r->entry.secret, t->secret);
        }
    }
}

static void quiet_judge(void)
{
    for (int i = 0; i < 200000 && !is_quiet(); i++)
        step(false);
    CHECK(is_quiet());
    CHECK(!fleet.lost);
    for (unsigned a = 0; a < ALIASES; a++)
        alias_judge(a);
}

static void world_end(void)
{
    for (unsigned s = 0; s < SLOTS; s++)
        queues_empty(&nodes[s]);
}

static void world_begin(uint64_t from)
{
    seed = from;
    unit_seed_is(from);
    slots = 1 + below(4);
    last_pid = 1;
    last_id = now_ns = 0;
    members_init(&fleet, slots, (struct name_control){{31, 32}});
    for (unsigned s = 0; s < SLOTS; s++)
        nodes[s].alive = nodes[s].ready = false;
    for (unsigned c = 0; c < CLIENTS; c++)
        clients[c] = (struct client){.pid = ++last_pid};
    for (unsigned a = 0; a < ALIASES; a++)
        truths[a] = (struct truth){.owner = -1};
}

CASE("members die at any moment: no name is lost, held twice, or comes back")
{
    uint64_t first = unit_setting("NAMING_SEED", 1),
             runs = unit_setting("NAMING_RUNS", 60);

    kills = acknowledged = looked_up = 0;
    for (uint64_t run = 0; run < runs && !unit_failures; run++) {
        world_begin(first + run);
        for (int part = 0; part < 4 && !unit_failures; part++) {
            for (int i = 0; i < 4000 && !unit_failures; i++)
                step(true);
            if (!unit_failures)
                quiet_judge();
        }
        if (unit_failures)
            FAIL("NAMING_SEED=%" PRIu64, first + run);
        if (unit_failures)
            printf("NAMING_SEED=%" PRIu64 "\n", first + run);
        world_end();
    }
    printf("%" PRIu64 " kills, %" PRIu64 " writes, %" PRIu64 " look-ups\n", kills,
           acknowledged, looked_up);
    CHECK(kills > runs && acknowledged > runs * 10 && looked_up > runs * 10);
}
