/* SPDX-License-Identifier: MIT */
/* Threads of one process register names: no two requests are alike (fos/name.h).  What is
 * asked of the fleet ends up here. */
#include "unit.h"

#include <pthread.h>

#include <fos/clock.h>
#include <fos/start.h>

#include "libfos/client/name.h"

enum { THREADS = 4, EACH = 20000 };

struct fos_start *fos_start_page = &(struct fos_start){0};
struct fos_name_stats fos_name_stats;
static uint8_t drawn[THREADS * EACH + 1];

struct fos_thread *fos_thread_self(void)
{
    static struct fos_thread none;

    return &none;
}

uint64_t fos_sleeper_now(const struct fos_sleeper *sleeper)
{
    (void)sleeper;
    return 0;
}

void fos_clock_sleep(uint64_t deadline)
{
    (void)deadline;
}

int fos_mailbox_renew(struct fos_mailbox *mailbox)
{
    (void)mailbox;
    return 0;
}

void name_peers_close(void)
{
}

void name_peers_doubt(struct fos_alias alias)
{
    (void)alias;
}

void name_members_close(void)
{
}

long name_ask(struct fos_alias alias, struct name_value *value, uint64_t *left_ns,
              uint64_t deadline)
{
    (void)alias, (void)value, (void)left_ns, (void)deadline;
    return -FOS_ENOENT;
}

long name_write(struct fos_alias alias, void *request, uint32_t length,
                uint64_t *view, void *reply, uint32_t capacity, bool *again)
{
    const struct name_register_req *req = request;

    (void)alias, (void)length, (void)view, (void)reply, (void)capacity, (void)again;
    name_count(&fos_name_stats.lookups);
    if (req->token == 0 || req->token > THREADS * EACH)
        return -FOS_EINVAL;
    return __atomic_fetch_add(&drawn[req->token], 1, __ATOMIC_RELAXED) ? -FOS_EEXIST
                                                                       : 0;
}

static void *register_many(void *alike)
{
    struct fos_registration made;

    for (int i = 0; i < EACH; i++)
        *(int *)alike +=
            fos_name_register_alias((struct fos_alias){{1, 2}},
                                    (struct fos_cap){3, 4}, 0, 0, &made) != 0;
    return NULL;
}

CASE("no two requests of a process are alike, whichever threads make them")
{
    pthread_t threads[THREADS];
    int alike[THREADS] = {0};

    for (int i = 0; i < THREADS; i++)
        REQUIRE(!pthread_create(&threads[i], NULL, register_many, &alike[i]));
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_EQ(alike[i], 0);
    }
    CHECK_EQ(fos_name_stats.lookups, THREADS * EACH);
}
