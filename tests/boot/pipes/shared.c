/* SPDX-License-Identifier: MIT */
/* Pipes in shared memory: that they are, and what a process there may do to others. */
#include "pipes.h"

#include <poll.h>
#include <sys/ioctl.h>

#include <fos/start.h>

enum { RECORD = 512 };

static void test_no_calls(void)
{
    int fds[2];
    char c = 0;

    files_begin("a pipe that is often used needs no calls to the file system");
    CASE_EQUAL(pipe_make(fds, 0), 0);
    uint64_t before = pipe_calls();
    for (int i = 0; i < 100; i++) {
        CASE_EQUAL(write(fds[1], &(char){(char)i}, 1), 1);
        CASE_EQUAL(read(fds[0], &c, 1), 1);
        CASE_EQUAL(c, (char)i);
    }
    CASE_EQUAL(pipe_calls(), before);
    CASE_EQUAL(close(fds[0]) | close(fds[1]), 0);
    files_end();
}

static void test_seldom(void)
{
    int fds[2];
    char c;

    files_begin("a pipe found empty and seldom used is left with the file system");
    CASE_EQUAL(pipe2(fds, O_NONBLOCK), 0);
    FAILS(read(fds[0], &c, 1), EAGAIN);
    for (int i = 0; i < 4; i++) {
        CASE_EQUAL(write(fds[1], "x", 1), 1);
        uint64_t before = pipe_calls();
        CASE_EQUAL(read(fds[0], &c, 1), 1);
        CASE_EQUAL(pipe_calls(), before + 1);
    }
    CASE_EQUAL(close(fds[0]) | close(fds[1]), 0);
    files_end();
}

/* ---- several at each end ---- */

static bool record_whole(const char *record)
{
    for (int i = 1; i < RECORD; i++)
        if (record[i] != record[0])
            return false;
    return true;
}

static void records_write(int fd, int writer, int count)
{
    char record[RECORD];

    memset(record, 'a' + writer, sizeof record);
    for (int i = 0; i < count; i++)
        if (write(fd, record, sizeof record) != sizeof record)
            _exit(1);
}

/* Tells how many of each writer came. */
static void records_read(int fd, int tell)
{
    char record[RECORD];
    int counts[4] = {0};
    ssize_t got;

    while ((got = read(fd, record, sizeof record)) > 0) {
        if (got != sizeof record || !record_whole(record))
            _exit(1);
        counts[(record[0] - 'a') & 3]++;
    }
    _exit(got == 0 && write(tell, counts, sizeof counts) == sizeof counts ? 0 : 1);
}

static void test_many(void)
{
    enum { WRITERS = 3, READERS = 2, EACH = 400 };
    int fds[2], tell[2], counts[4], sums[4] = {0};
    pid_t pids[WRITERS + READERS];

    files_begin("several readers and writers lose, tear and repeat nothing");
    CASE_EQUAL(pipe_make(fds, 0) | pipe(tell), 0);
    for (int i = 0; i < WRITERS + READERS; i++) {
        pids[i] = child();
        if (pids[i] == 0 && i < WRITERS) {
            close(fds[0]);
            records_write(fds[1], i, EACH);
            _exit(0);
        }
        if (pids[i] == 0) {
            close(fds[1]);
            records_read(fds[0], tell[1]);
        }
    }
    CASE_EQUAL(close(fds[0]) | close(fds[1]), 0);
    for (int i = 0; i < READERS; i++) {
        CASE_CHECK(all_read(tell[0], counts, sizeof counts));
        for (int j = 0; j < 4; j++)
            sums[j] += counts[j];
    }
    for (int i = 0; i < WRITERS; i++)
        CASE_EQUAL(sums[i], EACH);
    for (int i = 0; i < WRITERS + READERS; i++)
        ends_with(pids[i], 0);
    CASE_EQUAL(close(tell[0]) | close(tell[1]), 0);
    files_end();
}

/* ---- waiting ---- */

static void on_signal(int signal)
{
    (void)signal;
}

static void test_interrupted(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    int fds[2], ready[2];
    char c;

    files_begin("a signal ends a read of a pipe in shared memory, or does not");
    CASE_EQUAL(pipe_make(fds, 0) | pipe(ready), 0);
    sigaction(SIGUSR1, &action, NULL);
    pid_t parent = getpid(), pid = child();
    if (pid == 0) {
        read(ready[0], &c, 1);
        usleep(50000);
        kill(parent, SIGUSR1);
        read(ready[0], &c, 1);
        usleep(50000);
        kill(parent, SIGUSR1);
        usleep(50000);
        _exit(write(fds[1], "z", 1) == 1 ? 0 : 1);
    }
    CASE_EQUAL(write(ready[1], "x", 1), 1);
    FAILS(read(fds[0], &c, 1), EINTR);
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, NULL);
    CASE_EQUAL(write(ready[1], "x", 1), 1);
    CASE_EQUAL(read(fds[0], &c, 1), 1);
    CASE_EQUAL(c, 'z');
    ends_with(pid, 0);
    signal(SIGUSR1, SIG_DFL);
    CASE_EQUAL(close(fds[0]) | close(fds[1]) | close(ready[0]) | close(ready[1]),
               0);
    files_end();
}

