/* SPDX-License-Identifier: MIT */
/*
 * fos_upcall_entry: where the kernel enters user code for an upcall; see fos/upcall.h.
 * In: rdi = struct fos_frame, rsi = struct fos_events, rsp = frame - 8, hold = 1.
 *
 * rbx and r12 hold the two meanwhile.  From `hold = 0` on another upcall may come between
 * any two instructions: it puts its frame below the red zone of rsp, and all that is still
 * needed lies above rsp.
 */
#define FRAME_RIP    120
#define FRAME_RSP    136
#define FRAME_VECTOR 144
#define EVENTS_SIGNALS 8
#define EVENTS_BLOCKED 16
#define EVENTS_HOLD    24
#define VECTOR_NONE  256
#define RED_ZONE     128
#define XSAVE_HEADER 512

    .text
    .globl fos_upcall_entry
    .type fos_upcall_entry, @function
fos_upcall_entry:
    movq %rdi, %rbx
    movq %rsi, %r12
again:
    movq %rsp, %rbp
    subq fos_upcall_area(%rip), %rsp
    andq $-64, %rsp
    movq %rsp, %r13
    movl fos_upcall_mask(%rip), %eax
    movl fos_upcall_mask+4(%rip), %edx
    testl %eax, %eax
    jz 1f
    xorl %ecx, %ecx                     /* what XSAVE leaves of its header */
2:  movq $0, XSAVE_HEADER(%r13,%rcx,8)
    incl %ecx
    cmpl $8, %ecx
    jb 2b
    xsave64 (%r13)
    jmp 3f
1:  fxsave64 (%r13)
3:  movq %rbx, %rdi
    movq %r12, %rsi
    call *fos_upcall_function(%rip)
    movl fos_upcall_mask(%rip), %eax
    movl fos_upcall_mask+4(%rip), %edx
    testl %eax, %eax
    jz 1f
    xrstor64 (%r13)
    jmp 2f
1:  fxrstor64 (%r13)
2:  movq %rbp, %rsp
leave:
    movl $0, EVENTS_HOLD(%r12)
    lock orl $0, (%rsp)                 /* hold is seen before signals is read */
    movq EVENTS_BLOCKED(%r12), %rax
    notq %rax
    testq %rax, EVENTS_SIGNALS(%r12)
    jz 1f
    movl $1, EVENTS_HOLD(%r12)
    movq $VECTOR_NONE, FRAME_VECTOR(%rbx)
    jmp again
1:  movq FRAME_RIP(%rbx), %rcx
    movq FRAME_RSP(%rbx), %rax
    subq $(RED_ZONE + 8), %rax
    movq %rcx, (%rax)
    movq %rax, FRAME_RSP(%rbx)
    movq %rbx, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rax
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
    leaq 8(%rsp), %rsp                  /* rip */
    popfq
    popq %rsp
    ret $RED_ZONE
    .size fos_upcall_entry, . - fos_upcall_entry

/* void fos_upcall_return(struct fos_frame *frame, struct fos_events *events) */
    .globl fos_upcall_return
    .type fos_upcall_return, @function
fos_upcall_return:
    movq %rdi, %rbx
    movq %rsi, %r12
    leaq -8(%rdi), %rsp
    jmp leave
    .size fos_upcall_return, . - fos_upcall_return

    .section .note.GNU-stack, "", @progbits
