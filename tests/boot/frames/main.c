/* SPDX-License-Identifier: MIT */
/* Frames mapped at several places, copied when written, paid for by one; quotas; the reset
 * of a space. */
#include "../raw.h"

enum { RO = FOS_PROT_READ, RW = FOS_PROT_READ | FOS_PROT_WRITE, PAGES = 8 };

#define THERE RAW_EXTRA

static struct fos_cap other; /* an empty space */
static char *here;           /* PAGES pages, each filled with its number */
static uint64_t gap;         /* PAGES pages of addresses */

static void begin(const char *sentence)
{
    case_begin(sentence);
    CASE_EQUAL(fos_sys_space_create(64, 4, &other), 0);
    here = fos_pages_map(PAGES);
    for (int i = 0; i < PAGES; i++)
        memset(here + i * FOS_PAGE_SIZE, 'a' + i, FOS_PAGE_SIZE);
    gap = (uintptr_t)fos_pages_reserve(PAGES);
}

static void space_end(struct fos_cap space)
{
    long error;

    while ((error = fos_sys_space_destroy(space)) == -FOS_EAGAIN)
        continue;
    CASE_EQUAL(error, 0);
}

static void finish(void)
{
    space_end(other);
    fos_range_unmap(gap, PAGES);
    fos_pages_release((void *)gap, PAGES);
    fos_pages_unmap(here, PAGES);
    case_end();
}

static char peek(uint64_t address)
{
    char byte = 0;

    CASE_EQUAL(fos_sys_space_read(other, address, &byte, 1), 0);
    return byte;
}

static uint32_t used(struct fos_cap space)
{
    struct fos_space_info info = {0};

    CASE_EQUAL(fos_sys_space_status(space, &info), 0);
    return info.frames_used;
}

static uint32_t mapped(struct fos_cap space)
{
    struct fos_space_info info = {0};

    CASE_EQUAL(fos_sys_space_status(space, &info), 0);
    return info.mapped;
}

static long share(struct fos_cap to, uint64_t at, struct fos_cap from,
                  uint64_t source, uint32_t pages, unsigned prot, unsigned how)
{
    struct fos_share s = {.to_space = to,
                          .from_space = from,
                          .to = at,
                          .from = source,
                          .pages = pages,
                          .prot = prot,
                          .how = how};

    return fos_sys_space_share(&s);
}

static long lend(uint64_t at, const char *from, uint32_t pages, unsigned prot,
                 unsigned how)
{
    return share(other, at, fos_own_space(), (uintptr_t)from, pages, prot, how);
}

static void test_keep(void)
{
    begin("a page kept and shared is the same page on both sides");
    CASE_EQUAL(lend(THERE, here, PAGES, RW, FOS_SHARE_KEEP), PAGES);
    here[5] = 'x';
    CASE_EQUAL(peek(THERE + 5), 'x');
    CASE_EQUAL(fos_sys_space_write(other, THERE + 6, "y", 1), 0);
    CASE_EQUAL(here[6], 'y');
    CASE_EQUAL(lend(THERE, here, 1, RW, FOS_SHARE_KEEP), -FOS_EEXIST);
    CASE_EQUAL(lend(THERE, here + FOS_PAGE_SIZE, 1, RW,
                    FOS_SHARE_KEEP | FOS_SHARE_REPLACE),
               1);
    CASE_EQUAL(peek(THERE), 'b');
    finish();
}

static void test_move(void)
{
    begin("a page moved is gone at its source, and its payer the same");
    uint32_t before = used(fos_own_space()), own = mapped(fos_own_space());
    uint32_t others = mapped(other);
    CASE_EQUAL(lend(THERE, here, PAGES, RW, FOS_SHARE_MOVE), PAGES);
    CASE_EQUAL(used(fos_own_space()), before);
    CASE_EQUAL(mapped(fos_own_space()), own - PAGES);
    CASE_EQUAL(mapped(other), others + PAGES);
    CASE_EQUAL(fos_sys_space_read(fos_own_space(), (uintptr_t)here, &before, 1),
               -FOS_EFAULT);
    for (int i = 0; i < PAGES; i++)
        CASE_EQUAL(peek(THERE + i * FOS_PAGE_SIZE), 'a' + i);
    before = used(fos_own_space());
    CASE_EQUAL(fos_sys_space_unmap(other, THERE, PAGES), 0);
    CASE_EQUAL(used(fos_own_space()), before - PAGES);
    CASE_EQUAL(mapped(other), others);
    finish();
}

