/* SPDX-License-Identifier: MIT */
/*
 * Capabilities: every system call that takes one, tried with capabilities that must
 * not open anything, answers EPERM and changes nothing.
 *
 * The calls get arguments with which they would succeed and leave a trace (a page,
 * an object, a written word, an event, a message, the end of this process), and the
 * traces are looked for afterwards.
 */
#include <fos/event.h>
#include <fos/memory.h>

#include "../family.h"
#include "attempts.h"
#include "children.h"

enum {
    FILL = 0x5a,
    INDEX_BITS = 20, /* of an id; those above count the uses of its slot */
    DEAD = 16,
    GUESSES = 10000,
    SAMPLES = 1001,
    KINDS = 3, /* of what can be wrong */
};

static struct fos_mailbox inbox;
static struct fos_peer channel, second;
static struct child host;
static struct fos_cap host_mailbox, spare, doomed;
/* What this process rightly holds. */
static struct {
    const char *name;
    enum type type;
    struct fos_cap cap;
} targets[5];
enum { TARGETS = sizeof targets / sizeof *targets };

/* All calls refuse `cap`; those that want `except` are not made. */
static void refused(struct fos_cap cap, enum type except)
{
    for (int i = 0; i < attempts_count; i++) {
        if (attempts[i].type == except)
            continue;
        long result = attempts[i].call(cap);
        if (result != -FOS_EPERM)
            case_fail("%s of id %#llx: %ld", attempts[i].name,
                      (unsigned long long)cap.id, result);
    }
}

/* ---- traces ---- */

static struct fos_space_info own_before, spare_before;

static bool filled(const uint8_t *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (at[i] != FILL)
            return false;
    return true;
}

static void begin(const char *sentence)
{
    memset(page, FILL, FOS_PAGE_SIZE);
    memset(&out, FILL, sizeof out);
    case_begin(sentence);
    CASE_EQUAL(fos_sys_space_status(fos_own_space(), &own_before), 0);
    CASE_EQUAL(fos_sys_space_status(spare, &spare_before), 0);
}

/* `channels`: made to it by services meanwhile. */
static void check_space(struct fos_cap cap, const struct fos_space_info *before,
                        int channels)
{
    struct fos_space_info now = {0};

    CASE_EQUAL(fos_sys_space_status(cap, &now), 0);
    CASE_EQUAL(now.state, FOS_SPACE_RUNNING);
    CASE_CHECK(
        frames_balanced((int64_t)now.frames_used - before->frames_used, channels));
    CASE_EQUAL(now.objects_used, before->objects_used + (uint32_t)channels);
}

static void check_memory(void)
{
    uint64_t at = (uint64_t)gap;

    CASE_CHECK(filled(page, FOS_PAGE_SIZE));
    memset(page, FILL, FOS_PAGE_SIZE); /* faults unless it still may be written */
    CASE_CHECK(filled(out.bytes, sizeof out));
    CASE_EQUAL(fos_sys_space_map(fos_own_space(), at, 1, FOS_PROT_READ), 0);
    CASE_EQUAL(fos_sys_space_unmap(fos_own_space(), at, 1), 0);
}

static void check_messages(void)
{
    char text[8];
    uint32_t length = 0;

    CASE_EQUAL(fos_msg_recv(&inbox, text, sizeof text, &length, 0), -FOS_ETIMEDOUT);
    CASE_EQUAL(fos_sys_mailbox_send(inbox.cap, "alive", 5), 0);
    CASE_EQUAL(fos_msg_recv(&inbox, text, sizeof text, &length, 0), 0);
    CASE_CHECK(length == 5 && memcmp(text, "alive", 5) == 0);
    CASE_EQUAL(fos_event_take(1ull << EVENT_WATCH | 1ull << EVENT_DEVICE), 0);
    CASE_EQUAL(fos_sys_notify(channel.channel), 0);
}

static void end(void)
{
    check_memory();
    check_space(fos_own_space(), &own_before,
                (int)(case_answering() - case_answering_before));
    check_space(spare, &spare_before, 0);
    check_messages();
    case_end();
}

/* ---- cases ---- */

