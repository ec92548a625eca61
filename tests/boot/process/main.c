/* SPDX-License-Identifier: MIT */
/* Processes: starting, ending, faulting, being killed, and their quotas. */
#include <stdlib.h>

#include <fos/call.h>
#include <fos/error.h>
#include <fos/memory.h>
#include <fos/msg.h>
#include <fos/proc.h>
#include <fos/start.h>

#include "../scenario.h"
#include "child.h"

enum {
    VECTOR_DIVIDE = 0,
    VECTOR_ILLEGAL = 6,
    VECTOR_GENERAL = 13,
    VECTOR_PAGE = 14
};
enum { CODE_WRITE = 2, CODE_FETCH = 16, STACK_BYTES = 64 * 4096 };

static const char *self;

static long child_spawn(const struct fos_spawn *like, const char *mode,
                        const char *argument, uint64_t *pid)
{
    const char *argv[] = {self, mode, argument, NULL};
    struct fos_spawn what = *like;

    what.path = self;
    what.argv = argv;
    return fos_spawn(&what, pid);
}

static int child_run(const char *mode, const char *argument,
                     struct fos_space_info *info)
{
    uint64_t pid;
    int status = -1;
    long error = child_spawn(&(struct fos_spawn){0}, mode, argument, &pid);

    if (!error)
        error = fos_process_wait(pid, &status, info);
    if (error)
        case_fail("running %s: %s", mode, fos_strerror(error));
    return status;
}

static void test_exit(void)
{
    case_begin("a child's exit status reaches its parent");
    CASE_EQUAL(child_run("exit", "7", NULL), 7);
    CASE_EQUAL(child_run("exit", "0", NULL), 0);
    CASE_EQUAL(child_run("abort", NULL, NULL), 128 + 6);
    case_end();
}

static void test_arguments(void)
{
    const char *argv[] = {self, "arguments", "", "two words", "", NULL};
    struct fos_spawn what = {.path = self, .argv = argv};
    uint64_t pid;
    int status = -1;

    case_begin("a child gets its arguments, empty ones too, and its capabilities");
    what.caps = (struct fos_cap[]){{11, 12}, {13, 14}};
    what.ncaps = 2;
    CASE_EQUAL(fos_spawn(&what, &pid), 0);
    CASE_EQUAL(fos_process_wait(pid, &status, NULL), 0);
    CASE_EQUAL(status, 0);
    case_end();
}

/* One child that faults: how, and what the report must hold. */
struct fault {
    const char *mode;
    const char *sentence;
    uint32_t vector;
    uint32_t code_bits; /* of CODE_WRITE and CODE_FETCH, these exactly */
    uint64_t low, high; /* the address lies in between, for a page fault */
};

static const struct fault faults[] = {
    {"read-nowhere", "a read of nowhere ends only that process", VECTOR_PAGE, 0,
     CHILD_NOWHERE, CHILD_NOWHERE},
    {"write-nowhere", "a write to nowhere ends only that process", VECTOR_PAGE,
     CODE_WRITE, CHILD_NOWHERE, CHILD_NOWHERE},
    {"jump-nowhere", "a jump to nowhere ends only that process", VECTOR_PAGE,
     CODE_FETCH, CHILD_NOWHERE, CHILD_NOWHERE},
    {"read-kernel", "a read of the kernel's memory ends only that process",
     VECTOR_PAGE, 0, CHILD_KERNEL, CHILD_KERNEL},
    {"write-text", "a write to the program's text ends only that process",
     VECTOR_PAGE, CODE_WRITE, 0x400000, 0x500000},
    {"run-stack", "running the stack ends only that process", VECTOR_PAGE,
     CODE_FETCH, FOS_STACK_TOP - STACK_BYTES, FOS_STACK_TOP},
    {"run-data", "running data ends only that process", VECTOR_PAGE, CODE_FETCH,
     0x400000, 0x500000},
    {"overflow", "a stack that grows into its guard page ends only that process",
     VECTOR_PAGE, CODE_WRITE, FOS_STACK_TOP - STACK_BYTES - 8192,
     FOS_STACK_TOP - STACK_BYTES - 1},
    {"illegal", "an illegal instruction ends only that process", VECTOR_ILLEGAL, 0,
     0, 0},
    {"divide", "a division by zero ends only that process", VECTOR_DIVIDE, 0, 0, 0},
    {"privileged", "a privileged instruction ends only that process",
     VECTOR_GENERAL, 0, 0, 0},
    {"noncanonical", "an address that is none ends only that process",
     VECTOR_GENERAL, 0, 0, 0},
};

