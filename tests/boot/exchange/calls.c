/* SPDX-License-Identifier: MIT */
/* The system call, by two processes that do as they are told. */
#include "exchange.h"
#include "puppet.h"

enum { HALF = PUPPET_PAGES / 2, ROUNDS = 400, HAMMERED = 20000 };

static struct puppet sender, receiver;

static void open_both(const char *sentence)
{
    case_begin(sentence);
    sender = puppet_make(0);
    receiver = puppet_make(1);
    puppets_connect(&sender, &receiver);
}

static void close_both(void)
{
    puppet_destroy(&sender);
    puppet_destroy(&receiver);
    case_end();
}

static uint64_t mark(const struct puppet *p, uint64_t page)
{
    return (p == &sender ? 1000 : 2000) + page;
}

static void marks_write(void)
{
    for (uint64_t i = 0; i < PUPPET_PAGES; i++) {
        puppet_write(&sender, i, mark(&sender, i));
        puppet_write(&receiver, i, mark(&receiver, i));
    }
}

static void marks_check(void)
{
    for (uint64_t i = 0; i < PUPPET_PAGES; i++) {
        CASE_EQUAL(puppet_read(&sender, i), mark(&sender, i));
        CASE_EQUAL(puppet_read(&receiver, i), mark(&receiver, i));
    }
}

/* ---- what it does ---- */

/* What each page of both holds, kept here beside. */
struct model {
    uint64_t sender[PUPPET_PAGES], receiver[PUPPET_PAGES];
    uint64_t at, posted, exchanged;
};

static void model_check(const struct model *m)
{
    for (uint64_t i = 0; i < PUPPET_PAGES; i++) {
        CASE_EQUAL(puppet_read(&sender, i), m->sender[i]);
        CASE_EQUAL(puppet_read(&receiver, i), m->receiver[i]);
    }
}

static void round_post(struct model *m)
{
    uint64_t at = dice_below(&exchange_dice, PUPPET_PAGES);
    uint64_t pages = dice_below(&exchange_dice, (uint32_t)(PUPPET_PAGES - at + 1));

    CASE_EQUAL(puppet_exchange(&receiver, at, pages), m->exchanged);
    m->at = at;
    m->posted = pages;
    m->exchanged = 0;
}

static uint64_t round_swap(struct model *m)
{
    uint64_t from = dice_below(&exchange_dice, PUPPET_PAGES);
    uint64_t pages =
        1 + dice_below(&exchange_dice, (uint32_t)(PUPPET_PAGES - from));
    bool fits = pages <= m->posted - m->exchanged;

    CASE_EQUAL(puppet_exchange(&sender, from, pages), fits ? 0 : -FOS_EAGAIN);
    for (uint64_t i = 0; fits && i < pages; i++) {
        uint64_t *a = &m->sender[from + i], *b = &m->receiver[m->at + m->exchanged];
        uint64_t kept = *a;
        *a = *b;
        *b = kept;
        m->exchanged++;
    }
    return fits ? pages : 0;
}

static void test_swaps(void)
{
    struct fos_space_info before[2], after[2];
    struct model m = {.at = 0};
    uint64_t pages = 0;

    open_both("pages change places, whole and in order, and no account changes");
    marks_write();
    for (uint64_t i = 0; i < PUPPET_PAGES; i++) {
        m.sender[i] = mark(&sender, i);
        m.receiver[i] = mark(&receiver, i);
    }
    before[0] = raw_status(&sender.raw);
    before[1] = raw_status(&receiver.raw);
    for (int i = 0; i < ROUNDS && !case_why[0]; i++) {
        if (dice_below(&exchange_dice, 3) == 0)
            round_post(&m);
        pages += round_swap(&m);
    }
    model_check(&m);
    after[0] = raw_status(&sender.raw);
    after[1] = raw_status(&receiver.raw);
    for (int i = 0; i < 2; i++) {
        CASE_EQUAL(after[i].frames_used, before[i].frames_used);
        CASE_EQUAL(after[i].mapped, before[i].mapped);
    }
    CASE_CHECK(pages > ROUNDS);
    /* What the sender has got from the receiver it pays for, and gives back. */
    CASE_EQUAL(fos_sys_space_unmap(sender.raw.space, PUPPET_AREA, PUPPET_PAGES), 0);
    CASE_EQUAL(raw_status(&sender.raw).frames_used,
               before[0].frames_used - PUPPET_PAGES);
    CASE_EQUAL(raw_status(&receiver.raw).frames_used, before[1].frames_used);
    close_both();
}

