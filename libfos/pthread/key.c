/* SPDX-License-Identifier: MIT */
/* Data of a thread.  A key's values are NULL in every thread when it is made. */
#include "inside.h"

#include <errno.h>

static struct {
    bool used;
    void (*destructor)(void *);
} keys[PTHREAD_KEYS_MAX]; /* under the list's lock */

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    pthread_key_t k = 0;

    fos_pthread_self();
    fos_lock_take(&fos_threads_lock);
    while (k < PTHREAD_KEYS_MAX && keys[k].used)
        k++;
    if (k < PTHREAD_KEYS_MAX) {
        keys[k].used = true;
        keys[k].destructor = destructor;
        for (struct fos_pthread *t = fos_threads; t; t = t->next)
            t->values[k] = NULL;
    }
    fos_lock_release(&fos_threads_lock);
    if (k == PTHREAD_KEYS_MAX)
        return EAGAIN;
    *key = k;
    return 0;
}

static bool is_key(pthread_key_t key)
{
    return key < PTHREAD_KEYS_MAX && keys[key].used;
}

int pthread_key_delete(pthread_key_t key)
{
    bool was;

    fos_lock_take(&fos_threads_lock);
    was = is_key(key);
    if (was)
        keys[key].used = false;
    fos_lock_release(&fos_threads_lock);
    return was ? 0 : EINVAL;
}

void *pthread_getspecific(pthread_key_t key)
{
    return is_key(key) ? fos_pthread_self()->values[key] : NULL;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    if (!is_key(key))
        return EINVAL;
    fos_pthread_self()->values[key] = (void *)value;
    return 0;
}

static void (*destructor_of(pthread_key_t key))(void *)
{
    void (*destructor)(void *);

    fos_lock_take(&fos_threads_lock);
    destructor = keys[key].used ? keys[key].destructor : NULL;
    fos_lock_release(&fos_threads_lock);
    return destructor;
}

/* Destructors may set values again: a few rounds are made. */
void fos_keys_destroy(struct fos_pthread *self)
{
    bool again = true;

    for (int round = 0; round < PTHREAD_DESTRUCTOR_ITERATIONS && again; round++) {
        again = false;
        for (pthread_key_t k = 0; k < PTHREAD_KEYS_MAX; k++) {
            void *value = self->values[k];
            void (*destructor)(void *) = value ? destructor_of(k) : NULL;
            self->values[k] = NULL;
            if (!destructor)
                continue;
            destructor(value);
            again = true;
        }
    }
}
