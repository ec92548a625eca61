/* SPDX-License-Identifier: MIT */
/* Pipes, FIFOs, locks and poll: who waits, who is served, and what is left. */
#include "fs.h"

static uint64_t s;

static void pipe_open(uint64_t session, uint32_t flags, uint32_t *reader,
                      uint32_t *writer)
{
    struct fs_pipe_req req = {.session = session, .flags = flags};
    struct fs_pipe_rep rep = {0};

    CHECK_EQ(ASK(pipe, &req, "", &rep), 0);
    *reader = rep.reader;
    *writer = rep.writer;
}

static uint32_t read_send(uint64_t session, uint32_t handle, uint32_t length)
{
    struct fs_read_req req = {
        .session = session, .handle = handle, .length = length, .offset = FS_HERE};

    return fs_send(fs_read_op, &req, sizeof req, NULL, 0);
}

static uint32_t write_send(uint64_t session, uint32_t handle, const void *from,
                           size_t length)
{
    struct fs_write_req req = {
        .session = session, .handle = handle, .offset = FS_HERE};

    return fs_send(fs_write_op, &req, sizeof req, from, length);
}

static void inherit(uint64_t parent, uint64_t child)
{
    struct fs_inherit_req req = {
        .control = {5, 6}, .parent = parent, .child = child};
    struct fs_inherit_rep rep;

    CHECK_EQ(ASK(inherit, &req, "", &rep), 0);
}

static const char *data_of(uint32_t number)
{
    return (const char *)fs_answers[number].reply + sizeof(struct fos_reply);
}

CASE("a reader waits for a writer, and its end is the end of the file")
{
    uint32_t r, w, got;
    char c[8];

    fs_fresh(NULL, 0);
    s = attach(1);
    pipe_open(s, 0, &r, &w);
    got = read_send(s, r, 8);
    CHECK(fs_pending(got));
    CHECK_EQ(bytes_write(s, w, "hello", 5, FS_HERE), 5);
    CHECK_EQ(fs_outcome(got), 5);
    CHECK(!memcmp(data_of(got), "hello", 5));
    CHECK_EQ(bytes_read(s, w, c, 1, FS_HERE), -FOS_EBADF);
    got = read_send(s, r, 8);
    CHECK_EQ(file_shut(s, w), 0);
    CHECK_EQ(fs_outcome(got), 0);
    CHECK_EQ(bytes_read(s, r, c, 1, FS_HERE), 0);
    CHECK_EQ(file_shut(s, r), 0);
    fs_end();
}

CASE("without a reader a write is a broken pipe, also one that waits")
{
    static char block[FS_WRITE_MAX];
    uint32_t r, w, first, second;

    fs_fresh(NULL, 0);
    s = attach(1);
    pipe_open(s, 0, &r, &w);
    CHECK_EQ(bytes_write(s, w, block, sizeof block, FS_HERE), sizeof block);
    first = write_send(s, w, block, sizeof block);
    CHECK_EQ(fs_outcome(first), PIPE_SIZE - FS_WRITE_MAX);
    second = write_send(s, w, block, 100);
    CHECK(fs_pending(second));
    CHECK_EQ(file_shut(s, r), 0);
    CHECK_EQ(fs_outcome(second), -FOS_EPIPE);
    CHECK_EQ(bytes_write(s, w, block, 1, FS_HERE), -FOS_EPIPE);
    fs_end();
}

CASE("a write of PIPE_BUF is whole; O_NONBLOCK says EAGAIN")
{
    static char block[FS_WRITE_MAX];
    uint32_t r, w;
    char c[200];

    fs_fresh(NULL, 0);
    s = attach(1);
    pipe_open(s, FS_NONBLOCK, &r, &w);
    CHECK_EQ(bytes_read(s, r, c, 1, FS_HERE), -FOS_EAGAIN);
    CHECK_EQ(bytes_write(s, w, block, sizeof block, FS_HERE), sizeof block);
    CHECK_EQ(bytes_write(s, w, block, PIPE_SIZE - FS_WRITE_MAX - 100, FS_HERE),
             PIPE_SIZE - FS_WRITE_MAX - 100);
    CHECK_EQ(bytes_write(s, w, block, 101, FS_HERE), -FOS_EAGAIN);
    CHECK_EQ(bytes_write(s, w, block, 5000, FS_HERE), 100);
    CHECK_EQ(bytes_write(s, w, block, 1, FS_HERE), -FOS_EAGAIN);
    CHECK_EQ(bytes_read(s, r, c, 200, FS_HERE), 200);
    CHECK_EQ(bytes_write(s, w, block, 200, FS_HERE), 200);
    fs_end();
}

