/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include <fos/syscall.h>

_Noreturn void _exit(int status)
{
    fos_sys_exit(status & 0xff);
}
