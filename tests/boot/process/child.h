/* SPDX-License-Identifier: MIT */
/* What the children of this scenario do, named by their first argument. */
#ifndef CHILD_H
#define CHILD_H

#define CHILD_NOWHERE 0x123456789000ull
#define CHILD_KERNEL  0xffff880000000000ull

int child_main(int argc, char **argv);

#endif
