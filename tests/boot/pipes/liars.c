/* SPDX-License-Identifier: MIT */
/* Pipes in shared memory: who keeps what is no more, lies about locks, or is curious. */
#include "pipes.h"

#include <sys/statvfs.h>

#include <fos/start.h>

/* ---- memory that is kept ---- */

static void handle_close(uint32_t handle)
{
    struct fs_close_req req = {.handle = handle};
    struct fs_close_rep rep;

    FOS_FS_CALL(close, &req, &rep);
}

/* Maps pipes and closes them, but keeps them mapped.  How many it could. */
static uint32_t pipes_keep(uint32_t turns)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < turns; i++) {
        struct fs_pipe_req req = {0};
        struct fs_pipe_rep rep = {0};
        if (FOS_FS_CALL(pipe, &req, &rep))
            _exit(1);
        kept += pipe_map(rep.writer) != NULL;
        handle_close(rep.reader);
        handle_close(rep.writer);
    }
    return kept;
}

static pid_t keeper_start(int tell, uint32_t turns)
{
    pid_t pid = child();

    if (pid)
        return pid;
    uint32_t kept = pipes_keep(turns);
    write(tell, &kept, sizeof kept);
    for (;;)
        pause();
}

/* All that is said to be free. */
static void file_fill(void)
{
    static char page[4096];
    struct statvfs room = {0};
    int fd = open("/tmp/f", O_CREAT | O_RDWR, 0600);

    CASE_EQUAL(statvfs("/tmp", &room), 0);
    CASE_CHECK(room.f_bfree > 8);
    for (uint64_t i = 8; i < room.f_bfree; i++)
        if (write(fd, page, sizeof page) != sizeof page) {
            case_fail("%d of %d pages: %s", (int)i, (int)room.f_bfree,
                      strerror(errno));
            break;
        }
    CASE_EQUAL(close(fd) | unlink("/tmp/f"), 0);
}

static bool is_mapped(const int fds[2])
{
    uint64_t before = pipe_calls();

    pipe_use(fds);
    return pipe_calls() == before;
}

static void test_kept(void)
{
    enum { TURNS = 500, KEEPERS = 3 };
    uint32_t kept = 0;
    int fds[2], told[2];
    pid_t pids[KEEPERS];

    files_begin(
        "who keeps the memory of pipes that are gone takes it from no file");
    CASE_EQUAL(pipe(told), 0);
    for (int i = 0; i < KEEPERS; i++) {
        pids[i] = keeper_start(told[1], TURNS);
        CASE_CHECK(all_read(told[0], &kept, sizeof kept));
        CASE_CHECK(kept < TURNS);
    }
    file_fill();
    CASE_EQUAL(pipe_make(fds, 0), 0);
    CASE_CHECK(!is_mapped(fds));
    CASE_EQUAL(close(fds[0]) | close(fds[1]), 0);
    for (int i = 0; i < KEEPERS; i++) {
        CASE_EQUAL(kill(pids[i], SIGKILL), 0);
        CASE_EQUAL(waitpid(pids[i], NULL, 0), pids[i]);
    }
    CASE_EQUAL(pipe_make(fds, 0), 0);
    CASE_CHECK(is_mapped(fds));
    CASE_EQUAL(close(fds[0]) | close(fds[1]) | close(told[0]) | close(told[1]), 0);
    files_end();
}

/* ---- locks ---- */

static _Noreturn void lie(uint64_t owner, bool late)
{
    bool lied = false;

    for (uint32_t i = 0; i < PIPE_HANDLES; i++) {
        struct fos_pipe *pipe = pipe_map(i);
        if (!pipe)
            continue;
        fos_store_relaxed(&pipe->reading.lock, owner);
        fos_store_relaxed(&pipe->writing.lock, owner);
        lied = true;
    }
    if (late)
        usleep(50000); /* others wait then */
    _exit(lied ? 0 : 1);
}

static void lie_survive(uint64_t owner, bool late)
{
    int fds[2];
    char c;

    CASE_EQUAL(pipe_make(fds, 0), 0);
    pid_t pid = child();
    if (pid == 0)
        lie(owner, late);
    CASE_EQUAL(close(fds[1]), 0);
    CASE_EQUAL(read(fds[0], &c, 1), 0);
    CASE_EQUAL(close(fds[0]), 0);
    ends_with(pid, 0);
}

static void test_lies(void)
{
    files_begin("a lie about who holds a lock ends with the liar");
    pid_t idle = child();
    if (idle == 0)
        for (;;)
            pause();
    const uint64_t owners[] = {42, UINT64_MAX, fos_pid(), (uint64_t)idle};
    for (int i = 0; i < 4; i++) {
        lie_survive(owners[i], false);
        lie_survive(owners[i], true);
    }
    CASE_EQUAL(kill(idle, SIGKILL), 0);
    CASE_EQUAL(waitpid(idle, NULL, 0), idle);
    files_end();
}

/* ---- what is seen ---- */

static _Noreturn void past_see(void)
{
    for (uint32_t i = 0; i < PIPE_HANDLES; i++) {
        const struct fos_pipe *pipe = pipe_map(i);
        if (!pipe)
            continue;
        for (uint32_t at = 0; at < FOS_PIPE_BYTES; at++)
            if (pipe->data[at])
                _exit(2);
        _exit(0);
    }
    _exit(1);
}

static void test_past(void)
{
    int fds[2];

    files_begin("what went through a pipe before is not seen by who maps it");
    CASE_EQUAL(pipe_make(fds, 0), 0);
    pid_t pid = child();
    if (pid == 0)
        past_see();
    ends_with(pid, 0);
    CASE_EQUAL(close(fds[0]) | close(fds[1]), 0);
    files_end();
}

void test_liars(void)
{
    test_kept();
    test_lies();
    test_past();
}
