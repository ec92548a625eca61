/* SPDX-License-Identifier: MIT */
/*
 * What a program sees of the memory fleet: zeros on demand, copies on write, guards,
 * refusals, and the end of who takes too much.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fos/mem.h>

#include "../family.h"
#include "../waited.h"
#include "parts.h"

enum { PAGE = FOS_PAGE_SIZE, MANY = 64, STATUS_FAULT = 128 + SIGSEGV };

static char *pages_map(size_t pages, int prot, int flags)
{
    char *at = mmap(NULL, pages * PAGE, prot, flags | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED)
        case_fail("mmap of %zu pages: %s", pages, strerror(errno));
    return at == MAP_FAILED ? NULL : at;
}

static char *private_map(size_t pages)
{
    return pages_map(pages, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

/* What this process promised itself is what it was. */
static struct mem_usage usage_before;
static struct mem_state_rep state_before;

static void memory_begin(const char *sentence)
{
    case_begin(sentence);
    fos_mem_usage(&usage_before);
    fos_mem_state(&state_before);
}

static void memory_end(void)
{
    struct mem_usage usage;
    struct mem_state_rep state;
    uint64_t deadline = fos_now_ns() + 20 * FOS_SECOND;

    do
        fos_mem_state(&state);
    while ((state.processes != state_before.processes ||
            state.kept != state_before.kept) &&
           fos_now_ns() < deadline);
    fos_mem_usage(&usage);
    CASE_EQUAL(usage.committed, usage_before.committed);
    CASE_EQUAL(usage.mapped, usage_before.mapped);
    CASE_EQUAL(usage.family_committed, usage_before.family_committed);
    CASE_EQUAL(state.processes, state_before.processes);
    CASE_EQUAL(state.objects, state_before.objects);
    CASE_EQUAL(state.kept, state_before.kept);
    case_end();
}

static void test_zeros(void)
{
    memory_begin("fresh memory is zeros, and keeps what is written");
    char *at = private_map(MANY);
    for (size_t i = 0; at && i < MANY * PAGE; i += 512)
        CASE_EQUAL(at[i], 0);
    for (size_t i = 0; at && i < MANY; i++)
        at[i * PAGE + i] = (char)i;
    for (size_t i = 0; at && i < MANY; i++)
        CASE_EQUAL(at[i * PAGE + i], (char)i);
    CASE_EQUAL(munmap(at, MANY * PAGE), 0);
    memory_end();
}

static void test_ahead(void)
{
    struct mem_usage before, after;

    memory_begin("pages touched in order come several to a fault, at random one");
    char *at = private_map(2 * MANY);
    fos_mem_usage(&before);
    for (size_t i = 0; at && i < MANY; i++)
        at[i * PAGE] = 1;
    fos_mem_usage(&after);
    if (after.faults - before.faults >= MANY / 4)
        case_fail("%llu faults",
                  (unsigned long long)(after.faults - before.faults));
    CASE_EQUAL(madvise(at + MANY * PAGE, MANY * PAGE, MADV_RANDOM), 0);
    fos_mem_usage(&before);
    for (size_t i = MANY; at && i < 2 * MANY; i++)
        at[i * PAGE] = 1;
    fos_mem_usage(&after);
    if (after.faults - before.faults < MANY - 16)
        case_fail("%llu faults",
                  (unsigned long long)(after.faults - before.faults));
    CASE_EQUAL(munmap(at, 2 * MANY * PAGE), 0);
    memory_end();
}

static void test_heap(void)
{
    enum { SIZE = 3 << 20 };

    memory_begin("the heap grows, and shrinks to where it was");
    char *start = sbrk(0), *at = sbrk(SIZE);
    CASE_CHECK(at == start);
    memset(at, 7, SIZE);
    CASE_EQUAL(at[SIZE - 1], 7);
    CASE_CHECK(sbrk(-SIZE) == start + SIZE);
    CASE_CHECK(sbrk(0) == start);
    CASE_CHECK(sbrk(-(1l << 40)) == (void *)-1 && errno == ENOMEM);
    memory_end();
}

static void test_protect(void)
{
    memory_begin("pages without access keep what they hold");
    char *at = private_map(8);
    memset(at, 5, 8 * PAGE);
    CASE_EQUAL(mprotect(at, 8 * PAGE, PROT_NONE), 0);
    CASE_EQUAL(mprotect(at + PAGE, PAGE, PROT_READ), 0);
    CASE_EQUAL(at[PAGE], 5);
    CASE_EQUAL(mprotect(at, 8 * PAGE, PROT_READ | PROT_WRITE), 0);
    CASE_EQUAL(at[7 * PAGE + 1], 5);
    at[7 * PAGE] = 6;
    CASE_EQUAL(at[7 * PAGE], 6);
    CASE_EQUAL(madvise(at, 8 * PAGE, MADV_DONTNEED), 0);
    CASE_EQUAL(at[7 * PAGE], 0);
    CASE_CHECK(mprotect(at, PAGE, PROT_WRITE | PROT_EXEC) && errno == ENOTSUP);
    CASE_EQUAL(munmap(at, 8 * PAGE), 0);
    CASE_CHECK(mprotect(at, PAGE, PROT_READ) && errno == ENOMEM);
    memory_end();
}

static void test_calls(void)
{
    struct fos_kernel_info *info;

    memory_begin("system calls find pages that are not there yet, or refuse");
    char *at = private_map(2);
    info = (struct fos_kernel_info *)(at + PAGE - 64);
    CASE_EQUAL(fos_sys_kernel_info(info), 0);
    CASE_CHECK(info->vcpus > 0);
    CASE_EQUAL(mprotect(at, PAGE, PROT_READ), 0);
    CASE_EQUAL(fos_sys_kernel_info((struct fos_kernel_info *)at), -FOS_EFAULT);
    CASE_EQUAL(munmap(at, 2 * PAGE), 0);
    CASE_EQUAL(fos_sys_kernel_info((struct fos_kernel_info *)at), -FOS_EFAULT);
    memory_end();
}