static void test_post(void)
{
    open_both("a posting is replaced, and says how much of it was exchanged");
    marks_write();
    CASE_EQUAL(puppet_exchange(&sender, 0, 1), -FOS_EAGAIN);
    CASE_EQUAL(puppet_exchange(&receiver, 0, 4), 0);
    CASE_EQUAL(puppet_exchange(&sender, 0, 5), -FOS_EAGAIN);
    marks_check();
    CASE_EQUAL(puppet_exchange(&sender, 0, 1), 0);
    CASE_EQUAL(puppet_exchange(&sender, 8, 2), 0);
    CASE_EQUAL(puppet_exchange(&sender, 10, 2), -FOS_EAGAIN);
    CASE_EQUAL(puppet_read(&receiver, 0), mark(&sender, 0));
    CASE_EQUAL(puppet_read(&receiver, 1), mark(&sender, 8));
    CASE_EQUAL(puppet_read(&receiver, 2), mark(&sender, 9));
    CASE_EQUAL(puppet_read(&sender, 9), mark(&receiver, 2));
    CASE_EQUAL(puppet_exchange(&receiver, 16, 4), 3);
    CASE_EQUAL(puppet_exchange(&receiver, 0, 0), 0);
    CASE_EQUAL(puppet_exchange(&sender, 0, 1), -FOS_EAGAIN);
    close_both();
}

/* ---- what it refuses ---- */

static void test_ranges(void)
{
    static const struct {
        uint64_t address, pages;
        long post, swap;
    } bad[] = {
        {PUPPET_AREA + 8, 1, -FOS_EINVAL, -FOS_EINVAL},
        {PUPPET_AREA, FOS_MAP_PAGES_MAX + 1, 0, -FOS_EINVAL},
        {PUPPET_AREA, 0, 0, -FOS_EINVAL},
        {PUPPET_AREA, 1ull << 32, -FOS_EINVAL, -FOS_EINVAL},
        {PUPPET_AREA, ~0ull, -FOS_EINVAL, -FOS_EINVAL},
        {PUPPET_AREA, UINT32_MAX, 0, -FOS_EINVAL},
        {0x00007ffffffff000, UINT32_MAX, -FOS_EFAULT, -FOS_EINVAL},
        {0, 1, -FOS_EFAULT, -FOS_EFAULT},
        {FOS_USER_END, 1, -FOS_EFAULT, -FOS_EFAULT},
        {FOS_USER_END - FOS_PAGE_SIZE, 2, -FOS_EFAULT, -FOS_EFAULT},
        {0xffff800000000000, 1, -FOS_EFAULT, -FOS_EFAULT},
        {0xfffffffffffff000, 1, -FOS_EFAULT, -FOS_EFAULT},
        {0xffffffff80000000, 1, -FOS_EFAULT, -FOS_EFAULT},
    };

    open_both("ranges that no pages can have are refused on both sides");
    marks_write();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CASE_EQUAL(puppet_exchange_at(&receiver, bad[i].address, bad[i].pages),
                   bad[i].post);
        CASE_EQUAL(puppet_exchange_at(&sender, bad[i].address, bad[i].pages),
                   bad[i].swap);
    }
    CASE_EQUAL(puppet_exchange(&receiver, 0, FOS_MAP_PAGES_MAX), 0);
    CASE_EQUAL(puppet_exchange(&sender, 0, FOS_MAP_PAGES_MAX), -FOS_EPERM);
    marks_check();
    close_both();
}

