/* SPDX-License-Identifier: MIT */
/*
 * The file system: records are messages.  Sessions 1 to 3 stand for those of three
 * processes; a ticket whose secret is zero is made good, and so is a control word of
 * zeros.  In the end everything is taken down, and nothing may be left.
 */
#include "fuzz.h"

#include "fleets/fs/core.h"

#include <fos/fs.h>
#include <fos/ticket.h>

enum { PIDS = 3, PAGES = 256, PIECES = 64, SLOTS = 2048 };

static void *pieces[PIECES];
static uint32_t pieces_count;

static void request_answer(const struct fos_caller *caller, long result,
                           void *reply, size_t length)
{
    fos_answer(caller, result, reply, length);
}

static int64_t clock_now(void)
{
    static int64_t now;

    return ++now;
}

static void *pages_map(uint32_t count)
{
    void *piece = NULL;

    if (pieces_count == PIECES ||
        posix_memalign(&piece, PAGE, (size_t)count * PAGE))
        return NULL;
    memset(piece, 0, (size_t)count * PAGE);
    pieces[pieces_count++] = piece;
    return piece;
}

static bool page_exchange(void *page)
{
    memset(page, 0, PAGE);
    return (uintptr_t)page & PAGE; /* now and then there is no other frame */
}

static void random_fill(void *to, size_t length)
{
    memset(to, 1, length);
}

/* The memory of callers is all the same byte. */
static long caller_copy(struct fos_cap space, uint64_t address, void *here,
                        size_t length, bool write)
{
    (void)space;
    if (address % 7 == 0)
        return -FOS_EFAULT;
    if (!write)
        memset(here, (int)address, length);
    return 0;
}

static long pages_share(struct fos_cap space, uint64_t to, const void *pages,
                        uint32_t count, uint32_t prot, uint32_t how)
{
    (void)space, (void)to, (void)prot, (void)how;
    HOLDS((uintptr_t)pages % PAGE == 0 && count > 0);
    return 0;
}

static void pages_unmap(void *pages, uint32_t count)
{
    for (unsigned i = 0; i < pieces_count; i++)
        if (pieces[i] == pages) {
            memset(pages, 0xdd, (size_t)count * PAGE);
            free(pages);
            pieces[i] = pieces[--pieces_count];
            return;
        }
    HOLDS(!"pages_map gave them");
}

static const struct fs_io io = {request_answer, clock_now,   pages_map,
                                page_exchange,  random_fill, caller_copy,
                                pages_share,    pages_unmap};

static void fs_begin(void)
{
    HOLDS(fs_init(&io, PAGES));
    fs.control = (struct fos_cap){11, 12};
    HOLDS(tree_begin(NULL, 0));
    for (uint64_t pid = 1; pid <= PIDS; pid++)
        HOLDS(process_attach(pid, (struct fos_cap){pid, pid}));
}

static struct fos_cap ticket_mend(struct fos_cap ticket)
{
    return ticket.secret ? ticket : fos_ticket_make(&fs.tickets, ticket.id);
}

/* Makes good what nobody can guess. */
static void record_mend(uint8_t *data, uint32_t length)
{
    uint8_t op = data[0];

    if (op == fs_attach_op && length >= sizeof(struct fs_attach_req)) {
        struct fs_attach_req *req = (void *)data;
        req->ticket = ticket_mend(req->ticket);
    } else if (op == fs_page_op && length >= sizeof(struct fs_page_req)) {
        struct fs_page_req *req = (void *)data;
        req->ticket = ticket_mend(req->ticket);
        if (req->word[1] == 0)
            req->word[1] = fs.maps[req->word[0] % MAPS_MAX].secret;
    } else if (op == fs_inherit_op && length >= sizeof(struct fs_inherit_req)) {
        struct fs_inherit_req *req = (void *)data;
        if (!req->control.id)
            req->control = fs.control;
    } else if (length >= sizeof(struct fs_session_req)) {
        struct fs_session_req *req = (void *)data;
        const struct process *p = process_find(req->session);
        if (p && p->session)
            req->session = p->session;
    }
}

static void all_records(void *argument)
{
    static uint8_t buffer[65536] __attribute__((aligned(8)));
    struct input *in = argument;
    const uint8_t *data;
    uint32_t length;

    while (input_record(in, &data, &length)) {
        if (length < 8 || length > sizeof buffer)
            continue;
        memcpy(buffer, data, length);
        record_mend(buffer, length);
        system_serve(&fs_service, buffer, length);
    }
}

static void tree_free(struct node *dir)
{
    while (dir->dir.first) {
        struct entry *e = dir->dir.first;
        if (is_dir(e->node))
            tree_free(e->node);
        entry_remove(e);
    }
}

static void fs_take_down(void)
{
    for (struct process *p = fs.processes; p < fs.processes + PROCESSES_MAX; p++)
        if (p->pid)
            process_ended(p->pid);
    HOLDS(fs.descriptions == 0 && fs.locks == 0 && !fs.polls.first);
    for (struct map *m = fs.maps; m < fs.maps + MAPS_MAX; m++)
        if (m->node)
            node_put(m->node);
    tree_free(fs.root);
    HOLDS(fs.entries == 0 && fs.nodes == 1 && fs.pages.used == 0);
    node_put(fs.root);
    free(fs.buckets);
    while (pieces_count)
        free(pieces[--pieces_count]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};

    fs_service.stop = system_end;
    if (!fs_service.buffer)
        HOLDS(fos_service_open(&fs_service, SLOTS) == 0);
    fs_begin();
    system_run(all_records, &in);
    fs_take_down();
    return 0;
}
