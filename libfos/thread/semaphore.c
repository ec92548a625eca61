/* SPDX-License-Identifier: MIT */
#include <fos/sync.h>

#include <fos/msg.h>

static bool semaphore_take(struct fos_semaphore *semaphore)
{
    uint32_t value = fos_load_relaxed(&semaphore->value);

    while (value)
        if (fos_compare_exchange(&semaphore->value, &value, value - 1))
            return true;
    return false;
}

int fos_semaphore_wait(struct fos_semaphore *semaphore, uint64_t deadline,
                       unsigned how)
{
    int error;

    while (!semaphore_take(semaphore)) {
        if (deadline == 0)
            return -FOS_EAGAIN;
        if (fos_park_spin(&semaphore->value, 0))
            continue;
        error = fos_park(&semaphore->value, 0, deadline, how);
        if (error && error != -FOS_EAGAIN)
            return error;
    }
    return 0;
}

int fos_semaphore_post(struct fos_semaphore *semaphore)
{
    uint32_t value = fos_load_relaxed(&semaphore->value);

    do {
        if (value == FOS_SEMAPHORE_MAX)
            return -FOS_EOVERFLOW;
    } while (!fos_compare_exchange(&semaphore->value, &value, value + 1));
    fos_unpark(&semaphore->value, 1);
    return 0;
}
