/* SPDX-License-Identifier: MIT */
/*
 * Every register a program may use, held through something: written in bulk, read
 * back in bulk, with no compiler's code in between.
 */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

enum register_number {
    REG_RAX,
    REG_RBX,
    REG_RCX,
    REG_RDX,
    REG_RSI,
    REG_RDI,
    REG_RBP,
    REG_R8,
    REG_R9,
    REG_R10,
    REG_R11,
    REG_R12,
    REG_R13,
    REG_R14,
    REG_R15,
    REGS,
    VECTORS = 16,
    MMX = 8
};

#define FLAG_CARRY      0x1u
#define FLAG_DIRECTION  0x400u
#define MXCSR_DEFAULT   0x1f80u
#define CONTROL_DEFAULT 0x37fu

/* The assembly in registers.c knows the offsets. */
struct registers {
    uint64_t general[REGS]; /* by register_number */
    uint64_t flags;         /* carry and direction matter */
    uint64_t mmx[MMX];      /* the mantissas of the x87 registers */
    uint32_t mxcsr;
    uint16_t control; /* of the x87 */
    uint16_t reserved[5];
    uint8_t vector[VECTORS][32]; /* the upper halves where there is AVX */
};

/* What is loaded, and what was found. */
extern struct registers held_before, held_after;

/* Whether the processor has AVX and the kernel has switched it on. */
bool registers_avx(void);

/* Other values for other seeds; mxcsr and control word too, exceptions masked. */
void registers_fill(uint64_t seed);

/* Loads held_before, counts down from `rounds`, and stores held_after. */
void registers_hold_loop(uint64_t rounds);

/* The same around one system call; rax of held_before is its number. */
void registers_hold_call(void);

/* The first register that differs, NULL if none does; a call loses rax, rcx, r11.
 */
const char *registers_differ(bool call);

uint32_t mxcsr_read(void);
uint16_t control_read(void);

#endif