static void test_fault(const struct fault *f)
{
    struct fos_space_info info = {0};

    case_begin(f->sentence);
    CASE_EQUAL(child_run(f->mode, NULL, &info), PROC_STATUS_FAULT);
    CASE_EQUAL(info.state, FOS_SPACE_FAULTED);
    CASE_EQUAL(info.vector, f->vector);
    if (f->vector == VECTOR_PAGE) {
        CASE_EQUAL(info.error_code & (CODE_WRITE | CODE_FETCH), f->code_bits);
        if (info.address < f->low || info.address > f->high)
            case_fail("the address is 0x%llx", (unsigned long long)info.address);
    }
    if (!(f->code_bits & CODE_FETCH))
        CASE_CHECK(info.instruction >= 0x400000 && info.instruction < 0x500000);
    case_end();
}

static void test_kill(const char *mode, const char *sentence)
{
    uint64_t pid;
    int status = -1;

    case_begin(sentence);
    CASE_EQUAL(child_spawn(&(struct fos_spawn){0}, mode, NULL, &pid), 0);
    fos_clock_sleep(fos_now_ns() + 30 * FOS_MILLISECOND);
    CASE_EQUAL(fos_process_kill(pid), 0);
    CASE_EQUAL(fos_process_wait(pid, &status, NULL), 0);
    CASE_EQUAL(status, PROC_STATUS_KILLED);
    CASE_EQUAL(fos_process_wait(pid, &status, NULL), -FOS_EPERM);
    case_end();
}

static void test_strangers(void)
{
    struct proc_kill_req forged = {.pid = fos_pid()};
    struct proc_kill_rep rep;
    int status;

    case_begin("only ancestors kill and wait, and only as themselves");
    for (uint64_t pid = 1; pid <= fos_pid(); pid++) {
        CASE_EQUAL(fos_process_kill(pid), -FOS_EPERM);
        CASE_EQUAL(fos_process_wait(pid, &status, NULL), -FOS_EPERM);
    }
    forged.self = (struct fos_cap){fos_own_space().id, fos_own_space().secret ^ 1};
    CASE_EQUAL(proc_kill_call(fos_proc_peer(), &forged, &rep,
                              fos_now_ns() + 10 * FOS_SECOND),
               -FOS_EPERM);
    case_end();
}

static void test_bad_spawn(void)
{
    struct fos_spawn what = {.path = "no-such-program"};
    struct fos_kernel_info info;
    uint64_t pid;

    case_begin("a spawn that cannot be is refused with its reason");
    CASE_EQUAL(fos_spawn(&what, &pid), -FOS_ENOENT);
    what.path = "";
    CASE_EQUAL(fos_spawn(&what, &pid), -FOS_ENOENT);
    fos_sys_kernel_info(&info);
    what = (struct fos_spawn){.path = self, .vcpu_plus_one = info.vcpus + 1};
    CASE_EQUAL(fos_spawn(&what, &pid), -FOS_EINVAL);
    what = (struct fos_spawn){.path = self, .frames = UINT32_MAX};
    CASE_EQUAL(fos_spawn(&what, &pid), -FOS_EDQUOT);
    what = (struct fos_spawn){.path = self, .objects = UINT32_MAX};
    CASE_EQUAL(fos_spawn(&what, &pid), -FOS_EDQUOT);
    case_end();
}

/* Garbage of several sizes for the process fleet: it goes on answering. */
static void test_bad_requests(void)
{
    static uint8_t junk[6000];
    static const size_t sizes[] = {0, 1, 8, 31, 32, 33, 200, 3000, sizeof junk};
    struct proc_entry entries[4];
    uint64_t seed = fos_now_ns() | 1;

    case_begin("the process fleet survives malformed requests");
    for (uint32_t op = 0; op < 9; op++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            for (size_t j = 0; j < sizes[i]; j++) {
                seed = seed * 6364136223846793005ull + 1442695040888963407ull;
                junk[j] = (uint8_t)(seed >> 56);
            }
            uint64_t tag = (seed & ~FOS_TAG_OP_MASK) | FOS_TAG(proc, spawn);
            tag += op;
            if (sizes[i] >= sizeof tag)
                memcpy(junk, &tag, sizeof tag);
            if (sizes[i] >= sizeof(struct proc_kill_req) && (seed & 1ull << 40))
                ((struct proc_kill_req *)junk)->self = fos_own_space();
            fos_post(fos_start_page->caps[FOS_START_PROC], junk, sizes[i],
                     fos_now_ns() + 10 * FOS_SECOND);
        }
    CASE_CHECK(fos_process_list(entries, 4) > 0);
    case_end();
}

