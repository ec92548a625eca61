/* SPDX-License-Identifier: MIT */
/* What processes share: mutexes, condition variables, semaphores, memory with a name. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../scenario.h"

enum { ROUNDS = 300, CREW = 3, TURNS = 20, PAGE = 4096 };

#define SEM_NAME "/between"
#define SHM_NAME "/between-memory"

static const char self[] = "/bin/test-between";

static struct board {
    pthread_mutex_t mutex;
    pthread_cond_t turned;
    sem_t sem, back;
    unsigned counter, turn, waiting, woken;
} * board;

static void status_is(pid_t pid, int wanted)
{
    int status = -1;

    CASE_CHECK(pid > 0);
    CASE_EQUAL(waitpid(pid, &status, 0), pid);
    CASE_CHECK(WIFEXITED(status));
    CASE_EQUAL(WEXITSTATUS(status), wanted);
}

static void board_make(void)
{
    pthread_mutexattr_t mutex;
    pthread_condattr_t cond;

    board =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CASE_CHECK(board != MAP_FAILED);
    pthread_mutexattr_init(&mutex);
    CASE_EQUAL(pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED), 0);
    CASE_EQUAL(pthread_mutex_init(&board->mutex, &mutex), 0);
    pthread_condattr_init(&cond);
    CASE_EQUAL(pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED), 0);
    CASE_EQUAL(pthread_cond_init(&board->turned, &cond), 0);
    CASE_EQUAL(sem_init(&board->sem, 1, 0), 0);
    CASE_EQUAL(sem_init(&board->back, 1, 0), 0);
}

/* ---- mutexes and condition variables ---- */

/* The counter is read, and written after others had the processor. */
static void count(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&board->mutex);
        unsigned before = board->counter;
        if (i % 16 == 0)
            sched_yield();
        board->counter = before + 1;
        pthread_mutex_unlock(&board->mutex);
    }
}

static void test_mutex(void)
{
    pid_t pids[CREW];

    case_begin("a mutex is held by one process at a time");
    board->counter = 0;
    for (int i = 0; i < CREW; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            count();
            _exit(0);
        }
    }
    count();
    for (int i = 0; i < CREW; i++)
        status_is(pids[i], 0);
    CASE_EQUAL(board->counter, (CREW + 1) * ROUNDS);
    case_end();
}

/* Takes every second turn. */
static void turns_take(unsigned mine)
{
    for (int i = 0; i < TURNS; i++) {
        pthread_mutex_lock(&board->mutex);
        while (board->turn % 2 != mine)
            pthread_cond_wait(&board->turned, &board->mutex);
        board->turn++;
        pthread_cond_signal(&board->turned);
        pthread_mutex_unlock(&board->mutex);
    }
}

static void test_turns(void)
{
    pid_t pid;

    case_begin("processes take turns by a condition variable");
    board->turn = 0;
    pid = fork();
    if (pid == 0) {
        turns_take(1);
        _exit(0);
    }
    turns_take(0);
    status_is(pid, 0);
    CASE_EQUAL(board->turn, 2 * TURNS);
    case_end();
}

static void wake_wait(void)
{
    pthread_mutex_lock(&board->mutex);
    board->waiting++;
    pthread_cond_signal(&board->turned);
    while (!board->woken)
        pthread_cond_wait(&board->turned, &board->mutex);
    pthread_mutex_unlock(&board->mutex);
}

static void test_broadcast(void)
{
    pid_t pids[CREW];

    case_begin("a broadcast wakes all processes that wait");
    board->waiting = board->woken = 0;
    for (int i = 0; i < CREW; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            wake_wait();
            _exit(0);
        }
    }
    pthread_mutex_lock(&board->mutex);
    while (board->waiting < CREW)
        pthread_cond_wait(&board->turned, &board->mutex);
    board->woken = 1;
    pthread_cond_broadcast(&board->turned);
    pthread_mutex_unlock(&board->mutex);
    for (int i = 0; i < CREW; i++)
        status_is(pids[i], 0);
    case_end();
}

static void test_timed(void)
{
    struct timespec past = {.tv_sec = 1};
    pid_t pid;

    case_begin("a wait for what another process has ends at its deadline");
    pthread_mutex_lock(&board->mutex);
    pid = fork();
    if (pid == 0)
        _exit(pthread_mutex_trylock(&board->mutex) == EBUSY &&
                      pthread_mutex_timedlock(&board->mutex, &past) == ETIMEDOUT &&
                      sem_timedwait(&board->sem, &past) == -1 && errno == ETIMEDOUT
                  ? 0
                  : 1);
    status_is(pid, 0);
    CASE_EQUAL(pthread_cond_timedwait(&board->turned, &board->mutex, &past),
               ETIMEDOUT);
    pthread_mutex_unlock(&board->mutex);
    case_end();
}

/* ---- semaphores ---- */

