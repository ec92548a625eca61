/* SPDX-License-Identifier: MIT */
/* Pipes in shared memory, from the fleet's side: this program is the processes, too. */
#include "fs.h"

static uint64_t s, other; /* of processes 1 and 2 */
static uint32_t r, w;     /* handles of both */
static struct fos_pipe *words;

static long map(uint64_t session, uint32_t handle)
{
    struct fs_share_req req = {
        .session = session, .handle = handle, .address = PAGE};
    struct fs_share_rep rep;

    return ASK(share, &req, "", &rep);
}

static void begin(uint32_t flags)
{
    struct fs_pipe_req req = {.flags = flags};
    struct fs_pipe_rep rep = {0};
    struct fs_inherit_req inherit = {.control = {5, 6}, .parent = 1, .child = 2};
    struct fs_inherit_rep none;

    fs_fresh(NULL, 0);
    req.session = s = attach(1);
    CHECK_EQ(ASK(pipe, &req, "", &rep), 0);
    r = rep.reader;
    w = rep.writer;
    CHECK_EQ(ASK(inherit, &inherit, "", &none), 0);
    other = attach(2);
    CHECK_EQ(map(s, r), FS_READ);
    words = fs.shared->words;
    CHECK(fs_shared == (const void *)words->data);
}

static void kick(uint64_t session)
{
    struct fs_kick_req req = {.session = session, .handle = w};

    fs_send(fs_kick_op, &req, sizeof req, NULL, 0);
}

static uint32_t read_send(uint32_t length)
{
    struct fs_read_req req = {
        .session = s, .handle = r, .length = length, .offset = FS_HERE};

    return fs_send(fs_read_op, &req, sizeof req, NULL, 0);
}

static uint32_t write_send(const void *from, size_t length)
{
    struct fs_write_req req = {.session = s, .handle = w, .offset = FS_HERE};

    return fs_send(fs_write_op, &req, sizeof req, from, length);
}

static long held(void)
{
    struct fs_control_req req = {.session = s, .handle = r, .what = FS_AVAILABLE};
    struct fs_control_rep rep;

    return ASK(control, &req, "", &rep);
}

/* As process 2 does without the fleet; what the words say afterwards. */
static uint32_t put(const char *text)
{
    uint32_t state;

    CHECK_EQ(fos_pipe_put(words, 2, (const uint8_t *)text, (uint32_t)strlen(text),
                          true, &state),
             strlen(text));
    return state;
}

static uint32_t taken(long wanted)
{
    static uint8_t bytes[PIPE_SIZE];
    uint32_t state;

    CHECK_EQ(fos_pipe_take(words, 2, bytes, (uint32_t)wanted, &state), wanted);
    return state;
}

CASE("what a pipe holds moves over, and is read and written either way")
{
    struct fs_pipe_req req = {0};
    struct fs_pipe_rep rep = {0};
    uint8_t bytes[8];
    uint32_t state;

    fs_fresh(NULL, 0);
    req.session = s = attach(1);
    uint32_t used = fs.pages.used;
    CHECK_EQ(ASK(pipe, &req, "", &rep), 0);
    CHECK_EQ(bytes_write(s, rep.writer, "hello", 5, FS_HERE), 5);
    CHECK_EQ(map(s, rep.writer), FS_WRITE);
    CHECK_EQ(fs.pages.used, used);
    CHECK_EQ(fs.shared_count, 1);
    words = fs.shared->words;
    CHECK_EQ(fos_pipe_take(words, 1, bytes, 2, &state), 2);
    CHECK(!memcmp(bytes, "he", 2));
    CHECK_EQ(bytes_read(s, rep.reader, bytes, 8, FS_HERE), 3);
    CHECK(!memcmp(bytes, "llo", 3));
    put("xy");
    CHECK_EQ(bytes_write(s, rep.writer, "z", 1, FS_HERE), 1);
    CHECK_EQ(bytes_read(s, rep.reader, bytes, 8, FS_HERE), 3);
    CHECK(!memcmp(bytes, "xyz", 3));
    fs_end();
}

CASE("who waits is told of, and served at a kick")
{
    static char block[FS_WRITE_MAX];
    uint32_t call;

    begin(0);
    call = read_send(8);
    CHECK(fs_pending(call));
    CHECK_EQ(put("one"), FOS_PIPE_READERS_WAIT);
    CHECK(fs_pending(call));
    kick(other);
    CHECK_EQ(fs_outcome(call), 3);
    CHECK_EQ(put("two"), 0);
    CHECK_EQ(taken(3), 0);
    CHECK_EQ(bytes_write(s, w, block, sizeof block, FS_HERE), sizeof block);
    CHECK_EQ(bytes_write(s, w, block, sizeof block, FS_HERE),
             PIPE_SIZE - FS_WRITE_MAX);
    call = write_send(block, 100);
    CHECK(fs_pending(call));
    CHECK_EQ(taken(99), FOS_PIPE_WRITERS_WAIT);
    kick(other);
    CHECK(fs_pending(call));
    CHECK_EQ(taken(1), FOS_PIPE_WRITERS_WAIT);
    kick(other);
    CHECK_EQ(fs_outcome(call), 100);
    fs_end();
}

