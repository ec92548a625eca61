/* SPDX-License-Identifier: MIT */
/* The file system without a machine: requests go to its handlers, answers are kept. */
#ifndef TESTS_UNIT_FS_H
#define TESTS_UNIT_FS_H

#include "tests/fs_host.h"

#include <fos/ticket.h>

#include "unit.h"

enum { PAGES = 2048, ANSWERS = 256 };

/* The answer to the request whose tag's id is its index here. */
static struct fs_answer {
    bool there;
    long result;
    size_t length;
    uint8_t reply[FOS_REPLY_MAX];
} fs_answers[ANSWERS];

static uint32_t fs_asked;
static int64_t fs_clock = 1000;
static bool fs_elsewhere;       /* others have mapped all that is asked about */
static uint32_t fs_threads = 9; /* of each process */

static void fs_answer_keep(const struct fos_caller *caller, long result,
                           void *reply, size_t length)
{
    struct fs_answer *a = &fs_answers[caller->tag / FOS_TAG_ID_ONE % ANSWERS];

    if (a->there)
        FAIL("answered twice");
    a->there = true;
    a->result = result;
    a->length = result < 0 ? 0 : length;
    if (result >= 0 && reply)
        memcpy(a->reply, reply, length);
}

static int64_t fs_now(void)
{
    return ++fs_clock;
}

static void fs_pages_unmap(void *pages, uint32_t count)
{
    (void)count;
    if (!fs_pages_free(pages))
        FAIL("pages that were not mapped");
}

static bool fs_pages_sole(void *pages, uint32_t count)
{
    (void)pages, (void)count;
    return !fs_elsewhere;
}

static uint32_t fs_threads_of(struct fos_cap space)
{
    (void)space;
    return fs_threads;
}

static void fs_random(void *to, size_t length)
{
    memset(to, 0xa5, length);
}

static long fs_copy(struct fos_cap space, uint64_t address, void *here,
                    size_t length, bool write)
{
    (void)space;
    if (!address)
        return -FOS_EFAULT;
    if (write)
        memcpy((void *)address, here, length);
    else
        memcpy(here, (void *)address, length);
    return 0;
}

static const void *fs_shared;

static long fs_share_note(struct fos_cap space, uint64_t to, const void *pages,
                          uint32_t count, uint32_t prot, uint32_t how)
{
    (void)space, (void)to, (void)count, (void)prot, (void)how;
    fs_shared = pages;
    return 0;
}

static const struct fos_siphash_key fs_key = {{1, 2}};

/* A new file system; what an earlier one had is given back. */
static inline void fs_fresh(const void *archive, uint64_t size)
{
    static const struct fs_io io = {.answer = fs_answer_keep,
                                    .now = fs_now,
                                    .pages_map = fs_pages_map,
                                    .pages_sole = fs_pages_sole,
                                    .threads = fs_threads_of,
                                    .random = fs_random,
                                    .copy = fs_copy,
                                    .share = fs_share_note,
                                    .pages_unmap = fs_pages_unmap};

    memset(fs_answers, 0, sizeof fs_answers);
    fs_asked = 0;
    REQUIRE(fs_init(&io, PAGES));
    fs.tickets = fs_key;
    fs.secrets = (struct fos_siphash_key){{3, 4}};
    fs.control = (struct fos_cap){5, 6};
    REQUIRE(tree_begin(archive, size));
}

/* Ends all processes and empties the tree: nothing must be left but the root. */
static inline void fs_end(void)
{
    fs_processes_end();
    CHECK_EQ(fs.descriptions, 0);
    CHECK_EQ(fs.locks, 0);
    fs_tree_free(fs.root);
    CHECK_EQ(fs.entries, 0);
    CHECK_EQ(fs.root->refs, 1);
    CHECK_EQ(fs.root->links, 2);
    CHECK_EQ(fs.nodes, 1);
    CHECK_EQ(fs.pages.used, 0);
    CHECK_EQ(fs.shared_count, 0);
    fs_memory_free();
}

/* Sends; gives the number of the answer to come. */
static inline uint32_t fs_send(uint32_t op, void *request, size_t size,
                               const void *more, size_t more_size)
{
    const struct fos_handler *handler = &fs_service.table[op];
    size_t length = size + more_size;
    uint8_t *copy = malloc(length); /* so that reading behind it is found out */
    uint32_t number = fs_asked++ % ANSWERS;
    struct fos_caller caller = {.tag = number * FOS_TAG_ID_ONE,
                                .reply = {number + 1, 1},
                                .service = &fs_service};

    memcpy(copy, request, size);
    if (more_size)
        memcpy(copy + size, more, more_size);
    fs_answers[number].there = false;
    if (length - handler->size <= handler->more)
        handler->handle(&caller, copy, length);
    else
        FAIL("a request of a wrong size");
    free(copy);
    return number;
}

static inline uint32_t poll_send(uint64_t s, uint32_t handle, uint32_t events,
                                 bool wait)
{
    struct fs_poll_req req = {.session = s, .count = 1, .wait = wait};
    struct fs_poll_item item = {handle, events};

    return fs_send(fs_poll_op, &req, sizeof req, &item, sizeof item);
}

