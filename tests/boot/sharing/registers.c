/* SPDX-License-Identifier: MIT */
#include "registers.h"

#include <stddef.h>
#include <string.h>

#include "../family.h"

struct registers held_before __attribute__((aligned(64)));
struct registers held_after __attribute__((aligned(64)));

/* Used by the assembly alone. */
uint64_t held_rounds;
uint8_t held_avx;
const uint32_t held_defaults[2] = {MXCSR_DEFAULT, CONTROL_DEFAULT};

_Static_assert(offsetof(struct registers, flags) == 120, "the assembly's offsets");
_Static_assert(offsetof(struct registers, mmx) == 128, "the assembly's offsets");
_Static_assert(offsetof(struct registers, mxcsr) == 192, "the assembly's offsets");
_Static_assert(offsetof(struct registers, control) == 196,
               "the assembly's offsets");
_Static_assert(offsetof(struct registers, vector) == 208, "the assembly's offsets");

/* clang-format off */
__asm__(
    ".macro ALL_GENERAL what\n"
    "    \\what %rax, 0\n    \\what %rbx, 8\n    \\what %rcx, 16\n"
    "    \\what %rdx, 24\n   \\what %rsi, 32\n   \\what %rdi, 40\n"
    "    \\what %rbp, 48\n   \\what %r8, 56\n    \\what %r9, 64\n"
    "    \\what %r10, 72\n   \\what %r11, 80\n   \\what %r12, 88\n"
    "    \\what %r13, 96\n   \\what %r14, 104\n  \\what %r15, 112\n"
    ".endm\n"
    ".macro LOAD_GENERAL register, at\n"
    "    mov held_before+\\at(%rip), \\register\n"
    ".endm\n"
    ".macro STORE_GENERAL register, at\n"
    "    mov \\register, held_after+\\at(%rip)\n"
    ".endm\n"

    ".macro LOAD_VECTOR move, kind\n"
    "    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "    \\move held_before+208+32*\\n(%rip), %\\kind\\n\n"
    "    .endr\n"
    ".endm\n"
    ".macro STORE_VECTOR move, kind\n"
    "    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "    \\move %\\kind\\n, held_after+208+32*\\n(%rip)\n"
    "    .endr\n"
    ".endm\n"

    ".macro HOLD_BEGIN\n"
    "    push %rbx\n    push %rbp\n    push %r12\n"
    "    push %r13\n    push %r14\n    push %r15\n"
    "    ldmxcsr held_before+192(%rip)\n"
    "    fldcw held_before+196(%rip)\n"
    "    .irp n, 0,1,2,3,4,5,6,7\n"
    "    movq held_before+128+8*\\n(%rip), %mm\\n\n"
    "    .endr\n"
    "    cmpb $0, held_avx(%rip)\n"
    "    jne 1f\n"
    "    LOAD_VECTOR movdqu, xmm\n"
    "    jmp 2f\n"
    "1:  LOAD_VECTOR vmovdqu, ymm\n"
    "2:  pushq held_before+120(%rip)\n"
    "    popfq\n"
    "    ALL_GENERAL LOAD_GENERAL\n"
    ".endm\n"

    ".macro HOLD_END\n"
    "    ALL_GENERAL STORE_GENERAL\n"
    "    pushfq\n"
    "    popq held_after+120(%rip)\n"
    "    cld\n"
    "    cmpb $0, held_avx(%rip)\n"
    "    jne 1f\n"
    "    STORE_VECTOR movdqu, xmm\n"
    "    jmp 2f\n"
    "1:  STORE_VECTOR vmovdqu, ymm\n"
    "    vzeroupper\n"
    "2:  .irp n, 0,1,2,3,4,5,6,7\n"
    "    movq %mm\\n, held_after+128+8*\\n(%rip)\n"
    "    .endr\n"
    "    emms\n"
    "    stmxcsr held_after+192(%rip)\n"
    "    fnstcw held_after+196(%rip)\n"
    "    ldmxcsr held_defaults(%rip)\n"
    "    fldcw held_defaults+4(%rip)\n"
    "    pop %r15\n    pop %r14\n    pop %r13\n"
    "    pop %r12\n    pop %rbp\n    pop %rbx\n"
    "    ret\n"
    ".endm\n"

    "    .text\n"
    "    .globl registers_hold_loop\n"
    "registers_hold_loop:\n"
    "    mov %rdi, held_rounds(%rip)\n"
    "    HOLD_BEGIN\n"
    "3:  decq held_rounds(%rip)\n"          /* leaves the carry alone */
    "    jnz 3b\n"
    "    HOLD_END\n"

    "    .globl registers_hold_call\n"
    "registers_hold_call:\n"
    "    HOLD_BEGIN\n"
    "    syscall\n"
    "    HOLD_END\n");