CASE("who polls is told of, too")
{
    uint32_t call;

    begin(FS_NONBLOCK);
    call = poll_send(s, r, FS_POLL_IN, 1);
    CHECK(fs_pending(call));
    CHECK_EQ(put("x"), FOS_PIPE_POLLED);
    kick(other);
    CHECK_EQ(fs_outcome(call), 1);
    CHECK_EQ(held(), 1);
    CHECK_EQ(taken(1), 0);
    CHECK_EQ(fs_outcome(poll_send(s, r, FS_POLL_IN, 0)), 0);
    CHECK_EQ(bytes_read(s, r, &call, 1, FS_HERE), -FOS_EAGAIN);
    fs_end();
}

CASE("ends that are gone are told of, and the rest is read before the end")
{
    char c;

    begin(0);
    put("x");
    process_ended(2);
    CHECK_EQ(fos_load_relaxed(&words->state), 0);
    CHECK_EQ(file_shut(s, w), 0);
    CHECK_EQ(fos_load_relaxed(&words->state), FOS_PIPE_NO_WRITER);
    CHECK_EQ(bytes_read(s, r, &c, 1, FS_HERE), 1);
    CHECK_EQ(bytes_read(s, r, &c, 1, FS_HERE), 0);
    fs_end();
    begin(0);
    process_ended(2);
    CHECK_EQ(file_shut(s, r), 0);
    CHECK_EQ(fos_load_relaxed(&words->state), FOS_PIPE_NO_READER);
    CHECK_EQ(bytes_write(s, w, "x", 1, FS_HERE), -FOS_EPIPE);
    fs_end();
}

CASE("a lock that is held delays, until its owner lets go or is no more")
{
    uint32_t call;

    begin(0);
    put("x");
    CHECK_EQ(map(other, r), FS_READ);
    CHECK(fos_pipe_lock(&words->reading.lock, 2));
    call = read_send(1);
    CHECK(fs_pending(call));
    CHECK_EQ(fos_pipe_free(words, &words->reading.lock), FOS_PIPE_READERS_WAIT);
    kick(other);
    CHECK_EQ(fs_outcome(call), 1);
    CHECK(fos_pipe_lock(&words->writing.lock, 2));
    call = write_send("y", 1);
    CHECK(fs_pending(call));
    other = attach(2); /* another program */
    CHECK_EQ(fs_outcome(call), 1);
    CHECK(fos_pipe_lock(&words->reading.lock, 2));
    call = read_send(1);
    CHECK(fs_pending(call));
    process_ended(2);
    CHECK_EQ(fs_outcome(call), 1);
    CHECK(fos_pipe_lock(&words->reading.lock, 1));
    fs_end();
}

CASE("who dies before it has told is told for")
{
    uint32_t call;

    begin(0);
    call = read_send(8);
    put("last");
    CHECK(fs_pending(call));
    process_ended(2);
    CHECK_EQ(fs_outcome(call), 4);
    fs_end();
}

CASE("only pipes are shared")
{
    fs_fresh(NULL, 0);
    s = attach(1);
    CHECK_EQ(map(s, (uint32_t)file_open(s, "/etc/passwd", FS_READ)), -FOS_EINVAL);
    CHECK_EQ(make(s, "/tmp/fifo", FS_IFIFO | 0600), 0);
    CHECK_EQ(map(s, (uint32_t)file_open(s, "/tmp/fifo", FS_READ | FS_NONBLOCK)),
             -FOS_EINVAL);
    CHECK_EQ(map(s, 99), -FOS_EBADF);
    CHECK_EQ(map(s + 256, 0), -FOS_ESRCH);
    fs_end();
}

/* ---- room: F6 ---- */

static long pipe_get(uint64_t session, struct fs_pipe_rep *rep)
{
    struct fs_pipe_req req = {.session = session};

    *rep = (struct fs_pipe_rep){0};
    return ASK(pipe, &req, "", rep);
}

/* How many pipes a process can map, one after the other; each is closed at once. */
static uint32_t mapped_and_closed(uint64_t session, uint32_t tries)
{
    struct fs_pipe_rep rep;
    uint32_t count = 0;

    for (uint32_t i = 0; i < tries; i++) {
        CHECK_EQ(pipe_get(session, &rep), 0);
        count += map(session, rep.reader) >= 0;
        CHECK_EQ(file_shut(session, rep.reader), 0);
        CHECK_EQ(file_shut(session, rep.writer), 0);
    }
    return count;
}