static void test_wrong_secret(void)
{
    begin("a wrong secret opens nothing");
    for (int t = 0; t < TARGETS; t++) {
        struct fos_cap right = targets[t].cap;
        const uint64_t wrong[] = {0,
                                  ~0ull,
                                  ~right.secret,
                                  right.secret + 1,
                                  0 - right.secret,
                                  right.id,
                                  right.id << 1,
                                  right.secret << 32,
                                  right.secret >> 32,
                                  (uint32_t)right.secret};
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
            refused((struct fos_cap){right.id, wrong[i]}, NONE);
        for (int other = 0; other < TARGETS; other++)
            if (other != t)
                refused((struct fos_cap){right.id, targets[other].cap.secret},
                        NONE);
    }
    end();
}

static void test_bits(void)
{
    begin("a secret with any one bit flipped opens nothing");
    for (int t = 0; t < TARGETS; t++)
        for (int bit = 0; bit < 64; bit++)
            refused((struct fos_cap){targets[t].cap.id,
                                     targets[t].cap.secret ^ 1ull << bit},
                    NONE);
    end();
}

static void test_id_bits(void)
{
    begin("a right secret opens no other id");
    for (int t = 0; t < TARGETS; t++)
        for (int bit = 0; bit < 64; bit++)
            refused((struct fos_cap){targets[t].cap.id ^ 1ull << bit,
                                     targets[t].cap.secret},
                    NONE);
    end();
}

static void test_types(void)
{
    begin("a right capability opens no call that wants another type");
    for (int t = 0; t < TARGETS; t++)
        refused(targets[t].cap, targets[t].type);
    end();
}

static struct fos_cap space_dead(void)
{
    struct fos_cap cap = {0};
    long error;

    CASE_EQUAL(fos_sys_space_create(16, 1, &cap), 0);
    while ((error = fos_sys_space_destroy(cap)) == -FOS_EAGAIN)
        ;
    CASE_EQUAL(error, 0);
    return cap;
}

static struct fos_cap mailbox_made(struct fos_mailbox_slot *slots)
{
    static _Atomic uint64_t head;
    struct fos_cap cap = {0};

    CASE_EQUAL(fos_sys_mailbox_create(slots, FOS_MAILBOX_SLOTS_MIN, &head,
                                      UINT32_MAX, &cap),
               0);
    return cap;
}

static void test_dead(void)
{
    struct fos_mailbox_slot *slots = fos_pages_map(1);
    struct fos_cap dead[2 * DEAD + 1], living;

    begin("the capability of a dead object opens nothing, nor its successor");
    for (int i = 0; i < DEAD; i++) {
        dead[2 * i] = space_dead();
        refused(dead[2 * i], NONE);
        dead[2 * i + 1] = mailbox_made(slots);
        CASE_EQUAL(fos_sys_mailbox_close(dead[2 * i + 1]), 0);
        refused(dead[2 * i + 1], NONE);
    }
    CASE_EQUAL(fos_peer_open(&second, host_mailbox, FOS_TRANSPORT_CHANNEL), 0);
    dead[2 * DEAD] = second.channel;
    fos_peer_close(&second);
    living = mailbox_made(slots); /* in a slot of one of them */
    for (int i = 0; i < 2 * DEAD + 1; i++) {
        CASE_CHECK(dead[i].id != living.id && dead[i].secret != living.secret);
        refused(dead[i], NONE);
        refused((struct fos_cap){living.id, dead[i].secret}, NONE);
        refused((struct fos_cap){dead[i].id, living.secret}, NONE);
    }
    CASE_EQUAL(fos_sys_mailbox_close(living), 0);
    end();
    fos_pages_unmap(slots, 1);
}

static void test_never_given(void)
{
    uint64_t beyond = ~0ull << INDEX_BITS;

    begin("ids that were never given name nothing, whatever the secret");
    for (uint64_t index = 0; index < 2048; index++)
        refused((struct fos_cap){index | beyond, index & 1 ? 0 : inbox.cap.secret},
                NONE);
    for (int bit = 0; bit < 64; bit++) {
        refused((struct fos_cap){1ull << bit, 0}, NONE);
        refused((struct fos_cap){(1ull << bit) - 1, 0}, NONE);
        refused((struct fos_cap){~(1ull << bit), ~0ull}, NONE);
    }
    end();
}

