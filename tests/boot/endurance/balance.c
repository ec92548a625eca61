/* SPDX-License-Identifier: MIT */
#include "balance.h"

/* Services make and leave channels to those who call often, when that pays: rings and
 * tables of a few are no leak.  One frame in fifty of 900 processes would be more. */
enum { PROCESSES = 128, PATIENCE_S = 20, CHANNELS_FRAMES = 16 };

static bool near(int64_t a, int64_t b)
{
    return a - b <= CHANNELS_FRAMES && b - a <= CHANNELS_FRAMES;
}

static bool has_ring(const char *name)
{
    return !strcmp(name, "page") || !strcmp(name, "mem");
}

static void fleets_count(struct holdings *h)
{
    static struct proc_entry entries[PROCESSES];
    long count = fos_process_list(entries, PROCESSES);

    h->services = 0;
    for (long i = 0; i < count; i++) {
        if (!case_is_fleet(entries[i].name))
            continue;
        h->frames += entries[i].info.frames_used;
        if (!has_ring(entries[i].name))
            h->services += entries[i].info.frames_used;
    }
}

/* The fleets' frames and the free ones are of different moments: in between a page may
 * go from the one to the other.  Two counts that are alike are one moment's. */
static int64_t frames_free(struct holdings *h)
{
    struct fos_kernel_info info;

    fos_sys_kernel_info(&info);
    h->spaces = info.spaces;
    h->threads = info.threads;
    h->mailboxes = info.mailboxes;
    return (int64_t)info.frames_free + info.frames_pools;
}

void holdings_take(struct holdings *h)
{
    int64_t first;

    do {
        first = frames_free(h);
        h->frames = 0;
        fleets_count(h);
    } while (frames_free(h) != first);
    h->frames += first;
    fos_mem_state(&h->mem);
    fos_mem_usage(&h->own);
}

static bool alike(const struct holdings *a, const struct holdings *b)
{
    return near(a->frames, b->frames) && near(a->services, b->services) &&
           a->spaces == b->spaces && a->threads == b->threads &&
           a->mailboxes == b->mailboxes && a->mem.processes == b->mem.processes &&
           a->mem.families == b->mem.families && a->mem.objects == b->mem.objects &&
           a->mem.kept == b->mem.kept && a->own.committed == b->own.committed &&
           a->own.family_committed == b->own.family_committed &&
           a->own.mapped == b->own.mapped && a->own.regions == b->own.regions;
}

static const char *difference(const struct holdings *a, const struct holdings *b)
{
    static char text[256];

    snprintf(text, sizeof text,
             "not as before: %lld frames, %lld of services, %d spaces, %d threads, "
             "%d mailboxes, %d processes, %d objects, %lld pages kept, %lld "
             "committed, %lld mapped, %lld regions",
             (long long)(a->frames - b->frames),
             (long long)(b->services - a->services), (int)(b->spaces - a->spaces),
             (int)(b->threads - a->threads), (int)(b->mailboxes - a->mailboxes),
             (int)(b->mem.processes - a->mem.processes),
             (int)(b->mem.objects - a->mem.objects),
             (long long)(b->mem.kept - a->mem.kept),
             (long long)(b->own.family_committed - a->own.family_committed),
             (long long)(b->own.mapped - a->own.mapped),
             (long long)(b->own.regions - a->own.regions));
    return text;
}

const char *holdings_compare(const struct holdings *before)
{
    uint64_t deadline = fos_now_ns() + PATIENCE_S * FOS_SECOND;
    struct holdings now;

    do {
        holdings_take(&now);
        if (alike(before, &now))
            return NULL;
        fos_clock_sleep(fos_now_ns() + 10 * FOS_MILLISECOND);
    } while (fos_now_ns() < deadline);
    return difference(before, &now);
}
