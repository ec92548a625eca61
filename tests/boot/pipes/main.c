/* SPDX-License-Identifier: MIT */
/*
 * Pipes, FIFOs and poll between processes.  With the argument `shared`, each pipe is
 * used so often first that this process has it in shared memory, and more is tried of
 * such ones.
 */
#include "pipes.h"

#include <poll.h>
#include <sys/select.h>
#include <sys/stat.h>

bool pipes_shared;

static unsigned char byte_at(int i)
{
    return (unsigned char)(i * 31 + i / 1021);
}

static void stream_write(int fd, int length)
{
    unsigned char block[10000];

    for (int done = 0; done < length;) {
        int piece =
            length - done < (int)sizeof block ? length - done : (int)sizeof block;
        for (int i = 0; i < piece; i++)
            block[i] = byte_at(done + i);
        if (write(fd, block, (size_t)piece) != piece)
            _exit(1);
        done += piece;
    }
    _exit(7);
}

static void test_stream(void)
{
    enum { LENGTH = 200000 };
    unsigned char block[4096];
    int fds[2], at = 0;
    ssize_t got;

    files_begin("what a child writes arrives whole, and its exit ends the stream");
    CASE_EQUAL(pipe_make(fds, 0), 0);
    pid_t pid = child();
    if (pid == 0)
        stream_write(fds[1], LENGTH);
    CASE_EQUAL(close(fds[1]), 0);
    while ((got = read(fds[0], block, sizeof block)) > 0)
        for (int i = 0; i < got; i++, at++)
            if (block[i] != byte_at(at))
                case_fail("byte %d is wrong", at);
    CASE_EQUAL(got, 0);
    CASE_EQUAL(at, LENGTH);
    CASE_EQUAL(close(fds[0]), 0);
    ends_with(pid, 7);
    files_end();
}

enum { RECORDS = 60 };

static void record_write(int fd, int writer)
{
    char record[512];

    memset(record, 'a' + writer, sizeof record);
    for (int i = 0; i < RECORDS; i++)
        if (write(fd, record, sizeof record) != sizeof record)
            _exit(1);
    _exit(writer);
}

static void test_atomic(void)
{
    enum { WRITERS = 3 };
    pid_t pids[WRITERS];
    char record[512];
    int fds[2], records = 0;

    files_begin("records of several children are not mixed");
    CASE_EQUAL(pipe_make(fds, 0), 0);
    for (int i = 0; i < WRITERS; i++)
        if ((pids[i] = child()) == 0)
            record_write(fds[1], i);
    CASE_EQUAL(close(fds[1]), 0);
    for (; all_read(fds[0], record, sizeof record); records++)
        for (unsigned i = 1; i < sizeof record; i++)
            if (record[i] != record[0])
                case_fail("record %d is mixed", records);
    CASE_EQUAL(records, WRITERS * RECORDS);
    CASE_EQUAL(close(fds[0]), 0);
    for (int i = 0; i < WRITERS; i++)
        ends_with(pids[i], i);
    files_end();
}

static void test_turns(void)
{
    enum { ROUNDS = 100 };
    int there[2], back[2];
    char c = 0;

    files_begin("two processes take turns over two pipes");
    CASE_EQUAL(pipe_make(there, 0) | pipe_make(back, 0), 0);
    pid_t pid = child();
    if (pid == 0) {
        close(there[1]);
        while (read(there[0], &c, 1) == 1) {
            c++;
            if (write(back[1], &c, 1) != 1)
                _exit(1);
        }
        _exit(0);
    }
    close(there[0]);
    close(back[1]);
    for (int i = 0; i < ROUNDS; i++) {
        char sent = (char)i;
        CASE_EQUAL(write(there[1], &sent, 1), 1);
        CASE_EQUAL(read(back[0], &c, 1), 1);
        CASE_EQUAL(c, (char)(i + 1));
    }
    CASE_EQUAL(close(there[1]) | close(back[0]), 0);
    ends_with(pid, 0);
    files_end();
}

static void test_broken(void)
{
    int fds[2];

    files_begin("a pipe that nobody reads: SIGPIPE, or EPIPE");
    CASE_EQUAL(pipe_make(fds, 0), 0);
    CASE_EQUAL(close(fds[0]), 0);
    pid_t pid = child();
    if (pid == 0) {
        signal(SIGPIPE, SIG_DFL);
        write(fds[1], "x", 1);
        _exit(1);
    }
    int status = 0;
    CASE_EQUAL(waitpid(pid, &status, 0), pid);
    CASE_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
    signal(SIGPIPE, SIG_IGN);
    FAILS(write(fds[1], "x", 1), EPIPE);
    signal(SIGPIPE, SIG_DFL);
    CASE_EQUAL(close(fds[1]), 0);
    files_end();
}

static void test_nonblock(void)
{
    static char block[65536];
    int fds[2];
    char c;

    files_begin("O_NONBLOCK answers EAGAIN at once");
    CASE_EQUAL(pipe_make(fds, O_NONBLOCK | O_CLOEXEC), 0);
    FAILS(read(fds[0], &c, 1), EAGAIN);
    CASE_EQUAL(write(fds[1], block, sizeof block), sizeof block);
    FAILS(write(fds[1], block, 1), EAGAIN);
    FAILS(lseek(fds[0], 0, SEEK_CUR), ESPIPE);
    FAILS(read(fds[1], &c, 1), EBADF);
    CASE_EQUAL(fcntl(fds[0], F_GETFL), O_RDONLY | O_NONBLOCK);
    CASE_EQUAL(close(fds[0]) | close(fds[1]), 0);
    files_end();
}

