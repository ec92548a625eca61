/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <fos/proto/proc.h>
#include <fos/start.h>
#include <fos/syscall.h>

_Noreturn void _exit(int status)
{
    fos_sys_exit(status & 0xff);
}

int raise(int signal)
{
    fos_sys_exit(PROC_EXIT_SIGNAL | signal);
}