/* Writers of numbered records, and a reader of any pieces: the records come whole. */
CASE("records of many writers are not mixed, in any order of turns")
{
    enum { WRITERS = 5, LENGTH = 1000, STEPS = 20000 };
    uint32_t r, w, under_way[WRITERS], reading = 0;
    bool writes[WRITERS] = {false}, reads = false;
    uint8_t record[FS_PIPE_BUF], now = 0;
    uint32_t of_record = 0, length_of[WRITERS];
    uint64_t state = unit_setting("FS_SEED", 1), taken = 0;

    unit_seed_is(state);
    fs_fresh(NULL, 0);
    s = attach(1);
    pipe_open(s, 0, &r, &w);
    for (int step = 0; step < STEPS; step++) {
        uint32_t i = (uint32_t)(unit_random(&state) % WRITERS);
        if (writes[i] && !fs_pending(under_way[i])) {
            CHECK_EQ(fs_outcome(under_way[i]), length_of[i]);
            writes[i] = false;
        }
        if (!writes[i]) { /* two bytes of length, then the writer's letter */
            uint32_t length =
                3 + (uint32_t)(unit_random(&state) % (FS_PIPE_BUF - 3));
            memset(record, 'a' + (int)i, length);
            record[0] = (uint8_t)(length >> 8);
            record[1] = (uint8_t)length;
            length_of[i] = length;
            under_way[i] = write_send(s, w, record, length);
            writes[i] = true;
        }
        if (reads && !fs_pending(reading)) {
            const uint8_t *data = (const uint8_t *)data_of(reading);
            long got = fs_outcome(reading);
            for (long at = 0; at < got; at++, taken++) {
                static uint32_t left, high;
                if (taken == 0)
                    left = high = of_record = 0;
                if (of_record == 0)
                    high = data[at];
                else if (of_record == 1)
                    left = (high << 8 | data[at]) - 2;
                else if (of_record == 2)
                    now = data[at];
                if (of_record >= 2) {
                    if (data[at] != now)
                        FAIL("a record is torn");
                    left--;
                }
                of_record = of_record >= 2 && left == 0 ? 0 : of_record + 1;
            }
            reads = false;
        }
        if (!reads && unit_random(&state) % 3) {
            reading = read_send(s, r, 1 + (uint32_t)(unit_random(&state) % 6000));
            reads = true;
        }
    }
    CHECK(taken > 1000000);
    process_ended(1);
    fs_end();
}

CASE("forked processes share a pipe; it ends with the last of them")
{
    uint32_t r, w, got;
    uint64_t child;

    fs_fresh(NULL, 0);
    s = attach(1);
    pipe_open(s, 0, &r, &w);
    inherit(1, 2);
    child = attach(2);
    got = read_send(s, r, 10);
    CHECK_EQ(file_shut(s, w), 0);
    CHECK(fs_pending(got));
    CHECK_EQ(bytes_write(child, w, "x", 1, FS_HERE), 1);
    CHECK_EQ(fs_outcome(got), 1);
    got = read_send(s, r, 10);
    process_ended(2);
    CHECK_EQ(fs_outcome(got), 0);
    CHECK_EQ(bytes_read(child, r, &child, 1, FS_HERE), -FOS_ESRCH);
    fs_end();
}

