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
    words = fs.shared->shared;
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

static uint32_t poll_send(uint32_t handle, uint32_t events, uint32_t wait)
{
    struct fs_poll_req req = {.session = s, .count = 1, .wait = wait};
    struct fs_poll_item item = {handle, events};

    return fs_send(fs_poll_op, &req, sizeof req, &item, sizeof item);
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
    CHECK_EQ(fs.pages.used, used + FOS_PIPE_PAGES);
    words = fs.shared->shared;
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
    call = poll_send(r, FS_POLL_IN, 1);
    CHECK(fs_pending(call));
    CHECK_EQ(put("x"), FOS_PIPE_POLLED);
    kick(other);
    CHECK_EQ(fs_outcome(call), 1);
    CHECK_EQ(held(), 1);
    CHECK_EQ(taken(1), 0);
    CHECK_EQ(fs_outcome(poll_send(r, FS_POLL_IN, 0)), 0);
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

CASE("only pipes are shared, and only while there is room")
{
    struct fs_pipe_req req = {0};
    struct fs_pipe_rep rep = {0};
    uint32_t count = 0;

    fs_fresh(NULL, 0);
    req.session = s = attach(1);
    CHECK_EQ(map(s, (uint32_t)file_open(s, "/etc/passwd", FS_READ)), -FOS_EINVAL);
    CHECK_EQ(make(s, "/tmp/fifo", FS_IFIFO | 0600), 0);
    CHECK_EQ(map(s, (uint32_t)file_open(s, "/tmp/fifo", FS_READ | FS_NONBLOCK)),
             -FOS_EINVAL);
    CHECK_EQ(map(s, 99), -FOS_EBADF);
    CHECK_EQ(map(s + 256, 0), -FOS_ESRCH);
    do
        CHECK_EQ(ASK(pipe, &req, "", &rep), 0);
    while (map(s, rep.reader) >= 0 && ++count < PAGES);
    CHECK_EQ(count, PAGES / SHARED_PART / FOS_PIPE_PAGES);
    CHECK_EQ(map(s, rep.reader), -FOS_ENOMEM);
    CHECK_EQ(bytes_write(s, rep.writer, "x", 1, FS_HERE), 1);
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
            fs_cancel(poll_send(draw / 512 % 2 ? r : w, 5, 1));
            break;
        default:
            kick(other);
        }
    }
    CHECK_EQ(fs.shared_pages, FOS_PIPE_PAGES);
    fs_end();
}