static void test_semaphore(void)
{
    int value = -1;
    pid_t pid;

    case_begin("a semaphore in shared memory is handed to and fro");
    pid = fork();
    if (pid == 0) {
        for (int i = 0; i < TURNS; i++) {
            sem_wait(&board->sem);
            sem_post(&board->back);
        }
        _exit(0);
    }
    for (int i = 0; i < TURNS; i++) {
        CASE_EQUAL(sem_post(&board->sem), 0);
        CASE_EQUAL(sem_wait(&board->back), 0);
    }
    status_is(pid, 0);
    CASE_EQUAL(sem_getvalue(&board->sem, &value), 0);
    CASE_EQUAL(value, 0);
    case_end();
}

static pid_t part_start(const char *part)
{
    char *argv[] = {(char *)self, (char *)part, NULL};
    pid_t pid = -1;

    CASE_EQUAL(posix_spawn(&pid, self, NULL, NULL, argv, environ), 0);
    return pid;
}

/* In another program: takes one, gives two. */
static int part_semaphore(void)
{
    sem_t *sem = sem_open(SEM_NAME, 0);

    if (sem == SEM_FAILED || sem_wait(sem))
        return 1;
    for (int i = 0; i < 2; i++)
        if (sem_post(sem))
            return 2;
    return sem_close(sem) ? 3 : 0;
}

static void test_named(void)
{
    sem_t *sem, *again;
    int value;

    case_begin(
        "a semaphore with a name is one to all programs, until it is unlinked");
    CASE_CHECK(sem_open(SEM_NAME, 0) == SEM_FAILED);
    CASE_EQUAL(errno, ENOENT);
    sem = sem_open(SEM_NAME, O_CREAT | O_EXCL, 0600, 1);
    again = sem_open(SEM_NAME, O_CREAT, 0600, 99);
    CASE_CHECK(sem != SEM_FAILED && sem == again);
    CASE_CHECK(sem_open(SEM_NAME, O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED);
    CASE_EQUAL(errno, EEXIST);
    status_is(part_start("semaphore"), 0);
    CASE_EQUAL(sem_getvalue(sem, &value), 0);
    CASE_EQUAL(value, 2);
    CASE_EQUAL(sem_unlink(SEM_NAME), 0);
    CASE_EQUAL(sem_unlink(SEM_NAME), -1);
    CASE_EQUAL(errno, ENOENT);
    CASE_EQUAL(sem_trywait(sem), 0);
    CASE_EQUAL(sem_close(sem), 0);
    CASE_EQUAL(sem_close(again), 0);
    CASE_EQUAL(sem_close(again), -1);
    CASE_EQUAL(errno, EINVAL);
    case_end();
}

/* ---- memory with a name ---- */

/* In another program: each byte one more. */
static int part_memory(void)
{
    int fd = shm_open(SHM_NAME, O_RDWR, 0);
    unsigned char *at =
        mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (fd < 0 || at == MAP_FAILED)
        return 1;
    for (int i = 0; i < 2 * PAGE; i++)
        at[i]++;
    return munmap(at, 2 * PAGE) ? 2 : 0;
}

static void test_memory(void)
{
    unsigned char *at;
    int fd;

    case_begin("memory with a name is one to all programs, and outlives its name");
    CASE_EQUAL(shm_open(SHM_NAME, O_RDWR, 0), -1);
    CASE_EQUAL(errno, ENOENT);
    fd = shm_open(SHM_NAME, O_RDWR | O_CREAT | O_EXCL, 0600);
    CASE_CHECK(fd >= 0);
    CASE_EQUAL(ftruncate(fd, 2 * PAGE), 0);
    at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CASE_CHECK(at != MAP_FAILED);
    CASE_EQUAL(close(fd), 0);
    memset(at, 5, 2 * PAGE);
    status_is(part_start("memory"), 0);
    CASE_EQUAL(shm_open(SHM_NAME, O_RDWR | O_CREAT | O_EXCL, 0600), -1);
    CASE_EQUAL(errno, EEXIST);
    CASE_EQUAL(shm_unlink(SHM_NAME), 0);
    CASE_EQUAL(shm_unlink(SHM_NAME), -1);
    CASE_EQUAL(errno, ENOENT);
    for (int i = 0; i < 2 * PAGE; i++)
        CASE_EQUAL(at[i], 6);
    CASE_EQUAL(munmap(at, 2 * PAGE), 0);
    case_end();
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "semaphore"))
        return part_semaphore();
    if (argc > 1)
        return part_memory();
    setvbuf(stdout, NULL, _IOLBF, 0);
    case_fleets_grow = true;
    puts("between: starting");
    case_begin("");
    board_make();
    test_mutex();
    test_turns();
    test_broadcast();
    test_timed();
    test_semaphore();
    test_named();
    test_memory();
    return cases_status();
}