CASE("descriptions are shared by who inherits them, cwd and mask are copied")
{
    char c[4] = {0};
    uint64_t child;

    fs_fresh(NULL, 0);
    s = attach(1);
    long h = file_open(s, "/tmp/f", FS_READ | FS_WRITE | FS_CREATE);
    CHECK_EQ(bytes_write(s, (uint32_t)h, "abcd", 4, 0), 4);
    inherit(1, 2);
    child = attach(2);
    CHECK_EQ(bytes_read(child, (uint32_t)h, c, 2, FS_HERE), 2);
    CHECK_EQ(bytes_read(s, (uint32_t)h, c + 2, 2, FS_HERE), 2);
    CHECK(!memcmp(c, "abcd", 4));
    struct fs_inherit_req forged = {.control = {5, 7}, .parent = 1, .child = 3};
    struct fs_inherit_rep rep;
    CHECK_EQ(ASK(inherit, &forged, "", &rep), -FOS_EACCES);
    fs_end();
}

CASE("a call that is cancelled is answered with EINTR, once")
{
    uint32_t r, w, got;

    fs_fresh(NULL, 0);
    s = attach(1);
    pipe_open(s, 0, &r, &w);
    got = read_send(s, r, 10);
    fs_cancel(got);
    CHECK_EQ(fs_outcome(got), -FOS_EINTR);
    fs_cancel(got);
    CHECK_EQ(bytes_write(s, w, "kept", 4, FS_HERE), 4);
    CHECK_EQ(fs_outcome(read_send(s, r, 10)), 4);
    fs_end();
}

CASE("the opens of a FIFO wait for each other")
{
    struct fs_open_req req = {.dir = FS_CWD, .flags = FS_READ};
    uint32_t reader, writer;

    fs_fresh(NULL, 0);
    req.session = s = attach(1);
    CHECK_EQ(make(s, "/tmp/fifo", FS_IFIFO | 0600), 0);
    CHECK_EQ(file_open(s, "/tmp/fifo", FS_WRITE | FS_NONBLOCK), -FOS_ENXIO);
    reader = fs_send(fs_open_op, &req, sizeof req, "/tmp/fifo", 9);
    CHECK(fs_pending(reader));
    req.flags = FS_WRITE;
    writer = fs_send(fs_open_op, &req, sizeof req, "/tmp/fifo", 9);
    CHECK_EQ(fs_outcome(reader), 0);
    CHECK_EQ(fs_outcome(writer), 0);
    uint32_t r = ((struct fs_open_rep *)(void *)fs_answers[reader].reply)->handle;
    uint32_t w = ((struct fs_open_rep *)(void *)fs_answers[writer].reply)->handle;
    CHECK_EQ(bytes_write(s, w, "through", 7, FS_HERE), 7);
    CHECK_EQ(fs_outcome(read_send(s, r, 10)), 7);
    CHECK_EQ(file_shut(s, r) | file_shut(s, w), 0);
    reader = fs_send(fs_open_op, &req, sizeof req, "/tmp/fifo", 9);
    CHECK(fs_pending(reader));
    fs_end();
    CHECK_EQ(fs_outcome(reader), -FOS_EINTR);
}

static uint32_t revents(uint32_t number)
{
    return ((struct fs_poll_rep *)(void *)fs_answers[number].reply)->revents[0];
}

CASE("poll tells what is ready, at once or when it is")
{
    uint32_t r, w, polled;

    fs_fresh(NULL, 0);
    s = attach(1);
    pipe_open(s, 0, &r, &w);
    CHECK_EQ(fs_outcome(poll_send(s, r, FS_POLL_IN, false)), 0);
    polled = poll_send(s, w, FS_POLL_OUT, true);
    CHECK_EQ(fs_outcome(polled), 1);
    CHECK_EQ(revents(polled), FS_POLL_OUT);
    polled = poll_send(s, r, FS_POLL_IN, true);
    CHECK(fs_pending(polled));
    CHECK_EQ(bytes_write(s, w, "x", 1, FS_HERE), 1);
    CHECK_EQ(fs_outcome(polled), 1);
    CHECK_EQ(revents(polled), FS_POLL_IN);
    CHECK_EQ(fs_outcome(read_send(s, r, 1)), 1);
    polled = poll_send(s, r, FS_POLL_IN, true);
    CHECK_EQ(file_shut(s, w), 0);
    CHECK_EQ(revents(polled), FS_POLL_HUP);
    polled = poll_send(s, 99, FS_POLL_IN, true);
    CHECK_EQ(revents(polled), FS_POLL_NVAL);
    fs_end();
}

/* ---- locks ---- */