static void test_fifo(void)
{
    char got[16] = {0};

    files_begin("a FIFO joins processes that only know its name");
    CASE_EQUAL(mkfifo("/tmp/fifo", 0600), 0);
    pid_t pid = child();
    if (pid == 0) {
        int out = open("/tmp/fifo", O_WRONLY);
        _exit(write(out, "by name", 7) == 7 ? 3 : 1);
    }
    int in = open("/tmp/fifo", O_RDONLY);
    CASE_CHECK(in >= 0);
    CASE_EQUAL(read(in, got, sizeof got), 7);
    CASE_CHECK(!strcmp(got, "by name"));
    CASE_EQUAL(read(in, got, sizeof got), 0);
    CASE_EQUAL(close(in), 0);
    ends_with(pid, 3);
    CASE_EQUAL(unlink("/tmp/fifo"), 0);
    files_end();
}

static void test_poll(void)
{
    struct pollfd polled[2] = {{.events = POLLIN}, {.events = POLLIN}};
    struct timeval tenth = {0, 100000};
    int a[2], b[2];
    fd_set set;

    files_begin("poll and select wake when a child writes or is gone, or in time");
    CASE_EQUAL(pipe_make(a, 0) | pipe_make(b, 0), 0);
    polled[0].fd = a[0];
    polled[1].fd = b[0];
    CASE_EQUAL(poll(polled, 2, 0), 0);
    CASE_EQUAL(poll(polled, 2, 20), 0);
    pid_t pid = child();
    if (pid == 0) {
        char c;
        close(a[1]);
        usleep(20000);
        write(b[1], "x", 1);
        read(a[0], &c, 1);
        _exit(0);
    }
    CASE_EQUAL(close(b[1]), 0);
    CASE_EQUAL(poll(polled, 2, -1), 1);
    CASE_EQUAL(polled[0].revents, 0);
    CASE_CHECK(polled[1].revents & POLLIN);
    CASE_EQUAL(read(b[0], &set, 1), 1);
    FD_ZERO(&set);
    FD_SET(b[0], &set);
    CASE_EQUAL(select(b[0] + 1, &set, NULL, NULL, &tenth), 0);
    CASE_EQUAL(write(a[1], "y", 1), 1);
    CASE_EQUAL(poll(polled + 1, 1, -1), 1);
    CASE_CHECK(polled[1].revents & POLLHUP);
    ends_with(pid, 0);
    CASE_EQUAL(close(a[0]) | close(a[1]) | close(b[0]), 0);
    files_end();
}

static void test_shared_place(void)
{
    char c = 0;

    files_begin("a forked child reads on where its parent stopped");
    int fd = open("/tmp/f", O_CREAT | O_RDWR, 0600);
    CASE_EQUAL(write(fd, "abc", 3), 3);
    CASE_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CASE_EQUAL(read(fd, &c, 1), 1);
    pid_t pid = child();
    if (pid == 0)
        _exit(read(fd, &c, 1) == 1 && c == 'b' ? 0 : 1);
    ends_with(pid, 0);
    CASE_EQUAL(read(fd, &c, 1), 1);
    CASE_EQUAL(c, 'c');
    CASE_EQUAL(close(fd) | unlink("/tmp/f"), 0);
    files_end();
}

static void test_locks(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10};
    int told[2];
    char c;

    files_begin("a lock keeps a child out until it is given back");
    CASE_EQUAL(pipe(told), 0);
    int fd = open("/tmp/f", O_CREAT | O_RDWR, 0600);
    CASE_EQUAL(fcntl(fd, F_SETLK, &lock), 0);
    pid_t pid = child();
    if (pid == 0) {
        struct flock mine = lock;
        if (fcntl(fd, F_SETLK, &mine) != -1 || errno != EAGAIN ||
            fcntl(fd, F_GETLK, &mine) || mine.l_type != F_WRLCK ||
            mine.l_pid != (short)getppid())
            _exit(1);
        write(told[1], "x", 1);
        mine = lock;
        _exit(fcntl(fd, F_SETLKW, &mine) ? 2 : 5);
    }
    CASE_EQUAL(read(told[0], &c, 1), 1);
    usleep(20000);
    lock.l_type = F_UNLCK;
    CASE_EQUAL(fcntl(fd, F_SETLK, &lock), 0);
    ends_with(pid, 5);
    CASE_EQUAL(close(fd) | close(told[0]) | close(told[1]) | unlink("/tmp/f"), 0);
    files_end();
}

static void test_place(void)
{
    char path[64] = {0};

    files_begin("directory and mask are a child's own");
    mode_t mask = umask(022);
    CASE_EQUAL(chdir("/tmp"), 0);
    pid_t pid = child();
    if (pid == 0) {
        bool same = getcwd(path, sizeof path) && !strcmp(path, "/tmp");
        umask(077);
        _exit(same && chdir("/") == 0 ? 0 : 1);
    }
    ends_with(pid, 0);
    CASE_CHECK(getcwd(path, sizeof path) && !strcmp(path, "/tmp"));
    CASE_EQUAL(umask(mask), 022);
    CASE_EQUAL(chdir("/"), 0);
    files_end();
}

int main(int argc, char **argv)
{
    pipes_shared = argc == 2 && !strcmp(argv[1], "shared");
    if (pipes_shared) {
        test_shared();
        test_liars();
    }
    test_stream();
    test_atomic();
    test_turns();
    test_broken();
    test_nonblock();
    test_fifo();
    test_poll();
    test_shared_place();
    test_locks();
    test_place();
    return cases_status();
}
