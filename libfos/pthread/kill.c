/* SPDX-License-Identifier: MIT */
#include "inside.h"

#include <signal.h>
#include <unistd.h>

/* What stops or ends a process concerns all its threads. */
static bool is_process_signal(int signal)
{
    return signal == SIGKILL || signal == SIGSTOP || signal == SIGCONT;
}

int pthread_kill(pthread_t thread, int signal)
{
    struct fos_pthread *found;

    if (signal < 0 || signal >= NSIG)
        return EINVAL;
    fos_pthread_self();
    fos_lock_take(&fos_threads_lock);
    found = fos_pthread_find(thread);
    if (found && signal && !is_process_signal(signal) &&
        !fos_load_relaxed(&found->ended))
        fos_sys_thread_control(found->cap, FOS_THREAD_SIGNAL, 1ull << (signal - 1));
    fos_lock_release(&fos_threads_lock);
    if (!found)
        return ESRCH;
    if (signal && is_process_signal(signal))
        return kill(getpid(), signal) ? errno : 0;
    return 0;
}
