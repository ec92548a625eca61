/* SPDX-License-Identifier: MIT */
/*
 * cases FILE: runs the programs that FILE describes (cases.py writes it), one after another,
 * each in a group of its own that has the terminal, and says of each
 *
 *     CASE <name>
 *     1 <what it wrote to its standard output, 100 bytes a line>
 *     2 <the same of its standard error>
 *     ENDED <name> exit <n> | signal <n> | late | unstarted
 *
 * Bytes that are not printable, and backslashes, are shown as \xx.  FILE is a list of records,
 * `<kind> <length> <mode> <path>`, a line each, then `length` bytes and a newline:
 *
 *     case    the name; the case's directory, SCRATCH, is made anew and gone to
 *     in      gone to this directory instead
 *     dir, file, link   made at `path`, with `mode` and these bytes as contents
 *     stdin, arg, env   what the program is given; no stdin: /dev/null
 *     run     does it; the program is ended after so many seconds
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BASE    "/tmp/cases"
#define SCRATCH BASE "/scratch"
#define INPUT   BASE "/input"
#define OUTPUT  BASE "/output"
#define ERRORS  BASE "/errors"

enum { WORDS = 64, CHUNK = 100, SHOWN = 256 << 10 };

struct record {
    char kind[8];
    size_t length;
    unsigned int mode;
    char path[256];
    char *bytes; /* with a null after them */
};

static struct {
    char name[128];
    char *argv[WORDS], *env[WORDS];
    int args, vars;
    bool has_input;
} now;

static pid_t running;
static volatile sig_atomic_t late;

static void too_late(int signal)
{
    (void)signal;
    late = 1;
    kill(-running, SIGKILL);
    kill(running, SIGKILL);
}

static _Noreturn void give_up(const char *what)
{
    printf("cases: %s: %s\n", what, strerror(errno));
    exit(1);
}

static bool record_read(FILE *file, struct record *record)
{
    char line[512];

    record->mode = 0;
    record->path[0] = '\0';
    if (!fgets(line, sizeof(line), file))
        return false;
    if (sscanf(line, "%7s %zu %o %255[^\n]", record->kind, &record->length,
               &record->mode, record->path) < 2)
        give_up("no record");
    record->bytes = malloc(record->length + 1);
    if (!record->bytes ||
        fread(record->bytes, 1, record->length, file) != record->length)
        give_up("a record is cut short");
    record->bytes[record->length] = '\0';
    fgetc(file);
    return true;
}

static void put_file(const char *path, const struct record *record, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 ||
        write(fd, record->bytes, record->length) != (ssize_t)record->length ||
        fchmod(fd, mode))
        give_up(path);
    close(fd);
}

static void folder_empty(const char *path);

static void entry_remove(const char *path)
{
    struct stat stat;

    if (lstat(path, &stat) == 0 && S_ISDIR(stat.st_mode)) {
        chmod(path, 0700);
        folder_empty(path);
    }
    remove(path);
}

static void folder_empty(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    char inner[512];

    while (folder && (entry = readdir(folder))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        entry_remove(inner);
    }
    if (folder)
        closedir(folder);
}

static void scratch_begin(void)
{
    entry_remove(SCRATCH);
    if ((mkdir(SCRATCH, 0700) && errno != EEXIST) || chdir(SCRATCH))
        give_up(SCRATCH);
}

static void case_begin(const struct record *record)
{
    for (int i = 0; i < now.args; i++)
        free(now.argv[i]);
    for (int i = 0; i < now.vars; i++)
        free(now.env[i]);
    memset(&now, 0, sizeof(now));
    snprintf(now.name, sizeof(now.name), "%s", record->bytes);
    umask(022);
    scratch_begin();
}

static void word_add(char **words, int *count, struct record *record)
{
    if (*count == WORDS - 1)
        give_up("too many words");
    words[(*count)++] = record->bytes;
    record->bytes = NULL;
}

static void redirect(const char *path, int flags, int to)
{
    int fd = open(path, flags, 0600);

    if (fd < 0)
        give_up(path);
    dup2(fd, to);
    close(fd);
}

/* The terminal, where there is one, is the new group's. */
static void foreground(pid_t group)
{
    int tty = open("/dev/tty", O_RDWR);

    if (tty < 0)
        return;
    tcsetpgrp(tty, group);
    close(tty);
}

static _Noreturn void child(void)
{
    setpgid(0, 0);
    foreground(getpid());
    signal(SIGTTOU, SIG_DFL);
    redirect(OUTPUT, O_WRONLY | O_CREAT | O_TRUNC, 1);
    redirect(ERRORS, O_WRONLY | O_CREAT | O_TRUNC, 2);
    redirect(now.has_input ? INPUT : "/dev/null", O_RDONLY, 0);
    execve(now.argv[0], now.argv, now.env);
    dprintf(2, "%s: %s\n", now.argv[0], strerror(errno));
    _exit(126);
}

static void show(int stream, const char *path)
{
    FILE *file = fopen(path, "r");
    int column = 0, c;

    for (long at = 0; file && at < SHOWN && (c = getc(file)) != EOF; at++) {
        if (column == 0)
            printf("%d ", stream);
        if (c < ' ' || c > '~' || c == '\\')
            printf("\\%02x", c);
        else
            putchar(c);
        if (++column == CHUNK) {
            putchar('\n');
            column = 0;
        }
    }
    if (column)
        putchar('\n');
    if (file)
        fclose(file);
}

static void say_how(int status)
{
    printf("ENDED %s ", now.name);
    if (running < 0)
        printf("unstarted\n");
    else if (late)
        printf("late\n");
    else if (WIFSIGNALED(status))
        printf("signal %d\n", WTERMSIG(status));
    else
        printf("exit %d\n", WEXITSTATUS(status));
    fflush(stdout);
}

static void run(unsigned int seconds)
{
    int status = 0;

    printf("CASE %s\n", now.name);
    fflush(stdout);
    late = 0;
    running = fork();
    if (running == 0)
        child();
    alarm(seconds);
    while (running > 0 && waitpid(running, &status, 0) < 0 && errno == EINTR)
        continue;
    alarm(0);
    if (running > 0)
        kill(-running, SIGKILL);
    foreground(getpgrp());
    show(1, OUTPUT);
    show(2, ERRORS);
    say_how(status);
}

static void obey(struct record *record)
{
    const char *kind = record->kind;

    if (!strcmp(kind, "case"))
        case_begin(record);
    else if (!strcmp(kind, "in") && chdir(record->bytes))
        give_up(record->bytes);
    else if (!strcmp(kind, "dir"))
        mkdir(record->path, record->mode);
    else if (!strcmp(kind, "file"))
        put_file(record->path, record, record->mode);
    else if (!strcmp(kind, "link") && symlink(record->bytes, record->path))
        give_up(record->path);
    else if (!strcmp(kind, "arg"))
        word_add(now.argv, &now.args, record);
    else if (!strcmp(kind, "env"))
        word_add(now.env, &now.vars, record);
    else if (!strcmp(kind, "run"))
        run((unsigned int)atoi(record->bytes));
    if (!strcmp(kind, "stdin")) {
        put_file(INPUT, record, 0600);
        now.has_input = true;
    }
    free(record->bytes);
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = too_late};
    FILE *file = fopen(argc > 1 ? argv[1] : "", "r");
    struct record record;

    if (!file)
        give_up("no file of cases");
    sigaction(SIGALRM, &action, NULL);
    signal(SIGTTOU, SIG_IGN);
    mkdir(BASE, 0700);
    while (record_read(file, &record))
        obey(&record);
    printf("CASES done\n");
    return 0;
}