/* Makes page `page` of `p` one that is not to be exchanged, in the `kind`-th way. */
static void page_spoil(struct puppet *p, uint64_t page, int kind)
{
    const unsigned rw = FOS_PROT_READ | FOS_PROT_WRITE;
    uint64_t at = PUPPET_AREA + page * FOS_PAGE_SIZE;
    struct fos_share s = {.to_space = p->raw.space,
                          .from_space = p->raw.space,
                          .to = RAW_EXTRA,
                          .from = at,
                          .pages = 1,
                          .prot = rw};

    switch (kind) {
    case 0: /* mapped twice */
    case 1: /* and to be copied when written */
        s.how = kind == 0 ? FOS_SHARE_KEEP : FOS_SHARE_COW;
        CASE_EQUAL(fos_sys_space_share(&s), 1);
        break;
    case 2:
        CASE_EQUAL(fos_sys_space_protect(p->raw.space, at, 1, FOS_PROT_READ), 0);
        break;
    case 3:
        CASE_EQUAL(fos_sys_space_unmap(p->raw.space, at, 1), 0);
        break;
    case 4: /* another pays */
        CASE_EQUAL(fos_sys_space_unmap(p->raw.space, at, 1), 0);
        CASE_EQUAL(fos_sys_space_map(p->raw.space, at, 1, rw | FOS_MAP_MINE), 0);
        break;
    }
}

/* A call that names a spoilt page among good ones moves none of them. */
static void spoilt_check(struct puppet *spoilt, int kind)
{
    const uint64_t at = 5;

    page_spoil(spoilt, at, kind);
    CASE_EQUAL(puppet_exchange(&receiver, 0, 8), 0);
    CASE_EQUAL(puppet_exchange(&sender, 0, 8), -FOS_EPERM);
    for (uint64_t i = 0; i < 8; i++)
        if (i != at) {
            CASE_EQUAL(puppet_read(&sender, i), mark(&sender, i));
            CASE_EQUAL(puppet_read(&receiver, i), mark(&receiver, i));
        }
    CASE_EQUAL(puppet_exchange(&sender, 0, at), 0);
    CASE_EQUAL(puppet_exchange(&sender, at, 1), -FOS_EPERM);
    CASE_EQUAL(puppet_exchange(&receiver, 0, 0), at);
}

static void test_spoilt(void)
{
    static const char *const kinds[] = {
        "that is mapped twice", "to be copied on writing", "that is read-only",
        "that is absent", "that another pays for"};
    static char sentence[100];
    const int count = sizeof kinds / sizeof *kinds;

    for (int i = 0; i < 2 * count; i++) {
        snprintf(sentence, sizeof sentence, "a page of the %s's %s moves nothing",
                 i % 2 ? "receiver" : "sender", kinds[i / 2]);
        open_both(sentence);
        marks_write();
        spoilt_check(i % 2 ? &receiver : &sender, i / 2);
        close_both();
    }
}

/* Pages that the kernel shares with the process, of its image, of its mailbox. */
static void test_shared_with_kernel(void)
{
    extern char etext[];
    const uint64_t bad[] = {
        RAW_THREAD,
        RAW_THREAD + FOS_PAGE_SIZE,
        RAW_THREAD + 2 * FOS_PAGE_SIZE, /* the trace's */
        PUPPET_WINDOW,                  /* the other's doorbell */
        PUPPET_WINDOW + FOS_PAGE_SIZE,  /* the ring */
        PUPPET_MAILBOX,
        RAW_BOARD,
        (uintptr_t)page_of((const void *)(uintptr_t)&test_shared_with_kernel),
        (uintptr_t)page_of(etext + FOS_PAGE_SIZE),
    };

    open_both("pages shared with the kernel, a peer or another program stay");
    marks_write();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CASE_EQUAL(puppet_exchange(&receiver, 0, 1), 0);
        CASE_EQUAL(puppet_exchange_at(&sender, bad[i], 1), -FOS_EPERM);
        CASE_EQUAL(puppet_exchange_at(&receiver, bad[i], 1), 0);
        CASE_EQUAL(puppet_exchange(&sender, 0, 1), -FOS_EPERM);
    }
    marks_check();
    close_both();
}

/* ---- whose channel it is ---- */