static void test_fork(void)
{
    memory_begin("after fork both write, and neither sees the other's");
    volatile char *at = private_map(MANY);
    memset((char *)at, 1, MANY * PAGE);
    pid_t pid = fork();
    if (pid == 0) {
        for (size_t i = 0; i < MANY; i++)
            if (at[i * PAGE] != 1)
                _exit(1);
        memset((char *)at, 2, MANY * PAGE);
        _exit(at[5 * PAGE] == 2 ? 0 : 2);
    }
    at[3 * PAGE] = 3;
    CASE_EQUAL(shell_status(pid), 0);
    CASE_EQUAL(at[3 * PAGE], 3);
    CASE_EQUAL(at[5 * PAGE], 1);
    CASE_EQUAL(munmap((char *)at, MANY * PAGE), 0);
    memory_end();
}

static void test_shared(void)
{
    memory_begin("shared memory is one for parent and child");
    volatile char *at = pages_map(4, PROT_READ | PROT_WRITE, MAP_SHARED);
    at[0] = 1;
    pid_t pid = fork();
    if (pid == 0) {
        bool seen = at[0] == 1;
        at[2 * PAGE] = 9;
        _exit(!seen);
    }
    CASE_EQUAL(shell_status(pid), 0);
    CASE_EQUAL(at[2 * PAGE], 9);
    CASE_EQUAL(munmap((char *)at, 4 * PAGE), 0);
    memory_end();
}

static void test_fork_again(void)
{
    memory_begin("fifty children of each other's memory leave nothing behind");
    volatile char *at = private_map(4);
    at[0] = 1;
    for (int i = 0; i < 50 && !case_why[0]; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            at[0] = (char)i;
            _exit(at[0] != (char)i);
        }
        CASE_EQUAL(shell_status(pid), 0);
    }
    CASE_EQUAL(at[0], 1);
    CASE_EQUAL(munmap((char *)at, 4 * PAGE), 0);
    memory_end();
}

static void expect_part(const char *sentence, const char *part, uint64_t a,
                        int status)
{
    struct child child = {.part = part, .a = a};

    memory_begin(sentence);
    child_start(&child);
    child_expect(&child, status);
    memory_end();
}

static void test_refusal(void)
{
    enum { STEP = 256, STEPS = 1 << 16 };
    size_t got = 0;

    memory_begin("memory that is not there is refused, and what was got goes back");
    char *first = private_map(STEP), *at = first;
    for (; at != MAP_FAILED && got < STEPS; got++)
        at = mmap(first + (got + 1) * STEP * PAGE, STEP * PAGE,
                  PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CASE_CHECK(at == MAP_FAILED && errno == ENOMEM);
    CASE_CHECK(mmap(NULL, 1ull << 45, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                    0) == MAP_FAILED &&
               errno == ENOMEM);
    for (size_t i = 0; i < got; i++)
        munmap(first + i * STEP * PAGE, STEP * PAGE);
    memory_end();
}

static void test_file(void)
{
    static const char path[] = "/tmp/memory-test";
    int fd;

    memory_begin("a file in memory: private writes stay here, shared ones do not");
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0) {
        case_fail("open: %s", strerror(errno));
        memory_end();
        return;
    }
    char text[PAGE] = "from the file", back[16] = "";
    CASE_EQUAL(write(fd, text, sizeof text), sizeof text);
    char *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    char *all = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CASE_CHECK(own != MAP_FAILED && all != MAP_FAILED);
    if (own != MAP_FAILED && all != MAP_FAILED) {
        CASE_CHECK(!strcmp(own, "from the file") && !strcmp(all, "from the file"));
        own[0] = 'F';
        CASE_EQUAL(all[0], 'f');
        all[1] = 'R';
        CASE_EQUAL(pread(fd, back, 5, 0), 5);
        CASE_CHECK(!memcmp(back, "fRom ", 5));
        CASE_EQUAL(msync(all, PAGE, MS_SYNC), 0);
        munmap(own, PAGE);
        munmap(all, PAGE);
    }
    close(fd);
    unlink(path);
    memory_end();
}

static const struct part parts[] = {PARTS};

int main(int argc, char **argv)
{
    family_program = argv[0];
    if (argc > 3)
        return family_child(argv, parts, sizeof parts / sizeof *parts);
    if (!fos_mem_paged()) {
        printf(
            "FAIL a member of the memory fleet looks after this program: none\n");
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    munmap(private_map(1),
           PAGE); /* the page tables of mappings are there from now on */
    test_zeros();
    test_ahead();
    test_heap();
    test_protect();
    test_calls();
    test_refusal();
    expect_part("a write to the program's text is a fault", "text", 0,
                STATUS_FAULT);
    expect_part("a touch of page 0 is a fault", "null", 0, STATUS_FAULT);
    expect_part("the stack grows to megabytes", "stack", 6, 0);
    expect_part("below its limit is the guard", "stack", 9, STATUS_FAULT);
    expect_part("what is unmapped is gone", "unmapped", 0, STATUS_FAULT);
    expect_part("who touches more than there is ends, alone", "bomb", 0, 137);
    expect_part(
        "requests of any kind are answered, and change nobody else's memory",
        "hostile", 3000, 0);
    test_fork();
    test_shared();
    test_fork_again();
    test_file();
    return cases_status();
}