static void test_frame_quota(void)
{
    struct fos_spawn what = {.frames = 400};
    struct fos_space_info info;
    uint64_t pid;
    int status = -1;

    case_begin("a process that uses up its frames gets ENOMEM and goes on");
    CASE_EQUAL(child_spawn(&what, "hog", NULL, &pid), 0);
    CASE_EQUAL(fos_process_wait(pid, &status, &info), 0);
    CASE_EQUAL(status, 0);
    CASE_EQUAL(info.frames_quota, 400);
    CASE_CHECK(info.frames_used <= 400 && info.frames_used > 300);
    case_end();
}

static void test_small_quota(void)
{
    struct fos_spawn what = {.frames = 96};
    struct fos_spawn usual = {.frames = 400};
    uint64_t pid;
    int status = -1;

    case_begin(
        "a program that does not fit its quota is refused and leaves nothing");
    CASE_EQUAL(child_spawn(&what, "exit", "0", &pid), -FOS_EDQUOT);
    CASE_EQUAL(child_spawn(&usual, "exit", "3", &pid), 0);
    CASE_EQUAL(fos_process_wait(pid, &status, NULL), 0);
    CASE_EQUAL(status, 3);
    case_end();
}

static void test_object_quota(void)
{
    struct fos_spawn what = {.objects = 12};
    uint64_t pid;
    int status = -1;

    case_begin("a process that uses up its objects gets EDQUOT and goes on");
    CASE_EQUAL(child_spawn(&what, "mailboxes", NULL, &pid), 0);
    CASE_EQUAL(fos_process_wait(pid, &status, NULL), 0);
    CASE_EQUAL(status, 0);
    case_end();
}

static void test_place(void)
{
    struct fos_kernel_info info;

    case_begin("a child runs on the vCPU asked for");
    fos_sys_kernel_info(&info);
    for (uint32_t v = 0; v < info.vcpus; v++) {
        struct fos_spawn what = {.vcpu_plus_one = v + 1};
        uint64_t pid;
        int status = -1;
        CASE_EQUAL(child_spawn(&what, "vcpu", NULL, &pid), 0);
        CASE_EQUAL(fos_process_wait(pid, &status, NULL), 0);
        CASE_EQUAL(status, (int)v);
    }
    case_end();
}

static uint64_t newest_named(const char *name)
{
    struct proc_entry entries[64];
    long count = fos_process_list(entries, 64);
    uint64_t pid = 0;

    for (long i = 0; i < count; i++)
        if (!strcmp(entries[i].name, name) && entries[i].pid > pid)
            pid = entries[i].pid;
    return pid;
}

static void test_orphan(void)
{
    uint64_t grandchild;
    int status;

    case_begin("a grandchild outlives its parent, and its grandparent can end it");
    CASE_EQUAL(child_run("leave-child", NULL, NULL), 0);
    grandchild = newest_named(self);
    CASE_CHECK(grandchild > fos_pid());
    CASE_EQUAL(fos_process_kill(grandchild), 0);
    CASE_EQUAL(fos_process_wait(grandchild, &status, NULL), -FOS_EPERM);
    case_end();
}

/* The kernel and this fleet's table hold far fewer: the bomb must meet its limit,
 * and its end must give all back. */
static void test_bomb(void)
{
    uint64_t pid;
    int status = -1;

    case_begin(
        "a process that spawns without end meets its limit, and its end frees all");
    CASE_EQUAL(child_spawn(&(struct fos_spawn){0}, "bomb", NULL, &pid), 0);
    CASE_EQUAL(fos_process_wait(pid, &status, NULL), 0);
    CASE_EQUAL(status, 0);
    while ((pid = newest_named(self)) != fos_pid() && pid)
        CASE_EQUAL(fos_process_kill(pid), 0);
    case_end();
}

static void test_again(void)
{
    struct fos_space_info info;

    case_begin("a hundred children one after the other leave nothing behind");
    for (int i = 0; i < 100; i++)
        CASE_EQUAL(child_run("exit", "1", &info), 1);
    case_end();
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc > 1)
        return child_main(argc, argv);
    /* What is made once and kept: heap, stdio, the reply mailbox. */
    case_begin("");
    child_run("exit", "0", NULL);
    puts("process: starting");

    test_exit();
    test_arguments();
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        test_fault(&faults[i]);
    test_kill("sleep", "a sleeping process can be killed");
    test_kill("spin", "a process that never leaves user code can be killed");
    test_kill("traps",
              "a process that does nothing but system calls can be killed");
    test_strangers();
    test_bad_spawn();
    test_bad_requests();
    test_frame_quota();
    test_small_quota();
    test_object_quota();
    test_place();
    test_orphan();
    test_bomb();
    test_again();
    return cases_status();
}