static uint32_t lock_send(uint64_t session, long h, uint16_t type, uint16_t how,
                          int64_t start, int64_t length)
{
    struct fs_lock_req req = {.session = session,
                              .handle = (uint32_t)h,
                              .type = type,
                              .how = how,
                              .start = start,
                              .length = length};

    return fs_send(fs_lock_op, &req, sizeof req, NULL, 0);
}

static long lock_try(uint64_t session, long h, uint16_t type, int64_t start,
                     int64_t length)
{
    return fs_outcome(lock_send(session, h, type, FS_LOCK_TRY, start, length));
}

CASE("locks exclude, are split, and go with any close of the file")
{
    uint64_t other;
    uint32_t waits;

    fs_fresh(NULL, 0);
    s = attach(1);
    other = attach(2);
    long a = file_open(s, "/tmp/f", FS_READ | FS_WRITE | FS_CREATE);
    long a2 = file_open(s, "/tmp/f", FS_READ);
    long b = file_open(other, "/tmp/f", FS_READ | FS_WRITE);
    CHECK_EQ(lock_try(s, a, FS_LOCK_EXCLUSIVE, 0, 100), 0);
    CHECK_EQ(lock_try(other, b, FS_LOCK_SHARED, 50, 1), -FOS_EAGAIN);
    CHECK_EQ(lock_try(other, b, FS_LOCK_SHARED, 100, 1), 0);
    CHECK_EQ(lock_try(s, a, FS_LOCK_NONE, 40, 20), 0);
    CHECK_EQ(lock_try(other, b, FS_LOCK_EXCLUSIVE, 40, 20), 0);
    CHECK_EQ(lock_try(other, b, FS_LOCK_EXCLUSIVE, 39, 1), -FOS_EAGAIN);
    CHECK_EQ(lock_try(other, b, FS_LOCK_EXCLUSIVE, 60, 1), -FOS_EAGAIN);
    waits = lock_send(other, b, FS_LOCK_SHARED, FS_LOCK_WAIT, 0, 0);
    CHECK(fs_pending(waits));
    uint32_t deadly = lock_send(s, a, FS_LOCK_SHARED, FS_LOCK_WAIT, 45, 1);
    CHECK_EQ(fs_outcome(deadly), -FOS_EDEADLK);
    CHECK_EQ(file_shut(s, (uint32_t)a2), 0);
    CHECK_EQ(fs_outcome(waits), 0);
    CHECK_EQ(lock_try(s, a2, FS_LOCK_SHARED, 0, 1), -FOS_EBADF);
    process_ended(2);
    CHECK_EQ(lock_try(s, a, FS_LOCK_EXCLUSIVE, 0, 0), 0);
    fs_end();
}

/* Against a byte map of owners. */
CASE("any order of locks is what a map of bytes says")
{
    enum { BYTES = 64, OWNERS = 3 };
    uint8_t held[OWNERS][BYTES] = {{0}}; /* 0, shared 1, exclusive 2 */
    uint64_t session[OWNERS], state = unit_setting("FS_SEED", 1);
    long h[OWNERS];

    unit_seed_is(state);
    fs_fresh(NULL, 0);
    for (uint32_t i = 0; i < OWNERS; i++) {
        session[i] = attach(i + 1);
        h[i] = file_open(session[i], "/tmp/f", FS_READ | FS_WRITE | FS_CREATE);
    }
    for (int step = 0; step < 20000; step++) {
        uint32_t i = (uint32_t)(unit_random(&state) % OWNERS);
        uint16_t type = (uint16_t)(unit_random(&state) % 3);
        uint32_t start = (uint32_t)(unit_random(&state) % BYTES);
        uint32_t length = 1 + (uint32_t)(unit_random(&state) % (BYTES - start));
        long want = 0;
        for (uint32_t o = 0; o < OWNERS; o++)
            for (uint32_t at = start; at < start + length; at++)
                if (o != i && held[o][at] && (held[o][at] == 2 || type == 2) &&
                    type)
                    want = -FOS_EAGAIN;
        CHECK_EQ(lock_try(session[i], h[i], type, start, length), want);
        if (!want)
            memset(&held[i][start], (int)type, length);
    }
    fs_end();
}
