/* SPDX-License-Identifier: MIT */
/* Where a process begins: %rdi = its start page, %rsp = the top of its stack. */
    .section .text._start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    xorl %ebp, %ebp
    andq $-16, %rsp
    movq $main, %rsi
    call fos_start_main
    ud2
    .size _start, . - _start
    .section .note.GNU-stack, "", @progbits