static void test_full(void)
{
    static char block[65536];
    struct pollfd polled = {.events = POLLOUT};
    int fds[2], held = 0;

    files_begin("a pipe in shared memory holds, tells and refuses as others do");
    CASE_EQUAL(pipe_make(fds, O_NONBLOCK), 0);
    CASE_EQUAL(write(fds[1], block, 60000), 60000);
    CASE_EQUAL(write(fds[1], block, 10000), 5536);
    FAILS(write(fds[1], block, 1), EAGAIN);
    CASE_EQUAL(ioctl(fds[0], FIONREAD, &held), 0);
    CASE_EQUAL(held, 65536);
    polled.fd = fds[1];
    CASE_EQUAL(poll(&polled, 1, 0), 0);
    CASE_EQUAL(read(fds[0], block, 100), 100);
    FAILS(write(fds[1], block, 101), EAGAIN);
    CASE_EQUAL(write(fds[1], block, 100), 100);
    pid_t pid = child();
    if (pid == 0) {
        for (int left = 65536; left;) {
            ssize_t got = read(fds[0], block, sizeof block);
            left -= got > 0 ? (int)got : 0;
        }
        _exit(0);
    }
    CASE_EQUAL(poll(&polled, 1, -1), 1);
    CASE_EQUAL(polled.revents, POLLOUT);
    ends_with(pid, 0);
    CASE_EQUAL(close(fds[0]) | close(fds[1]), 0);
    files_end();
}

/* ---- deaths ---- */

/* Whole records until the other one's 'z'. */
static void records_until_own(int fd)
{
    char record[RECORD] = {0};

    while (record[0] != 'z') {
        if (!all_read(fd, record, sizeof record) || !record_whole(record)) {
            case_fail("a record is torn");
            return;
        }
    }
}

static void test_killed(void)
{
    char record[RECORD];
    int fds[2];

    files_begin("a writer killed at any moment tears nothing and stops nobody");
    CASE_EQUAL(pipe_make(fds, 0), 0);
    memset(record, 'z', sizeof record);
    for (int i = 0; i < 10; i++) {
        pid_t pid = child();
        if (pid == 0) {
            records_write(fds[1], 0, INT32_MAX);
            _exit(0);
        }
        for (int n = 0; n < 20 + i; n++) {
            char got[RECORD];
            CASE_CHECK(all_read(fds[0], got, sizeof got) && record_whole(got));
        }
        CASE_EQUAL(kill(pid, SIGKILL), 0);
        CASE_EQUAL(waitpid(pid, NULL, 0), pid);
        pid = child();
        if (pid == 0)
            _exit(write(fds[1], record, sizeof record) == sizeof record ? 0 : 1);
        records_until_own(fds[0]);
        ends_with(pid, 0);
    }
    CASE_EQUAL(close(fds[0]) | close(fds[1]), 0);
    files_end();
}

static void lock_take(_Atomic uint64_t *lock)
{
    while (!fos_pipe_lock(lock, fos_pid()) && fos_load_relaxed(lock) != fos_pid())
        fos_pause();
}

static _Noreturn void locks_hold(pid_t tell)
{
    for (uint32_t i = 0; i < PIPE_HANDLES; i++) {
        struct fos_pipe *pipe = pipe_map(i);
        if (pipe) {
            lock_take(&pipe->reading.lock);
            lock_take(&pipe->writing.lock);
        }
    }
    kill(tell, SIGUSR1);
    for (;;)
        pause();
}