/* clang-format on */

static void cpuid(uint32_t leaf, uint32_t r[4])
{
    __asm__("cpuid"
            : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
            : "a"(leaf), "c"(0));
}

bool registers_avx(void)
{
    enum { OSXSAVE_AND_AVX = 3 << 27, XMM_AND_YMM = 6 };
    uint32_t r[4], low, high;

    cpuid(1, r);
    if ((r[2] & OSXSAVE_AND_AVX) != OSXSAVE_AND_AVX)
        return false;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & XMM_AND_YMM) == XMM_AND_YMM;
}

void registers_fill(uint64_t seed)
{
    struct dice dice = dice_of(seed);

    held_avx = registers_avx();
    memset(&held_before, 0, sizeof held_before);
    dice_fill(&dice, held_before.general, sizeof held_before.general);
    dice_fill(&dice, held_before.mmx, sizeof held_before.mmx);
    dice_fill(&dice, held_before.vector, sizeof held_before.vector);
    held_before.flags =
        2 | (seed & 1 ? FLAG_CARRY : 0) | (seed & 2 ? FLAG_DIRECTION : 0);
    /* rounding, bits 13 and 14, flush to zero, bit 15; rounding, bits 10 and 11 */
    held_before.mxcsr = MXCSR_DEFAULT | dice_below(&dice, 8) << 13;
    held_before.control = (uint16_t)(CONTROL_DEFAULT | dice_below(&dice, 4) << 10);
    memset(&held_after, 0x55, sizeof held_after);
}

static const char *general_differ(bool call)
{
    static const char *const names[REGS] = {"rax", "rbx", "rcx", "rdx", "rsi",
                                            "rdi", "rbp", "r8",  "r9",  "r10",
                                            "r11", "r12", "r13", "r14", "r15"};

    for (int i = 0; i < REGS; i++) {
        if (call && (i == REG_RAX || i == REG_RCX || i == REG_R11))
            continue;
        if (held_before.general[i] != held_after.general[i])
            return names[i];
    }
    return NULL;
}

const char *registers_differ(bool call)
{
    const uint64_t flags = FLAG_CARRY | FLAG_DIRECTION;
    size_t bytes = registers_avx() ? 32 : 16;
    const char *name = general_differ(call);

    if (name)
        return name;
    if ((held_before.flags ^ held_after.flags) & flags)
        return "carry or direction flag";
    for (int i = 0; i < VECTORS; i++)
        if (memcmp(held_before.vector[i], held_after.vector[i], bytes) != 0)
            return "a vector register";
    if (memcmp(held_before.mmx, held_after.mmx, sizeof held_before.mmx) != 0)
        return "an x87 register";
    if (held_before.mxcsr != held_after.mxcsr)
        return "mxcsr";
    return held_before.control != held_after.control ? "the x87 control word"
                                                     : NULL;
}

uint32_t mxcsr_read(void)
{
    uint32_t value;

    __asm__ volatile("stmxcsr %0" : "=m"(value));
    return value;
}

uint16_t control_read(void)
{
    uint16_t value;

    __asm__ volatile("fnstcw %0" : "=m"(value));
    return value;
}
