/* SPDX-License-Identifier: MIT */
/*
 * void registers_hold(const struct registers *in, struct registers *out,
 *                     _Atomic uint64_t *flag, _Atomic uint64_t *ready)
 *
 * Every register but rsp and rcx (which spins on the flag) holds what `in` says, as does the
 * red zone, of which the upper eight words are used for what must be kept.
 */
    .text
    .globl registers_hold
registers_hold:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    push %rsi                           /* out */
    push %rcx                           /* ready */
    push %rdx                           /* flag */
    .set at, 0
    .rept 16                            /* the red zone */
    movq 384+at(%rdi), %rax
    movq %rax, -128+at(%rsp)
    .set at, at + 8
    .endr
    movups 128(%rdi), %xmm0
    movups 144(%rdi), %xmm1
    movups 160(%rdi), %xmm2
    movups 176(%rdi), %xmm3
    movups 192(%rdi), %xmm4
    movups 208(%rdi), %xmm5
    movups 224(%rdi), %xmm6
    movups 240(%rdi), %xmm7
    movups 256(%rdi), %xmm8
    movups 272(%rdi), %xmm9
    movups 288(%rdi), %xmm10
    movups 304(%rdi), %xmm11
    movups 320(%rdi), %xmm12
    movups 336(%rdi), %xmm13
    movups 352(%rdi), %xmm14
    movups 368(%rdi), %xmm15
    movq 0(%rdi), %rax
    movq 8(%rdi), %rbx
    movq 24(%rdi), %rdx
    movq 32(%rdi), %rsi
    movq 48(%rdi), %rbp
    movq 56(%rdi), %r8
    movq 64(%rdi), %r9
    movq 72(%rdi), %r10
    movq 80(%rdi), %r11
    movq 88(%rdi), %r12
    movq 96(%rdi), %r13
    movq 104(%rdi), %r14
    movq 112(%rdi), %r15
    movq 8(%rsp), %rcx
    movq $1, (%rcx)
    movq (%rsp), %rcx
    movq 40(%rdi), %rdi
1:  cmpq $0, (%rcx)
    je 1b
    movq 16(%rsp), %rcx                 /* out */
    movq %rax, 0(%rcx)
    movq %rbx, 8(%rcx)
    movq %rdx, 24(%rcx)
    movq %rsi, 32(%rcx)
    movq %rdi, 40(%rcx)
    movq %rbp, 48(%rcx)
    movq %r8, 56(%rcx)
    movq %r9, 64(%rcx)
    movq %r10, 72(%rcx)
    movq %r11, 80(%rcx)
    movq %r12, 88(%rcx)
    movq %r13, 96(%rcx)
    movq %r14, 104(%rcx)
    movq %r15, 112(%rcx)
    movups %xmm0, 128(%rcx)
    movups %xmm1, 144(%rcx)
    movups %xmm2, 160(%rcx)
    movups %xmm3, 176(%rcx)
    movups %xmm4, 192(%rcx)
    movups %xmm5, 208(%rcx)
    movups %xmm6, 224(%rcx)
    movups %xmm7, 240(%rcx)
    movups %xmm8, 256(%rcx)
    movups %xmm9, 272(%rcx)
    movups %xmm10, 288(%rcx)
    movups %xmm11, 304(%rcx)
    movups %xmm12, 320(%rcx)
    movups %xmm13, 336(%rcx)
    movups %xmm14, 352(%rcx)
    movups %xmm15, 368(%rcx)
    .set at, 0
    .rept 16
    movq -128+at(%rsp), %rax
    movq %rax, 384+at(%rcx)
    .set at, at + 8
    .endr
    add $24, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
    .section .note.GNU-stack, "", @progbits