/* At the low indices, where the machine, its devices and the first processes are.
 */
static void test_guesses(void)
{
    struct dice dice = dice_of(fos_now_ns());

    begin("ten thousand guesses open nothing");
    for (int i = 0; i < GUESSES; i++) {
        uint64_t index = dice_below(&dice, i % 2 ? 64 : 1 << INDEX_BITS);
        uint64_t uses = i % 4 < 2 ? 0 : dice_below(&dice, 64);
        refused((struct fos_cap){index | uses << INDEX_BITS, dice_throw(&dice)},
                NONE);
    }
    end();
}

static void test_send_only(void)
{
    struct child child = {.part = "sender", .caps = {inbox.cap, channel.channel}};
    char text[8];
    uint32_t length = 0;

    begin("a capability passed on lets another process send, not receive or close");
    child_start(&child);
    child_expect(&child, 0);
    CASE_EQUAL(fos_msg_recv(&inbox, text, sizeof text, &length, family_deadline()),
               0);
    CASE_CHECK(length == 4 && memcmp(text, "mine", 4) == 0);
    end();
}

/* ---- passed on, and revoked ---- */

/* Gives one child another's mailbox, in a message; what comes back has gone from
 * one to the other and then here. */
static void test_passed_on(void)
{
    struct child server = {.part = "server", .caps = {inbox.cap}};
    struct child client = {.part = "client", .caps = {inbox.cap}};
    struct fos_cap to_server, to_client;
    char text[16] = "";
    uint32_t length = 0;

    begin("who is given a capability in a message may use it");
    child_start(&server);
    to_server = family_await(&inbox, &server);
    child_start(&client);
    to_client = family_await(&inbox, &client);
    CASE_EQUAL(fos_post(to_client, &to_server, sizeof to_server, family_deadline()),
               0);
    CASE_EQUAL(fos_msg_recv(&inbox, text, sizeof text, &length, family_deadline()),
               0);
    CASE_CHECK(length == 7 && memcmp(text, "granted", 7) == 0);
    child_expect(&client, 0);
    child_expect(&server, 0);
    end();
}

static void renewed_refuses(struct fos_cap old, struct fos_peer *peers,
                            unsigned count)
{
    struct fos_peer late;

    for (unsigned i = 0; i < count; i++) {
        CASE_EQUAL(
            fos_msg_send_until(&peers[i], "late", 4, fos_now_ns() + FOS_SECOND),
            -FOS_EPERM);
        CASE_EQUAL(fos_msg_try_send(&peers[i], "late", 4), -FOS_EPERM);
    }
    CASE_EQUAL(fos_peer_open(&late, old, FOS_TRANSPORT_CHANNEL), -FOS_EPERM);
    CASE_EQUAL(fos_sys_mailbox_send(old, "late", 4), -FOS_EPERM);
}

/* The owner has accepted the channels before, or has not. */
static void test_renewed(bool accepted)
{
    struct child owner = {.part = "renewer", .a = accepted, .caps = {inbox.cap}};
    struct fos_cap old, new;
    struct fos_peer peers[3];

    begin(accepted ? "who renews a capability is rid of those who had the old one"
                   : "so is one who had not yet accepted their channels");
    child_start(&owner);
    old = family_await(&inbox, &owner);
    CASE_EQUAL(fos_peer_open(&peers[0], old, FOS_TRANSPORT_KERNEL), 0);
    CASE_EQUAL(fos_peer_open(&peers[1], old, FOS_TRANSPORT_CHANNEL), 0);
    CASE_EQUAL(fos_peer_open(&peers[2], old, FOS_TRANSPORT_AUTO), 0);
    CASE_EQUAL(fos_peer_connect(&peers[2]), 0);
    for (int i = 0; i < 3; i++)
        CASE_EQUAL(fos_msg_send(&peers[i], "early", 5), 0);
    new = family_await(&inbox, &owner);
    CASE_CHECK(new.id == old.id &&new.secret != old.secret);
    renewed_refuses(old, peers, 3);
    CASE_EQUAL(fos_post(new, "new", 3, family_deadline()), 0);
    child_expect(&owner, 0);
    for (int i = 0; i < 3; i++)
        fos_peer_close(&peers[i]);
    end();
}