CASE("one process has half of the pipes in shared memory at most")
{
    uint32_t all = PAGES / SHARED_PART / FOS_PIPE_PAGES, count = 0;
    struct fs_pipe_rep rep;

    fs_fresh(NULL, 0);
    CHECK_EQ(fs.shared_limit, all);
    CHECK_EQ(fs.pages.limit + fs.shared_limit * FOS_PIPE_PAGES, PAGES);
    s = attach(1);
    other = attach(2);
    do
        CHECK_EQ(pipe_get(s, &rep), 0);
    while (map(s, rep.reader) >= 0 && ++count < PAGES);
    CHECK_EQ(count, (all + 1) / 2);
    CHECK_EQ(map(s, rep.reader), -FOS_ENOMEM);
    CHECK_EQ(bytes_write(s, rep.writer, "x", 1, FS_HERE), 1);
    CHECK_EQ(map(s, 0), FS_READ); /* which it has */
    do
        CHECK_EQ(pipe_get(other, &rep), 0);
    while (map(other, rep.reader) >= 0 && ++count < PAGES);
    CHECK_EQ(count, all);
    process_ended(1);
    CHECK_EQ(map(other, rep.reader), FS_READ);
    fs_end();
}

CASE("a pipe that is gone counts while it is mapped, and no longer")
{
    uint32_t all = PAGES / SHARED_PART / FOS_PIPE_PAGES, pieces;

    fs_fresh(NULL, 0);
    s = attach(1);
    other = attach(2);
    CHECK_EQ(mapped_and_closed(s, 500), 500);
    fs_elsewhere = true;
    pieces = fs_pieces_count;
    CHECK_EQ(mapped_and_closed(s, 500), (all + 1) / 2);
    CHECK_EQ(mapped_and_closed(other, 500), all - (all + 1) / 2);
    CHECK_EQ(fs_pieces_count, pieces + all);
    process_ended(1); /* others may still have its mappings */
    CHECK_EQ(mapped_and_closed(other, 1), 0);
    CHECK_EQ(fs.shared_count, all);
    fs_elsewhere = false;
    CHECK_EQ(mapped_and_closed(other, 500), 500);
    CHECK_EQ(fs_pieces_count, pieces);
    fs_elsewhere = true;
    CHECK_EQ(mapped_and_closed(other, 1), 1);
    fs_elsewhere = false;
    process_ended(2);
    CHECK_EQ(fs.shared_count, 0);
    fs_end();
}

CASE("pipes in shared memory take nothing from files")
{
    uint32_t room;
    long h;

    fs_fresh(NULL, 0);
    s = attach(1);
    room = fs.pages.limit - PAGES_RESERVE - fs.pages.used;
    fs_elsewhere = true;
    mapped_and_closed(s, 500);
    h = file_open(s, "/tmp/f", FS_WRITE | FS_CREATE);
    for (uint32_t i = 0; i < room; i++)
        CHECK_EQ(bytes_write(s, (uint32_t)h, "y", 1, (int64_t)i * PAGE), 1);
    CHECK_EQ(bytes_write(s, (uint32_t)h, "y", 1, (int64_t)room * PAGE),
             -FOS_ENOSPC);
    fs_elsewhere = false;
    fs_end();
}

/* ---- lies ---- */

CASE("a lock whose owner cannot hold it is broken")
{
    uint32_t call;
    char c;

    begin(0);
    put("abcdef");
    fos_store_relaxed(&words->reading.lock, 42); /* nobody */
    CHECK_EQ(bytes_read(s, r, &c, 1, FS_HERE), 1);
    fos_store_relaxed(&words->reading.lock, UINT64_MAX); /* the fleet itself */
    CHECK_EQ(bytes_read(s, r, &c, 1, FS_HERE), 1);
    fos_store_relaxed(&words->reading.lock, 2); /* has not mapped it */
    CHECK_EQ(bytes_read(s, r, &c, 1, FS_HERE), 1);
    fs_threads = 1;
    fos_store_relaxed(&words->reading.lock, 1); /* who asks itself */
    CHECK_EQ(bytes_read(s, r, &c, 1, FS_HERE), 1);
    fs_threads = 2;
    fos_store_relaxed(&words->reading.lock, 1); /* or another thread of it */
    call = read_send(1);
    CHECK(fs_pending(call));
    fs_threads = 9;
    CHECK_EQ(map(other, r), FS_READ);
    CHECK_EQ(file_shut(other, r), 0);
    fos_store_relaxed(&words->reading.lock, 2); /* not with that end any more */
    kick(other);
    CHECK_EQ(fs_outcome(call), 1);
    fos_store_relaxed(&words->writing.lock, 42);
    CHECK_EQ(bytes_write(s, w, "x", 1, FS_HERE), 1);
    fs_end();
}

