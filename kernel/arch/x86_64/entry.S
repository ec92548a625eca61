/* SPDX-License-Identifier: MIT */
/*
 * Every way into and out of the kernel.
 *
 * Xen enters with rcx, r11, [error code], rip, cs, rflags, rsp, ss on the kernel
 * stack of this vCPU and with events masked.  The stubs complete that to a struct
 * regs (cpu.h) and call trap_handler, which may exchange the whole frame for
 * another thread's.  The kernel is not preemptible and never returns to itself
 * but from an upcall that found it idle, and from a spurious fault.
 */
#define __ASSEMBLY__
#define __XEN_INTERFACE_VERSION__ 0x00040e00
#include <xen/elfnote.h>
#include <xen/xen.h>
#include "arch/x86_64/layout.h"

.macro NOTE_BEGIN type
    .pushsection .note.Xen, "a", @note
    .align 4
    .long 4, 2f - 1f, \type
    .asciz "Xen"
1:
.endm

.macro NOTE_END
2:  .align 4
    .popsection
.endm

.macro TEXT_NOTE type, text
    NOTE_BEGIN \type
    .asciz "\text"
    NOTE_END
.endm

.macro QUAD_NOTE type, value
    NOTE_BEGIN \type
    .quad \value
    NOTE_END
.endm

TEXT_NOTE XEN_ELFNOTE_GUEST_OS, "fos"
TEXT_NOTE XEN_ELFNOTE_GUEST_VERSION, "1"
TEXT_NOTE XEN_ELFNOTE_XEN_VERSION, "xen-3.0"
TEXT_NOTE XEN_ELFNOTE_LOADER, "generic"
TEXT_NOTE XEN_ELFNOTE_PAE_MODE, "yes"
QUAD_NOTE XEN_ELFNOTE_VIRT_BASE, KERNEL_BASE
QUAD_NOTE XEN_ELFNOTE_PADDR_OFFSET, 0
QUAD_NOTE XEN_ELFNOTE_ENTRY, _start
QUAD_NOTE XEN_ELFNOTE_HYPERCALL_PAGE, hypercall_page

    .section .text.head, "ax"
    .globl _start
_start:
    cld
    lea boot_stack_end(%rip), %rsp
    mov %rsi, %rdi
    xor %ebp, %ebp
    call kernel_main
    ud2

/* A secondary vCPU starts on its own stack. */
    .globl secondary_start
secondary_start:
    cld
    xor %ebp, %ebp
    call secondary_main
    ud2

    .section .text.hypercall, "ax"
    .globl hypercall_page
    .align 4096
hypercall_page:
    .skip 4096

    .text
.macro TRAP name, vector, has_error=0
    .globl \name
    .align 16
\name:
    mov (%rsp), %rcx
    mov 8(%rsp), %r11
.if \has_error
    add $16, %rsp
.else
    add $8, %rsp
    movq $0, (%rsp)
.endif
    pushq $\vector
    jmp trap_common
.endm

.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 9, 15, 16, 18, 19
TRAP trap_\n, \n
.endr
.irp n, 8, 10, 11, 12, 13, 14, 17
TRAP trap_\n, \n, 1
.endr
TRAP syscall_entry, VECTOR_SYSCALL
TRAP upcall_entry, VECTOR_UPCALL

trap_common:
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    cld
    mov %rsp, %rdi
    mov %rsp, %r12
    xor %ebp, %ebp              /* backtraces stop here */
    and $-16, %rsp
    call trap_handler
    mov %r12, %rsp

    .globl trap_return
trap_return:                    /* rsp: struct regs */
    testb $3, 18*8(%rsp)        /* cs */
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
    jz 1f
    add $8, %rsp                /* vector */
    movq $0, (%rsp)             /* error code -> flags of struct iret_context */
    jmp hypercall_page + __HYPERVISOR_iret * 32
1:  add $16, %rsp               /* within the kernel, which stays masked */
    orb $3, 8(%rsp)             /* Xen cleared the privilege bits it shows us */
    orb $3, 32(%rsp)
    iretq

/* Xen could not reload a user selector: rcx, r11, ds, es, fs, gs are on top of the
 * frame.  The user's selectors are gone (null); go back with them so. */
    .globl failsafe_entry
failsafe_entry:
    mov (%rsp), %rcx
    mov 8(%rsp), %r11
    add $40, %rsp               /* leaves one word to become the error code */
    movq $0, (%rsp)
    pushq $13                   /* as a general protection fault */
    jmp trap_common

/* void stack_switch_call(void *stack_top, void (*function)(void)) */
    .globl stack_switch_call
stack_switch_call:
    mov %rdi, %rsp
    xor %ebp, %ebp
    call *%rsi
    ud2

    .section .bss
    .align 4096
    .skip 16384
boot_stack_end:

    .section .note.GNU-stack, "", @progbits