static void test_sparse(void)
{
    begin("absent pages end a call, or are passed over and not counted");
    CASE_EQUAL(fos_sys_space_unmap(fos_own_space(),
                                   (uintptr_t)here + 2 * FOS_PAGE_SIZE, 3),
               0);
    CASE_EQUAL(lend(THERE, here, PAGES, RO, FOS_SHARE_KEEP), -FOS_EFAULT);
    CASE_EQUAL(fos_sys_space_unmap(other, THERE, PAGES), 0);
    CASE_EQUAL(lend(THERE, here, PAGES, RO, FOS_SHARE_KEEP | FOS_SHARE_SPARSE),
               PAGES - 3);
    CASE_EQUAL(peek(THERE + 7 * FOS_PAGE_SIZE), 'h');
    CASE_EQUAL(fos_sys_space_protect(other, THERE, PAGES, RO), -FOS_EFAULT);
    CASE_EQUAL(fos_sys_space_protect(other, THERE, PAGES, RO | FOS_MAP_SPARSE),
               PAGES - 3);
    CASE_EQUAL(fos_sys_space_protect(other, THERE, PAGES, FOS_MAP_SPARSE),
               PAGES - 3);
    CASE_EQUAL(fos_sys_space_protect(other, THERE, PAGES, FOS_MAP_SPARSE), 0);
    finish();
}

/* ---- copy-on-write ---- */

static void test_cow(void)
{
    begin("copy-on-write: both lose WRITE, the first to own gets a copy, the last "
          "the page");
    uint32_t before;
    CASE_EQUAL(lend(THERE, here, 2, RW, FOS_SHARE_COW), 2);
    CASE_EQUAL(fos_sys_space_protect(fos_own_space(), (uintptr_t)here, 1, RW),
               -FOS_EPERM);
    CASE_EQUAL(fos_sys_space_protect(other, THERE, 1, RW), -FOS_EPERM);
    CASE_EQUAL(fos_sys_space_write(other, THERE, "z", 1), -FOS_EFAULT);
    before = used(fos_own_space());
    CASE_EQUAL(share(other, THERE, (struct fos_cap){0}, 0, 1, RW, FOS_SHARE_OWN),
               1);
    CASE_EQUAL(used(fos_own_space()), before + 1);
    CASE_EQUAL(peek(THERE), 'a');
    CASE_EQUAL(fos_sys_space_write(other, THERE, "z", 1), 0);
    CASE_EQUAL(here[0], 'a');
    CASE_EQUAL(share(fos_own_space(), (uintptr_t)here, (struct fos_cap){0}, 0, 1,
                     RW, FOS_SHARE_OWN),
               0);
    here[0] = 'q';
    CASE_EQUAL(peek(THERE), 'z');
    CASE_EQUAL(share(fos_own_space(), (uintptr_t)here, (struct fos_cap){0}, 0, 2,
                     RW, FOS_SHARE_OWN),
               1);
    here[FOS_PAGE_SIZE] = 'q';
    CASE_EQUAL(peek(THERE + FOS_PAGE_SIZE), 'b');
    finish();
}

static void test_own_source(void)
{
    begin("copies go into the pages given for them, the first ones first");
    uint64_t spare = (uintptr_t)here + 4 * FOS_PAGE_SIZE;
    char byte;
    CASE_EQUAL(lend(THERE, here, 1, RW, FOS_SHARE_MOVE), 1);
    CASE_EQUAL(
        lend(THERE + FOS_PAGE_SIZE, here + FOS_PAGE_SIZE, 2, RW, FOS_SHARE_COW), 2);
    uint32_t before = used(fos_own_space());
    CASE_EQUAL(share(other, THERE, fos_own_space(), spare, 3, RW, FOS_SHARE_OWN),
               2);
    CASE_EQUAL(used(fos_own_space()), before);
    CASE_EQUAL(fos_sys_space_read(fos_own_space(), spare + FOS_PAGE_SIZE, &byte, 1),
               -FOS_EFAULT);
    CASE_EQUAL(
        fos_sys_space_read(fos_own_space(), spare + 2 * FOS_PAGE_SIZE, &byte, 1),
        0);
    CASE_EQUAL(byte, 'g');
    for (int i = 0; i < 3; i++)
        CASE_EQUAL(peek(THERE + i * FOS_PAGE_SIZE), 'a' + i);
    CASE_EQUAL(fos_sys_space_write(other, THERE, "zz", 2), 0);
    finish();
}

