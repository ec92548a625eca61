/* SPDX-License-Identifier: MIT */
/*
 * memcpy, memmove, memset, memcmp: they stand on the message path, where newlib's are
 * several times slower.  Up to 64 bytes go by overlapping wide loads and stores (all
 * loads before any store, so memmove may share them), up to 512 by a 16-byte loop,
 * above that by `rep movsq` / `rep stosq`, the processor's own fast copy (by bytes it is
 * no faster there, and eight times slower where a translator goes through them one by
 * one).
 */
    .text

#define FUNCTION(name)                                                               \
    .section .text.name, "ax", @progbits;                                            \
    .globl name;                                                                     \
    .type name, @function;                                                           \
    .balign 32;                                                                      \
name:
#define END(name) .size name, . - name

/* 0..64 bytes at %rsi to %rdi, length %rdx; returns. */
    .section .text.copy_small, "ax", @progbits
    .balign 32
copy_small:
    cmpq $16, %rdx
    jb 1f
    cmpq $32, %rdx
    ja 2f
    movups (%rsi), %xmm0
    movups -16(%rsi,%rdx), %xmm1
    movups %xmm0, (%rdi)
    movups %xmm1, -16(%rdi,%rdx)
    ret
2:  movups (%rsi), %xmm0
    movups 16(%rsi), %xmm1
    movups -32(%rsi,%rdx), %xmm2
    movups -16(%rsi,%rdx), %xmm3
    movups %xmm0, (%rdi)
    movups %xmm1, 16(%rdi)
    movups %xmm2, -32(%rdi,%rdx)
    movups %xmm3, -16(%rdi,%rdx)
    ret
1:  cmpl $8, %edx
    jb 1f
    movq (%rsi), %rcx
    movq -8(%rsi,%rdx), %r8
    movq %rcx, (%rdi)
    movq %r8, -8(%rdi,%rdx)
    ret
1:  cmpl $4, %edx
    jb 1f
    movl (%rsi), %ecx
    movl -4(%rsi,%rdx), %r8d
    movl %ecx, (%rdi)
    movl %r8d, -4(%rdi,%rdx)
    ret
1:  testl %edx, %edx
    jz 1f
    movzbl (%rsi), %ecx
    movzbl -1(%rsi,%rdx), %r8d
    movl %edx, %r9d
    shrl $1, %r9d
    movzbl (%rsi,%r9), %r10d
    movb %cl, (%rdi)
    movb %r10b, (%rdi,%r9)
    movb %r8b, -1(%rdi,%rdx)
1:  ret

FUNCTION(memcpy)
    movq %rdi, %rax
    cmpq $64, %rdx
    jbe copy_small
copy_forward:
/* The last 16 bytes are loaded first: in an overlap what follows may write there. */
    movups -16(%rsi,%rdx), %xmm1
    leaq -16(%rdi,%rdx), %r8
    cmpq $512, %rdx
    jb 2f
    movq %rdx, %rcx
    shrq $3, %rcx
    rep movsq
    movups %xmm1, (%r8)
    ret
2:  movups (%rsi), %xmm0
    movups %xmm0, (%rdi)
    addq $16, %rsi
    addq $16, %rdi
    cmpq %r8, %rdi
    jb 2b
    movups %xmm1, (%r8)
    ret
END(memcpy)

FUNCTION(memmove)
    movq %rdi, %rax
    cmpq $64, %rdx
    jbe copy_small
    movq %rdi, %rcx
    subq %rsi, %rcx
    cmpq %rdx, %rcx
    jae copy_forward
/* The destination begins inside the source: from the end, down. */
    movups (%rsi), %xmm1
    leaq (%rsi,%rdx), %rsi
    leaq (%rdi,%rdx), %rcx
    leaq 16(%rdi), %r8
1:  movups -16(%rsi), %xmm0
    movups %xmm0, -16(%rcx)
    subq $16, %rsi
    subq $16, %rcx
    cmpq %r8, %rcx
    ja 1b
    movups %xmm1, (%rdi)
    ret
END(memmove)

FUNCTION(memset)
    movq %rdi, %r8
    movzbl %sil, %eax
    cmpq $16, %rdx
    jb 2f
    cmpq $512, %rdx
    jae 3f
    imull $0x01010101, %eax, %eax
    movd %eax, %xmm0
    pshufd $0, %xmm0, %xmm0
    leaq -16(%rdi,%rdx), %r9
1:  movups %xmm0, (%rdi)
    addq $16, %rdi
    cmpq %r9, %rdi
    jb 1b
    movups %xmm0, (%r9)
    movq %r8, %rax
    ret
2:  movl %edx, %ecx
    rep stosb
    movq %r8, %rax
    ret
3:  movabsq $0x0101010101010101, %rcx
    imulq %rcx, %rax
    leaq -8(%rdi,%rdx), %r9
    movq %rdx, %rcx
    shrq $3, %rcx
    rep stosq
    movq %rax, (%r9)
    movq %r8, %rax
    ret
END(memset)

FUNCTION(memcmp)
    xorl %eax, %eax
    cmpq $8, %rdx
    jb 2f
1:  movq (%rdi), %rcx
    movq (%rsi), %r8
    cmpq %r8, %rcx
    jne 4f
    addq $8, %rdi
    addq $8, %rsi
    subq $8, %rdx
    cmpq $8, %rdx
    jae 1b
2:  testq %rdx, %rdx
    jz 3f
    movzbl (%rdi), %eax
    movzbl (%rsi), %ecx
    subl %ecx, %eax
    jnz 3f
    incq %rdi
    incq %rsi
    decq %rdx
    jmp 2b
3:  ret
4:  bswapq %rcx
    bswapq %r8
    cmpq %r8, %rcx
    sbbl %eax, %eax
    orl $1, %eax
    ret
END(memcmp)

    .section .note.GNU-stack, "", @progbits