CASE("a liar's end is the end of the lie")
{
    static const uint64_t owners[] = {42, 1, 2, UINT64_MAX};
    uint32_t call;

    for (int i = 0; i < 4; i++) {
        begin(0);
        fs_threads = 1;
        CHECK_EQ(map(other, w), FS_WRITE);
        CHECK_EQ(file_shut(s, w), 0);
        call = read_send(1);
        CHECK(fs_pending(call));
        fos_store_relaxed(&words->reading.lock, owners[i]);
        fos_store_relaxed(&words->writing.lock, owners[i]);
        process_ended(2);
        CHECK_EQ(fs_outcome(call), 0);
        fs_threads = 9;
        fs_end();
    }
}

CASE("who polls may hold a lock, and does while it may")
{
    uint32_t call, poll;

    begin(0);
    CHECK_EQ(map(other, r), FS_READ);
    fs_threads = 1;
    poll = poll_send(s, r, FS_POLL_IN, 1);
    CHECK(fs_pending(poll));
    CHECK(fos_pipe_lock(&words->reading.lock, 1));
    put("x");
    struct fs_read_req req = {
        .session = other, .handle = r, .length = 1, .offset = FS_HERE};
    call = fs_send(fs_read_op, &req, sizeof req, NULL, 0);
    CHECK(fs_pending(call));
    CHECK(fos_pipe_free(words, &words->reading.lock) & FOS_PIPE_READERS_WAIT);
    kick(s);
    CHECK_EQ(fs_outcome(call), 1);
    fs_threads = 9;
    fs_end();
}

/* ---- what is seen: P5 ---- */

CASE("who maps a pipe sees nothing that went through before")
{
    uint8_t bytes[8];
    uint32_t state;

    begin(0);
    put("secret");
    CHECK_EQ(fos_pipe_take(words, 1, bytes, 4, &state), 4);
    CHECK_EQ(map(s, w), FS_WRITE);
    CHECK(!memcmp(words->data, "secret", 6));
    CHECK(fos_pipe_lock(&words->writing.lock, 1));
    CHECK_EQ(map(other, r), -FOS_EAGAIN);
    CHECK(!memcmp(words->data, "secret", 6));
    fos_pipe_free(words, &words->writing.lock);
    CHECK_EQ(map(other, r), FS_READ);
    CHECK(!memcmp(words->data, "\0\0\0\0et", 7));
    CHECK_EQ(taken(2), 0);
    fs_end();
}

CASE("what is in a pipe as it is mapped stays, also round its end")
{
    static uint8_t block[PIPE_SIZE];
    uint32_t state;

    begin(0);
    memset(block, 'x', sizeof block);
    for (uint32_t at = 0; at < PIPE_SIZE; at += PAGE)
        CHECK_EQ(fos_pipe_put(words, 1, block, PAGE, true, &state), PAGE);
    CHECK_EQ(fos_pipe_take(words, 1, block, PIPE_SIZE - 3, &state), PIPE_SIZE - 3);
    put("ends");
    CHECK_EQ(map(other, r), FS_READ);
    CHECK(!memcmp(words->data, "ends\0", 5));
    CHECK(!memcmp(words->data + PIPE_SIZE - 4, "\0xxx", 4));
    for (uint32_t at = 4; at < PIPE_SIZE - 3; at++)
        if (!CHECK_EQ(words->data[at], 0))
            break;
    fs_end();
}

/* The process writes anything into the words between its calls. */
CASE("nonsense in the words hurts nobody else")
{
    static char block[FS_WRITE_MAX];
    uint64_t state = unit_setting("FS_SEED", 1);
    uint32_t *word;

    unit_seed_is(state);
    begin(FS_NONBLOCK);
    word = (uint32_t *)(void *)words;
    for (int i = 0; i < 100000; i++) {
        uint32_t draw = (uint32_t)unit_random(&state);
        word[draw % 48] = (uint32_t)unit_random(&state) >> draw % 32;
        switch (draw / 64 % 5) {
        case 0:
            CHECK(bytes_read(s, r, block, FS_READ_MAX, FS_HERE) <= FS_READ_MAX);
            break;
        case 1:
            CHECK(bytes_write(s, w, block, draw / 512 % 9000, FS_HERE) <= 9000);
            break;
        case 2:
            CHECK(held() >= 0 && held() <= PIPE_SIZE);
            break;
        case 3:
            fs_cancel(poll_send(s, draw / 512 % 2 ? r : w, 5, 1));
            break;
        default:
            kick(other);
        }
    }
    CHECK_EQ(fs.shared_count, 1);
    fs_end();
}
