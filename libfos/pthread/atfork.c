/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <fos/fork.h>

int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    struct fos_fork_handlers *handlers = malloc(sizeof *handlers);

    if (!handlers)
        return ENOMEM;
    *handlers = (struct fos_fork_handlers){
        .prepare = prepare, .parent = parent, .child = child};
    fos_fork_handlers_add(handlers);
    return 0;
}
