/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <stdlib.h>
#include <string.h>

#include <fos/clock.h>
#include <fos/msg.h>
#include <fos/proc.h>
#include <fos/start.h>
#include <fos/syscall.h>

static const char *program;

static int do_abort(void)
{
    abort();
}

static int do_read_nowhere(void)
{
    return *(volatile char *)CHILD_NOWHERE;
}

static int do_write_nowhere(void)
{
    *(volatile char *)CHILD_NOWHERE = 1;
    return 0;
}

static int do_jump_nowhere(void)
{
    ((void (*)(void))CHILD_NOWHERE)();
    return 0;
}

static int do_read_kernel(void)
{
    return *(volatile char *)CHILD_KERNEL;
}

static int do_write_text(void)
{
    *(volatile char *)(uintptr_t)&child_main = 1;
    return 0;
}

static int do_run_stack(void)
{
    volatile unsigned char code[16] = {0xc3}; /* ret */

    ((void (*)(void))(uintptr_t)code)();
    return 0;
}

static int do_run_data(void)
{
    static volatile unsigned char code[16] = {0xc3};

    ((void (*)(void))(uintptr_t)code)();
    return 0;
}

__attribute__((noinline)) static int overflow(int depth)
{
    volatile char frame[1024];

    memset((char *)frame, depth, sizeof frame);
    return depth ? overflow(depth - 1) + frame[1] : 0;
}

static int do_overflow(void)
{
    return overflow(1 << 20);
}

static int do_illegal(void)
{
    __asm__ volatile("ud2");
    return 0;
}

static int do_divide(void)
{
    __asm__ volatile("xorl %%ecx, %%ecx; movl $1, %%eax; cltd; idivl %%ecx" ::
                         : "eax", "ecx", "edx");
    return 0;
}

static int do_privileged(void)
{
    __asm__ volatile("movq %0, %%cr3" ::"r"(0ull));
    return 0;
}

static int do_noncanonical(void)
{
    return *(volatile char *)0x8000000000000000ull;
}

static int do_sleep(void)
{
    for (;;)
        fos_clock_sleep(fos_now_ns() + FOS_SECOND);
    return 0;
}

static int do_spin(void)
{
    for (;;)
        __asm__ volatile("pause");
    return 0;
}

static int do_traps(void)
{
    for (;;)
        fos_sys_null();
    return 0;
}

/* Heap until there is no more, all of it touched; then the rest must still work. */
static int do_hog(void)
{
    enum { PIECE = 65536, PIECES = 100 };
    static char *pieces[PIECES];
    int got = 0;

    while (got < PIECES && (pieces[got] = malloc(PIECE)) != NULL)
        memset(pieces[got++], 1, PIECE);
    return got > 2 && got < PIECES ? 0 : 1;
}

static int do_mailboxes(void)
{
    static struct fos_mailbox boxes[64];
    int made = 0;

    while (made < 64 && fos_mailbox_create(&boxes[made], 64) == 0)
        made++;
    if (made == 0 || made == 64)
        return 1;
    fos_mailbox_close(&boxes[0]);
    return fos_mailbox_create(&boxes[0], 64) == 0 ? 0 : 2;
}

static int do_vcpu(void)
{
    struct fos_kernel_info info;

    fos_sys_kernel_info(&info);
    return info.vcpu_current == fos_start_page->vcpu ? (int)info.vcpu_current : 255;
}

static long another(const char *mode, uint64_t *pid)
{
    const char *argv[] = {program, mode, NULL};

    return fos_spawn_program(program, argv, NULL, 0, pid);
}

static int do_leave_child(void)
{
    uint64_t pid;

    return another("sleep", &pid) == 0 ? 0 : 1;
}

/* Some hundred would be far too many: 0 means a limit was met before. */
static int do_bomb(void)
{
    uint64_t pid;

    for (int i = 0; i < 300; i++) {
        long error = another("sleep", &pid);
        if (error)
            return error == -FOS_EDQUOT || error == -FOS_ENOMEM ? 0 : 2;
    }
    return 1;
}

static int do_arguments(int argc, char **argv)
{
    struct fos_cap one = fos_start_extra(0), two = fos_start_extra(1);

    if (argc != 5 || argv[2][0] || strcmp(argv[3], "two words") || argv[4][0] ||
        argv[5])
        return 1;
    return one.id == 11 && one.secret == 12 && two.id == 13 && two.secret == 14 &&
                   fos_start_extra(2).id == 0
               ? 0
               : 2;
}

static const struct {
    const char *mode;
    int (*run)(void);
} modes[] = {
    {"abort", do_abort},
    {"read-nowhere", do_read_nowhere},
    {"write-nowhere", do_write_nowhere},
    {"jump-nowhere", do_jump_nowhere},
    {"read-kernel", do_read_kernel},
    {"write-text", do_write_text},
    {"run-stack", do_run_stack},
    {"run-data", do_run_data},
    {"overflow", do_overflow},
    {"illegal", do_illegal},
    {"divide", do_divide},
    {"privileged", do_privileged},
    {"noncanonical", do_noncanonical},
    {"sleep", do_sleep},
    {"spin", do_spin},
    {"traps", do_traps},
    {"hog", do_hog},
    {"mailboxes", do_mailboxes},
    {"vcpu", do_vcpu},
    {"leave-child", do_leave_child},
    {"bomb", do_bomb},
};

int child_main(int argc, char **argv)
{
    program = argv[0];
    if (!strcmp(argv[1], "exit"))
        return atoi(argv[2]);
    if (!strcmp(argv[1], "arguments"))
        return do_arguments(argc, argv);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(argv[1], modes[i].mode))
            return modes[i].run();
    return 99;
}