/* ---- information ---- */

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Median cycles of a refused look-up: what never existed, is dead, has another secret. */
static void refusals_time(uint64_t median[KINDS])
{
    static uint64_t cycles[KINDS][SAMPLES];
    struct fos_cap wrong[KINDS] = {space_dead(),
                                   {inbox.cap.id, ~inbox.cap.secret},
                                   {~0ull << INDEX_BITS | 2, inbox.cap.secret}};

    for (int i = 0; i < SAMPLES; i++) {
        for (int kind = 0; kind < KINDS; kind++) {
            uint64_t start = __builtin_ia32_rdtsc();
            fos_sys_mailbox_send(wrong[kind], "", 0);
            cycles[kind][i] = __builtin_ia32_rdtsc() - start;
        }
    }
    for (int kind = 0; kind < KINDS; kind++) {
        qsort(cycles[kind], SAMPLES, sizeof cycles[kind][0], compare);
        median[kind] = cycles[kind][SAMPLES / 2];
    }
    qsort(median, KINDS, sizeof *median, compare);
}

/* A loaded machine may disturb one kind more than another: there are several attempts. */
static void test_constant_time(void)
{
    enum { ATTEMPTS = 20 };
    uint64_t median[KINDS];
    bool close = false;

    case_begin("a wrong capability is refused in the same time, whatever is wrong");
    for (int i = 0; i < ATTEMPTS && !close; i++) {
        refusals_time(median);
        close = median[KINDS - 1] < median[0] + median[0] / 4;
    }
    CASE_CHECK(close);
    printf("# a refused look-up: %llu to %llu cycles\n",
           (unsigned long long)median[0], (unsigned long long)median[KINDS - 1]);
    case_end();
}

/* ---- the children ---- */

static uint32_t channels(void)
{
    struct fos_kernel_info info;

    fos_sys_kernel_info(&info);
    return info.channels;
}

static void hear(struct fos_mailbox *mailbox)
{
    char text[8];
    uint32_t length;

    CHILD_EQUAL(fos_msg_recv(mailbox, text, sizeof text, &length, FOS_NEVER), 0);
}

/* Is the other end of the parent's channels, until told to go. */
static int run_host(uint64_t a, uint64_t b)
{
    (void)a, (void)b;
    CHILD_EQUAL(fos_mailbox_create(&inbox, FOS_MAILBOX_SLOTS_MIN), 0);
    family_report(&inbox);
    hear(&inbox);
    CHILD_EQUAL(fos_post(fos_start_extra(0), "here", 4, family_deadline()), 0);
    hear(&inbox);
    return 0;
}

static int run_sender(uint64_t a, uint64_t b)
{
    struct fos_cap mailbox = fos_start_extra(0), strange = fos_start_extra(1);

    (void)a, (void)b;
    page = fos_pages_map(1);
    gap = fos_pages_reserve(4);
    CHILD_EQUAL(fos_sys_mailbox_close(mailbox), -FOS_EPERM);
    CHILD_EQUAL(try_renew(mailbox), -FOS_EPERM);
    CHILD_EQUAL(fos_sys_notify(strange), -FOS_EPERM);
    CHILD_EQUAL(try_close(strange), -FOS_EPERM);
    CHILD_EQUAL(try_retire(strange), -FOS_EPERM);
    refused(mailbox, MAILBOX);
    refused(strange, CHANNEL);
    CHILD_CHECK(!case_why[0]);
    CHILD_EQUAL(fos_sys_mailbox_send(mailbox, "mine", 4), 0);
    return 0;
}

/* Waits for messages by both transports, or until two channels wait for it; renews;
 * takes one message more, what was left in the kernel's buffer apart. */