/* A child that dies while the parent waits for what it has locked. */
static void test_locked(void)
{
    sigset_t told;
    int fds[2], ready[2], signal;
    char c;

    files_begin("the locks of a process that is killed are broken");
    CASE_EQUAL(pipe_make(fds, 0) | pipe(ready), 0);
    sigemptyset(&told);
    sigaddset(&told, SIGUSR1);
    sigprocmask(SIG_BLOCK, &told, NULL);
    pid_t holder = child();
    if (holder == 0) {
        close(ready[0]);
        close(ready[1]);
        locks_hold(getppid());
    }
    CASE_EQUAL(sigwait(&told, &signal), 0);
    sigprocmask(SIG_UNBLOCK, &told, NULL);
    pid_t killer = child();
    if (killer == 0) {
        read(ready[0], &c, 1);
        usleep(50000);
        _exit(kill(holder, SIGKILL) == 0 ? 0 : 1);
    }
    CASE_EQUAL(write(ready[1], "x", 1), 1);
    CASE_EQUAL(write(fds[1], "y", 1), 1);
    CASE_EQUAL(read(fds[0], &c, 1), 1);
    CASE_EQUAL(c, 'y');
    CASE_EQUAL(waitpid(holder, NULL, 0), holder);
    ends_with(killer, 0);
    CASE_EQUAL(close(fds[0]) | close(fds[1]) | close(ready[0]) | close(ready[1]),
               0);
    files_end();
}

/* ---- an adversary ---- */

static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Nonsense, and small numbers that may make some sense, into all that it was given. */
static _Noreturn void scribble(void)
{
    struct fos_pipe *pipes[PIPE_HANDLES];
    uint64_t state = 88172645463325252ull;
    uint32_t count = 0;

    for (uint32_t i = 0; i < PIPE_HANDLES; i++) {
        pipes[count] = pipe_map(i);
        count += pipes[count] != NULL;
    }
    if (count == 0)
        _exit(1);
    for (uint32_t n = 0;; n++) {
        _Atomic uint64_t *words = (void *)pipes[n % count];
        uint64_t value = draw(&state);
        fos_store_relaxed(&words[draw(&state) % 24],
                          n % 3 ? value : value % 200000);
        if (n % 64 == 0)
            fos_fs_kick((uint32_t)value % 16);
    }
}

static void other_pipe_works(void)
{
    int fds[2];

    CASE_EQUAL(pipe_make(fds, 0), 0);
    pid_t pid = child();
    if (pid == 0) {
        records_write(fds[1], 0, 50);
        _exit(0);
    }
    for (int i = 0; i < 50; i++) {
        char got[RECORD];
        CASE_CHECK(all_read(fds[0], got, sizeof got) && record_whole(got));
    }
    ends_with(pid, 0);
    CASE_EQUAL(close(fds[0]) | close(fds[1]), 0);
}

static void test_scribbled(void)
{
    static char block[65536];
    struct pollfd polled[2] = {{.events = POLLIN}, {.events = POLLOUT}};
    int fds[2], held;

    files_begin("who writes nonsense into a pipe's words spoils that pipe alone");
    CASE_EQUAL(pipe_make(fds, O_NONBLOCK), 0);
    pid_t pid = child();
    if (pid == 0)
        scribble();
    signal(SIGPIPE, SIG_IGN);
    polled[0].fd = fds[0];
    polled[1].fd = fds[1];
    for (int i = 0; i < 100; i++) {
        CASE_CHECK(read(fds[0], block, sizeof block) <= (ssize_t)sizeof block);
        CASE_CHECK(write(fds[1], block, (size_t)i * 600) <= i * 600);
        CASE_CHECK(poll(polled, 2, 1) <= 2);
        CASE_EQUAL(ioctl(fds[0], FIONREAD, &held), 0);
        CASE_CHECK(held >= 0 && held <= 65536);
    }
    other_pipe_works();
    CASE_EQUAL(kill(pid, SIGKILL), 0);
    CASE_EQUAL(waitpid(pid, NULL, 0), pid);
    other_pipe_works();
    signal(SIGPIPE, SIG_DFL);
    CASE_EQUAL(close(fds[0]) | close(fds[1]), 0);
    files_end();
}

static void test_refused(void)
{
    struct fs_share_req req = {.handle = 0};
    struct fs_share_rep rep;
    int fds[2];

    files_begin("only a pipe is shared, and only at an address that is free");
    int file = open("/tmp/f", O_CREAT | O_RDWR, 0600);
    CASE_EQUAL(pipe_make(fds, 0), 0);
    for (uint32_t i = 0; i < PIPE_HANDLES; i++) {
        req.handle = i;
        req.address = (uint64_t)&rep & ~4095ull;
        CASE_CHECK(FOS_FS_CALL(share, &req, &rep) < 0);
        req.address = ~0ull;
        CASE_CHECK(FOS_FS_CALL(share, &req, &rep) < 0);
        req.address = 0xffff800000000000ull;
        CASE_CHECK(FOS_FS_CALL(share, &req, &rep) < 0);
    }
    CASE_EQUAL(close(fds[0]) | close(fds[1]) | close(file) | unlink("/tmp/f"), 0);
    files_end();
}

void test_shared(void)
{
    test_no_calls();
    test_seldom();
    test_many();
    test_interrupted();
    test_full();
    test_killed();
    test_locked();
    test_scribbled();
    test_refused();
}
