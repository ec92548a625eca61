/* SPDX-License-Identifier: MIT */
/*
 * The file system: records are messages.  Sessions 1 to 3 stand for those of three
 * processes; a ticket whose secret is zero is made good, and so is a control word of
 * zeros.  In the end everything is taken down, and nothing may be left.
 */
#include "fuzz.h"

#include "tests/fs_host.h"

#include <fos/fs.h>
#include <fos/ticket.h>

enum { PIDS = 3, PAGES = 384, SLOTS = 2048 };

static bool fs_over; /* nobody has anything mapped any more */

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

/* Now and then it is not so. */
static bool pages_sole(void *pages, uint32_t count)
{
    static uint32_t asked;

    HOLDS((uintptr_t)pages % PAGE == 0 && count > 0);
    return fs_over || ++asked % 4;
}

static uint32_t threads_of(struct fos_cap space)
{
    return (uint32_t)space.id % PIDS;
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
    memset(pages, 0xdd, (size_t)count * PAGE);
    HOLDS(fs_pages_free(pages));
}

static const struct fs_io io = {.answer = request_answer,
                                .now = clock_now,
                                .pages_map = fs_pages_map,
                                .pages_sole = pages_sole,
                                .threads = threads_of,
                                .random = random_fill,
                                .copy = caller_copy,
                                .share = pages_share,
                                .pages_unmap = pages_unmap};

static void fs_begin(void)
{
    fs_over = false;
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

static void maps_end(void)
{
    for (struct map *m = fs.maps; m < fs.maps + MAPS_MAX; m++)
        if (m->node)
            node_put(m->node);
}

static void fs_take_down(void)
{
    fs_over = true;
    fs_processes_end();
    HOLDS(fs.descriptions == 0 && fs.locks == 0 && !fs.polls.first);
    maps_end();
    fs_tree_free(fs.root);
    HOLDS(fs.entries == 0 && fs.nodes == 1 && fs.shared_count == 0);
    HOLDS(fs.pages.used == fs.pages.lent_count);
    fs_memory_free();
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
