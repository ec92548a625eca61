/* SPDX-License-Identifier: MIT */
/*
 * Numbers shared by C and assembly: the kernel's half of the address space.
 *
 *   ffff8000'00000000  Xen's own, with the machine-to-physical table
 *   ffff8800'00000000  every guest frame n at DIRECT_BASE + n * 4096
 *   ffffc900'00000000  kernel stacks, one to a vCPU, an unmapped page below each
 *   ffffffff'80000000  the kernel's image and what the domain builder put after it
 */
#ifndef ARCH_LAYOUT_H
#define ARCH_LAYOUT_H

#define KERNEL_BASE  0xffffffff80000000
#define DIRECT_BASE  0xffff880000000000
#define STACKS_BASE  0xffffc90000000000
#define STACK_SIZE   16384 /* without the guard page */
#define STACK_STRIDE 32768

#define VECTOR_SYSCALL 256
#define VECTOR_UPCALL  257
#define TRAP_COUNT     20 /* processor exceptions with a vector below this */

#endif