static inline bool fs_pending(uint32_t number)
{
    return !fs_answers[number].there;
}

static inline long fs_outcome(uint32_t number)
{
    REQUIRE(fs_answers[number].there);
    return fs_result(fs_answers[number].result);
}

static inline void fs_cancel(uint32_t number)
{
    struct fos_caller caller = {.tag = number * FOS_TAG_ID_ONE | FOS_OP_CANCEL,
                                .reply = {number + 1, 1},
                                .service = &fs_service};

    waiters_cancel(&caller);
}

/* Sends and wants the answer at once. */
static inline long fs_ask(uint32_t op, void *request, size_t size, const void *more,
                          size_t more_size, void *reply, size_t capacity)
{
    uint32_t number = fs_send(op, request, size, more, more_size);
    const struct fs_answer *a = &fs_answers[number];
    long result = fs_outcome(number);

    if (result >= 0 && reply)
        memcpy(reply, a->reply, a->length < capacity ? a->length : capacity);
    return result;
}

#define ASK(name, req, path, rep)                                       \
    fs_ask(fs_##name##_op, req, sizeof *(req), path, strlen(path), rep, \
           sizeof *(rep))

static inline uint64_t attach(uint64_t pid)
{
    struct fs_attach_req req = {.ticket = fos_ticket_make(&fs_key, pid)};
    struct fs_attach_rep rep = {0};

    CHECK_EQ(ASK(attach, &req, "", &rep), 0);
    return rep.session;
}

static inline long file_open(uint64_t s, const char *path, uint32_t flags)
{
    struct fs_open_req req = {
        .session = s, .dir = FS_CWD, .flags = flags, .mode = 0666};
    struct fs_open_rep rep = {0};
    long error = ASK(open, &req, path, &rep);

    return error ? error : (long)rep.handle;
}

static inline long file_shut(uint64_t s, uint32_t handle)
{
    struct fs_close_req req = {.session = s, .handle = handle};
    struct fs_close_rep rep;

    return ASK(close, &req, "", &rep);
}

static inline long bytes_write(uint64_t s, uint32_t handle, const void *from,
                               size_t length, int64_t offset)
{
    struct fs_write_req req = {.session = s, .handle = handle, .offset = offset};

    return fs_ask(fs_write_op, &req, sizeof req, from, length, NULL, 0);
}

static inline long bytes_read(uint64_t s, uint32_t handle, void *to,
                              uint32_t length, int64_t offset)
{
    struct fs_read_req req = {
        .session = s, .handle = handle, .length = length, .offset = offset};
    struct fs_read_rep rep;
    long got = fs_ask(fs_read_op, &req, sizeof req, NULL, 0, &rep, sizeof rep);

    if (got > 0)
        memcpy(to, rep.data, (size_t)got);
    return got;
}

static inline long make(uint64_t s, const char *path, uint32_t mode)
{
    struct fs_make_req req = {.session = s, .dir = FS_CWD, .mode = mode};
    struct fs_make_rep rep;

    return ASK(make, &req, path, &rep);
}

static inline long drop(uint64_t s, const char *path, uint32_t directory)
{
    struct fs_unlink_req req = {
        .session = s, .dir = FS_CWD, .directory = directory};
    struct fs_unlink_rep rep;

    return ASK(unlink, &req, path, &rep);
}

static inline long join(uint64_t s, const char *from, const char *to, uint16_t what)
{
    struct fs_link_req req = {.session = s,
                              .from_dir = FS_CWD,
                              .to_dir = FS_CWD,
                              .from_length = (uint32_t)strlen(from),
                              .what = what};
    char both[2 * FS_PATH_MAX];

    snprintf(both, sizeof both, "%s%s", from, to);
    return fs_ask(fs_link_op, &req, sizeof req, both, strlen(both), NULL, 0);
}

static inline long look(uint64_t s, const char *path, bool follow,
                        struct fs_stat *out)
{
    struct fs_stat_req req = {
        .session = s, .dir = FS_CWD, .flags = follow ? 0 : FS_NOFOLLOW};
    struct fs_stat_rep rep = {0};
    long error = ASK(stat, &req, path, &rep);

    *out = rep.stat;
    return error;
}

static inline long size_set(uint64_t s, const char *path, uint64_t size)
{
    struct fs_change_req req = {
        .session = s, .dir = FS_CWD, .what = FS_CHANGE_SIZE, .size = size};
    struct fs_change_rep rep;

    return ASK(change, &req, path, &rep);
}

static inline long text(uint64_t s, const char *path, uint32_t what, char *to)
{
    struct fs_text_req req = {.session = s, .dir = FS_CWD, .what = what};
    struct fs_text_rep rep = {0};
    long length = ASK(text, &req, path, &rep);

    if (length >= 0) {
        memcpy(to, rep.text, (size_t)length);
        to[length] = '\0';
    }
    return length;
}

static inline long user(uint64_t s, uint64_t uid, uint64_t gid)
{
    struct fs_process_req req = {
        .session = s, .what = FS_PROCESS_USER, .value = uid << 32 | gid};
    struct fs_process_rep rep;

    return ASK(process, &req, "", &rep);
}

#endif
