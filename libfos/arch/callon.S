/* SPDX-License-Identifier: MIT */
/* signal_call_on(top, function, argument): posix/signals.h. */
    .text
    .globl signal_call_on
    .type signal_call_on, @function
signal_call_on:
    pushq %rbp
    movq %rsp, %rbp
    movq %rdi, %rsp
    andq $-16, %rsp
    movq %rdx, %rdi
    call *%rsi
    movq %rbp, %rsp
    popq %rbp
    ret
    .size signal_call_on, . - signal_call_on
    .section .note.GNU-stack, "", @progbits