/* ---- who pays ---- */

static void test_mine(void)
{
    begin("pages mapped as mine are the caller's to pay, their tables are not");
    uint32_t before = used(fos_own_space()), there = used(other);
    CASE_EQUAL(fos_sys_space_map(other, THERE, PAGES, RW | FOS_MAP_MINE), 0);
    CASE_EQUAL(used(fos_own_space()), before + PAGES);
    CASE_CHECK(used(other) - there <= 3);
    CASE_EQUAL(fos_sys_space_unmap(other, THERE, PAGES), 0);
    CASE_EQUAL(used(fos_own_space()), before);
    finish();
}

static void test_heir(void)
{
    begin("what a space that has gone had paid for is its parent's to pay");
    struct fos_cap payer;
    uint32_t before = used(fos_own_space());
    CASE_EQUAL(fos_sys_space_create(32, 4, &payer), 0);
    CASE_EQUAL(used(fos_own_space()), before + 32);
    CASE_EQUAL(fos_sys_space_map(payer, THERE, PAGES, RW), 0);
    CASE_EQUAL(fos_sys_space_write(payer, THERE, "left", 5), 0);
    CASE_EQUAL(share(other, THERE, payer, THERE, PAGES, RW, FOS_SHARE_KEEP), PAGES);
    space_end(payer);
    CASE_EQUAL(used(fos_own_space()), before + PAGES);
    CASE_EQUAL(peek(THERE), 'l');
    CASE_EQUAL(fos_sys_space_unmap(other, THERE, 3), 0);
    CASE_EQUAL(used(fos_own_space()), before + PAGES - 3);
    CASE_EQUAL(fos_sys_space_unmap(other, THERE, PAGES), 0);
    CASE_EQUAL(used(fos_own_space()), before);
    finish();
}

static uint32_t quota(struct fos_cap space)
{
    struct fos_space_info info = {0};

    CASE_EQUAL(fos_sys_space_status(space, &info), 0);
    return info.frames_quota;
}

static long give(struct fos_cap space, int64_t frames)
{
    return fos_sys_space_control(space, FOS_SPACE_QUOTA, (uint64_t)frames);
}

static void test_quota(void)
{
    begin("quota moves to a child and back, as far as it goes");
    uint32_t before = used(fos_own_space()), all = quota(other);
    CASE_EQUAL(give(other, 10), 0);
    CASE_EQUAL(quota(other), all + 10);
    CASE_EQUAL(used(fos_own_space()), before + 10);
    CASE_EQUAL(give(other, -20), 0);
    CASE_EQUAL(quota(other), all - 10);
    CASE_EQUAL(used(fos_own_space()), before - 10);
    CASE_EQUAL(give(other, -(int64_t)all), -FOS_EDQUOT);
    CASE_EQUAL(give(other, UINT32_MAX), -FOS_EDQUOT);
    CASE_EQUAL(give(other, 1ll << 40), -FOS_EINVAL);
    CASE_EQUAL(give(other, INT64_MIN), -FOS_EINVAL);
    CASE_EQUAL(give(fos_own_space(), 1), -FOS_EINVAL);
    CASE_EQUAL(fos_sys_space_map(other, THERE, all, RW), -FOS_EDQUOT);
    finish();
}

/* ---- what is refused ---- */