static int run_renewer(uint64_t accepts, uint64_t b)
{
    uint64_t deadline = family_deadline();
    uint32_t before = channels(), length;
    struct fos_cap old;
    char text[8];

    (void)b;
    CHILD_EQUAL(fos_mailbox_create(&inbox, FOS_MAILBOX_SLOTS_MIN), 0);
    old = inbox.cap;
    family_report(&inbox);
    for (int i = 0; i < 3 && accepts; i++)
        hear(&inbox);
    while (channels() < before + 2 && fos_now_ns() < deadline && !accepts)
        fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
    CHILD_EQUAL(inbox.stats.accepted, accepts ? 2 : 0);
    CHILD_EQUAL(fos_mailbox_renew(&inbox), 0);
    CHILD_EQUAL(fos_sys_mailbox_renew(old, &old), -FOS_EPERM);
    CHILD_EQUAL(fos_sys_mailbox_renew(inbox.cap, (void *)0x400000), -FOS_EFAULT);
    family_report(&inbox);
    do
        CHILD_EQUAL(
            fos_msg_recv(&inbox, text, sizeof text, &length, family_deadline()), 0);
    while (!accepts && length == 5); /* "early", by the kernel */
    CHILD_CHECK(length == 3 && memcmp(text, "new", 3) == 0);
    CHILD_EQUAL(fos_thread_self()->inbounds, 0);
    return 0;
}

/* ---- */

static void hold(int slot, const char *name, enum type type, struct fos_cap cap)
{
    targets[slot].name = name;
    targets[slot].type = type;
    targets[slot].cap = cap;
    if (!cap.id)
        case_fail("no %s", name);
}

/* A thread of a space of its own, where its first instruction is not mapped. */
static struct fos_cap thread_made(void)
{
    struct fos_thread_args args = {
        .entry = 0x400000, .stack = 0x500000, .pages = 0x600000, .vcpu = 1};
    struct fos_cap cap = {0};

    CASE_EQUAL(fos_sys_space_create(64, 4, &doomed), 0);
    CASE_EQUAL(fos_sys_thread_create(doomed, &args, &cap), 0);
    return cap;
}

static void prepare(void)
{
    char text[8];
    uint32_t length;

    page = fos_pages_map(1);
    gap = fos_pages_reserve(4);
    CASE_EQUAL(fos_mailbox_create(&inbox, FOS_MAILBOX_SLOTS_MIN), 0);
    CASE_EQUAL(fos_sys_space_create(64, 4, &spare), 0);
    host = (struct child){.part = "host", .caps = {inbox.cap}};
    child_start(&host);
    host_mailbox = family_await(&inbox, &host);
    CASE_EQUAL(fos_peer_open(&channel, host_mailbox, FOS_TRANSPORT_CHANNEL), 0);
    CASE_EQUAL(fos_peer_open(&second, host_mailbox, FOS_TRANSPORT_CHANNEL), 0);
    CASE_EQUAL(fos_msg_send(&second, "there", 5), 0);
    CASE_EQUAL(fos_msg_recv(&inbox, text, sizeof text, &length, family_deadline()),
               0);
    fos_peer_close(&second);
    for (int i = 0; channels() > 1 && i < 1000; i++) /* the host's part of it */
        fos_clock_sleep(fos_now_ns() + FOS_MILLISECOND);
    hold(0, "space of this process", SPACE, fos_own_space());
    hold(1, "empty space", SPACE, spare);
    hold(2, "thread", THREAD, thread_made());
    hold(3, "mailbox", MAILBOX, inbox.cap);
    hold(4, "channel", CHANNEL, channel.channel);
    memset(page, FILL, FOS_PAGE_SIZE);
    check_memory(); /* makes the page tables */
    check_messages();
    puts("# capability");
}

static void test_all(void)
{
    test_wrong_secret();
    test_bits();
    test_id_bits();
    test_types();
    test_dead();
    test_never_given();
    test_guesses();
    test_send_only();
    test_passed_on();
    test_renewed(true);
    test_renewed(false);
    test_constant_time();
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {
        {"host", run_host},     {"sender", run_sender},   {"server", run_server},
        {"client", run_client}, {"renewer", run_renewer},
    };

    family_program = argv[0];
    if (argc > 3)
        return family_child(argv, parts, sizeof parts / sizeof *parts);
    case_begin("what the capability test needs can be made");
    memset(&out, FILL, sizeof out);
    prepare();
    if (case_why[0]) {
        printf("FAIL %s: %s\n", case_sentence, case_why);
        return 1;
    }
    test_all();
    fos_post(host_mailbox, "go", 2, family_deadline());
    return child_wait(&host) ? 1 : cases_status();
}