static void test_strangers(void)
{
    struct puppet third;
    void *page;

    open_both("only the two sides of a living channel exchange by it");
    page = fos_pages_map(1);
    third = puppet_make(2);
    marks_write();
    CASE_EQUAL(puppet_exchange(&receiver, 0, 4), 0);
    third.channel = receiver.channel;
    CASE_EQUAL(puppet_exchange(&third, 0, 1), -FOS_EPERM);
    CASE_EQUAL(fos_sys_channel_exchange(receiver.channel, page, 1), -FOS_EPERM);
    third.channel.secret ^= 1;
    CASE_EQUAL(puppet_exchange(&third, 0, 1), -FOS_EPERM);
    CASE_EQUAL(puppet_call(&sender, FOS_SYS_channel_exchange, receiver.mailbox.id,
                           receiver.mailbox.secret, PUPPET_AREA, 1, 0),
               -FOS_EPERM);
    /* The third sends by a channel of its own, which does not see the other's posting;
     * and before it is accepted nothing can be posted. */
    CASE_EQUAL(puppet_call(&third, FOS_SYS_channel_connect, receiver.mailbox.id,
                           receiver.mailbox.secret, PUPPET_WINDOW, 1, PUPPET_AREA),
               0);
    CASE_EQUAL(fos_sys_space_read(third.raw.space, PUPPET_AREA, &third.channel,
                                  sizeof third.channel),
               0);
    CASE_EQUAL(puppet_exchange(&third, 0, 1), -FOS_EAGAIN);
    marks_check();
    puppet_destroy(&third);
    fos_pages_unmap(page, 1);
    close_both();
}

static void test_ends(void)
{
    open_both(
        "what was exchanged before either side ended stays, and nothing leaks");
    marks_write();
    CASE_EQUAL(puppet_exchange(&receiver, 0, 4), 0);
    CASE_EQUAL(puppet_exchange(&sender, 0, 2), 0);
    puppet_destroy(&sender);
    CASE_EQUAL(puppet_read(&receiver, 1), mark(&sender, 1));
    CASE_EQUAL(puppet_exchange(&receiver, 4, 4), 2);
    CASE_EQUAL(puppet_exchange(&receiver, 4, 4), 0);
    puppet_destroy(&receiver);
    case_end();

    open_both("a sender whose receiver has ended is told so");
    marks_write();
    CASE_EQUAL(puppet_exchange(&receiver, 0, 4), 0);
    CASE_EQUAL(puppet_exchange(&sender, 0, 2), 0);
    puppet_destroy(&receiver);
    CASE_EQUAL(puppet_exchange(&sender, 2, 2), -FOS_EPIPE);
    CASE_EQUAL(puppet_read(&sender, 0), mark(&receiver, 0));
    CASE_EQUAL(puppet_call(&sender, FOS_SYS_channel_close, sender.channel.id,
                           sender.channel.secret, FOS_TAKEN_NONE, 0, 0),
               0);
    CASE_EQUAL(puppet_exchange(&sender, 2, 2), -FOS_EPERM);
    puppet_destroy(&sender);
    case_end();
}

/* ---- older translations ---- */

/* The page that was hammered here is now there, and does not change. */
static void still_check(struct puppet *hammers, struct puppet *has)
{
    uint64_t before = puppet_hammered(hammers), value = puppet_read(has, 0);
    uint64_t deadline = family_deadline();

    CASE_CHECK(value >= 1000);
    while (puppet_hammered(hammers) < before + HAMMERED && fos_now_ns() < deadline)
        CASE_EQUAL(puppet_read(has, 0), value);
    CASE_CHECK(puppet_hammered(hammers) >= before + HAMMERED);
    puppet_rest(hammers);
    CASE_EQUAL(puppet_read(has, 0), value);
    CASE_EQUAL(puppet_read(hammers, 0), puppet_hammered(hammers));
}

static void test_translations(void)
{
    open_both("a receiver's thread that keeps writing does not reach what it gave");
    CASE_EQUAL(puppet_exchange(&receiver, 0, 1), 0);
    puppet_hammer(&receiver, 0, false);
    CASE_EQUAL(puppet_exchange(&sender, 0, 1), 0);
    still_check(&receiver, &sender);
    close_both();

    open_both("nor does a sender's other thread");
    CASE_EQUAL(puppet_exchange(&receiver, 0, 1), 0);
    puppet_hammer(&sender, 0, true);
    CASE_EQUAL(puppet_exchange(&sender, 0, 1), 0);
    still_check(&sender, &receiver);
    close_both();
}

int test_calls(void)
{
    test_swaps();
    test_post();
    test_ranges();
    test_spoilt();
    test_shared_with_kernel();
    test_strangers();
    test_ends();
    test_translations();
    return cases_status();
}