static void test_refused(void)
{
    begin("what may not be shared is refused, and nothing has changed");
    const uint64_t at = (uintptr_t)here;
    struct fos_cap own = fos_own_space(), none = {0};
    struct fos_share odd = {.to_space = other,
                            .from_space = own,
                            .to = THERE,
                            .from = at,
                            .pages = 1,
                            .prot = RW,
                            .reserved = 1};
    CASE_EQUAL(fos_sys_space_share(&odd), -FOS_EINVAL);
    odd.reserved = 0;
    odd.thread = (struct fos_cap){own.id, own.secret};
    CASE_EQUAL(fos_sys_space_share(&odd), -FOS_EPERM);
    CASE_EQUAL(fos_sys_space_share((void *)8), -FOS_EFAULT);
    CASE_EQUAL(lend(THERE, here, 1, RW, 16), -FOS_EINVAL);
    CASE_EQUAL(lend(THERE, here, 0, RW, 0), -FOS_EINVAL);
    CASE_EQUAL(lend(THERE, here, FOS_MAP_PAGES_MAX + 1, RW, 0), -FOS_EINVAL);
    CASE_EQUAL(lend(THERE, here, 1, 0, 0), -FOS_EINVAL);
    CASE_EQUAL(lend(THERE, here, 1, RW | FOS_PROT_EXEC, 0), -FOS_EINVAL);
    CASE_EQUAL(lend(THERE, here, 1, RW | FOS_MAP_MINE, 0), -FOS_EINVAL);
    CASE_EQUAL(lend(THERE + 1, here, 1, RW, 0), -FOS_EINVAL);
    CASE_EQUAL(lend(THERE, here + 1, 1, RW, 0), -FOS_EINVAL);
    CASE_EQUAL(lend(FOS_USER_END, here, 1, RW, 0), -FOS_EFAULT);
    CASE_EQUAL(lend(THERE, NULL, 1, RW, 0), -FOS_EFAULT);
    CASE_EQUAL(lend(THERE, (char *)0xffff880000000000, 1, RW, 0), -FOS_EFAULT);
    CASE_EQUAL(share(own, at + FOS_PAGE_SIZE, own, at, 2, RW, FOS_SHARE_REPLACE),
               -FOS_EINVAL);
    CASE_EQUAL(share(none, THERE, own, at, 1, RW, 0), -FOS_EPERM);
    CASE_EQUAL(share(other, THERE, none, at, 1, RW, 0), -FOS_EPERM);
    CASE_EQUAL(lend(THERE, (void *)fos_start_page->events, 1, RO, 0), -FOS_EPERM);
    CASE_EQUAL(lend(THERE, (void *)fos_start_page->trace, 1, RO, 0), -FOS_EPERM);
    CASE_EQUAL(fos_sys_space_unmap(other, THERE, PAGES), 0);
    CASE_EQUAL(lend(THERE, here, 1, RO, 0), 1);
    CASE_EQUAL(share(own, gap, other, THERE, 1, RW, 0), -FOS_EPERM);
    CASE_EQUAL(share(own, gap, other, THERE, 1, RO | FOS_PROT_EXEC, 0), 1);
    CASE_EQUAL(*(char *)gap, 'a');
    finish();
}

static void test_copy(void)
{
    begin("bytes are copied between spaces, whole or not at all");
    struct fos_copy c = {.to_space = other,
                         .to = THERE + 100,
                         .from_space = fos_own_space(),
                         .from = (uintptr_t)here + 50,
                         .length = 3 * FOS_PAGE_SIZE};
    CASE_EQUAL(fos_sys_space_map(other, THERE, 3, RO), 0);
    CASE_EQUAL(fos_sys_space_copy(&c), -FOS_EFAULT);
    CASE_EQUAL(peek(THERE + 100), 0);
    CASE_EQUAL(fos_sys_space_map(other, THERE + 3 * FOS_PAGE_SIZE, 1, RO), 0);
    CASE_EQUAL(fos_sys_space_copy(&c), 0);
    CASE_EQUAL(peek(THERE + 100), 'a');
    CASE_EQUAL(peek(THERE + 99 + 3 * FOS_PAGE_SIZE), 'd');
    c.from = c.to;
    c.from_space = other;
    CASE_EQUAL(fos_sys_space_copy(&c), 0);
    c.length = FOS_COPY_MAX + 1;
    CASE_EQUAL(fos_sys_space_copy(&c), -FOS_EMSGSIZE);
    c.length = ~0ull;
    CASE_EQUAL(fos_sys_space_copy(&c), -FOS_EMSGSIZE);
    c.length = 1;
    c.to = ~0ull;
    CASE_EQUAL(fos_sys_space_copy(&c), -FOS_EFAULT);
    c.to_space.secret ^= 1;
    CASE_EQUAL(fos_sys_space_copy(&c), -FOS_EPERM);
    finish();
}

/* ---- translations on other vCPUs ---- */

static void reader_run(uint64_t unused)
{
    _Atomic uint64_t *word = (_Atomic uint64_t *)THERE;

    (void)unused;
    while (atomic_load(word) == 1)
        RAW_OWN_BOARD->word[0] = 1;
    RAW_EQUAL(atomic_load(word), 2);
    raw_through();
}

static void test_stale(void)
{
    struct raw r;
    uint64_t *first, *second;

    case_begin("a page replaced is replaced at once for a thread on another vCPU");
    first = fos_pages_map(2);
    second = first + FOS_PAGE_SIZE / 8;
    *first = 1;
    *second = 2;
    r = raw_make(reader_run, 0, 1);
    CASE_EQUAL(raw_share(r.space, THERE, first, 1, RO, FOS_SHARE_KEEP), 1);
    raw_go(&r);
    CASE_CHECK(raw_await(&r.board->word[0], 1));
    CASE_EQUAL(raw_share(r.space, THERE, second, 1, RO,
                         FOS_SHARE_KEEP | FOS_SHARE_REPLACE),
               1);
    raw_finish(&r);
    fos_pages_unmap(first, 2);
    case_end();
}

static void writer_run(uint64_t unused)
{
    _Atomic uint64_t *word = (_Atomic uint64_t *)THERE;

    (void)unused;
    for (;;)
        atomic_fetch_add(word, 1);
}

static void test_lowered(void)
{
    struct raw r;
    _Atomic uint64_t *word;
    struct fos_cap own = fos_own_space();
    uint64_t copy, then;

    case_begin(
        "who writes while a page becomes copy-on-write writes no more after it");
    copy = (uintptr_t)fos_pages_reserve(1);
    word = fos_pages_map(1);
    r = raw_make(writer_run, 0, 1);
    CASE_EQUAL(raw_share(r.space, THERE, word, 1, RW, FOS_SHARE_MOVE), 1);
    raw_go(&r);
    fos_clock_sleep(fos_now_ns() + 5 * FOS_MILLISECOND);
    CASE_EQUAL(share(own, copy, r.space, THERE, 1, RO, FOS_SHARE_COW), 1);
    then = *(_Atomic uint64_t *)copy;
    CASE_CHECK(then > 0);
    fos_clock_sleep(fos_now_ns() + 5 * FOS_MILLISECOND);
    CASE_EQUAL(*(_Atomic uint64_t *)copy, then);
    fos_range_unmap(copy, 1);
    fos_pages_release((void *)copy, 1);
    fos_pages_release((void *)word, 1);
    raw_faults(&r, 14);
    case_end();
}

/* ---- reset ---- */

static void marked_run(uint64_t mark)
{
    RAW_OWN_BOARD->word[0] = mark;
    raw_through();
}

static void test_reset(void)
{
    const uint64_t deadline = fos_now_ns() + 30 * FOS_SECOND;
    struct fos_thread_args args = raw_args(marked_run, 2, 2);
    struct fos_space_info before, after;
    struct fos_cap thread;
    struct raw r;
    long error;

    case_begin("a space that is reset is empty, and the same space");
    r = raw_make(marked_run, 1, 1);
    before = raw_status(&r);
    raw_go(&r);
    CASE_CHECK(raw_await(&r.board->word[0], 1));
    while ((error = fos_sys_space_control(r.space, FOS_SPACE_RESET, 0)) ==
               -FOS_EAGAIN &&
           fos_now_ns() < deadline)
        continue;
    CASE_EQUAL(error, 0);
    after = raw_status(&r);
    CASE_EQUAL(after.pid, before.pid);
    CASE_EQUAL(after.state, FOS_SPACE_RUNNING);
    CASE_EQUAL(after.threads, 0);
    CASE_EQUAL(after.frames_used, 1);
    CASE_CHECK(before.mapped > 0);
    CASE_EQUAL(after.mapped, 0);
    CASE_EQUAL(after.objects_used, 0);
    CASE_EQUAL(fos_sys_thread_control(r.thread, FOS_THREAD_GO, 0), -FOS_EPERM);
    raw_load(r.space);
    CASE_EQUAL(fos_sys_space_map(r.space,
                                 RAW_STACK - RAW_STACK_PAGES * FOS_PAGE_SIZE,
                                 RAW_STACK_PAGES, RW),
               0);
    CASE_EQUAL(raw_share(r.space, RAW_BOARD, r.board, 1, RW, FOS_SHARE_KEEP), 1);
    CASE_EQUAL(fos_sys_thread_create(r.space, &args, &thread), 0);
    CASE_EQUAL(fos_sys_space_control(r.space, FOS_SPACE_GO, 0), 0);
    CASE_CHECK(raw_await(&r.board->word[0], 2));
    raw_finish(&r);
    CASE_EQUAL(fos_sys_space_control(fos_own_space(), FOS_SPACE_RESET, 0),
               -FOS_EINVAL);
    case_end();
}

int main(void)
{
    raw_warm();
    test_keep();
    test_move();
    test_sparse();
    test_cow();
    test_own_source();
    test_mine();
    test_heir();
    test_quota();
    test_refused();
    test_copy();
    test_stale();
    test_lowered();
    test_reset();
    return cases_status();
}
