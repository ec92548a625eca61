/* SPDX-License-Identifier: MIT */
/* Files as POSIX names them, from a program. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <regex.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../files.h"

static void file_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    CASE_EQUAL(write(fd, text, strlen(text)), strlen(text));
    CASE_EQUAL(close(fd), 0);
}

static bool file_is(const char *path, const char *text)
{
    char got[256] = {0};
    int fd = open(path, O_RDONLY);
    ssize_t length = read(fd, got, sizeof got - 1);

    close(fd);
    return length == (ssize_t)strlen(text) && !strcmp(got, text);
}

static void test_contents(void)
{
    char got[64] = {0};

    files_begin("a file keeps what is written, at the places where it was");
    int fd = open("/tmp/f", O_RDWR | O_CREAT | O_EXCL, 0600);
    CASE_CHECK(fd >= 0);
    CASE_EQUAL(write(fd, "hello world", 11), 11);
    CASE_EQUAL(lseek(fd, 0, SEEK_CUR), 11);
    CASE_EQUAL(pwrite(fd, "W", 1, 6), 1);
    CASE_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CASE_EQUAL(read(fd, got, 5), 5);
    CASE_EQUAL(read(fd, got + 5, 50), 6);
    CASE_CHECK(!strcmp(got, "hello World"));
    CASE_EQUAL(read(fd, got, 1), 0);
    CASE_EQUAL(pread(fd, got, 3, 8), 3);
    CASE_CHECK(!strncmp(got, "rld", 3));
    CASE_EQUAL(close(fd), 0);
    FAILS(close(fd), EBADF);
    FAILS(open("/tmp/f", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
    CASE_EQUAL(unlink("/tmp/f"), 0);
    FAILS(open("/tmp/f", O_RDONLY), ENOENT);
    files_end();
}

static void test_large(void)
{
    enum { SIZE = 300000 };
    char *from = malloc(SIZE), *to = malloc(SIZE);
    struct stat st = {0};

    files_begin(
        "a large file is the same when it is read back, in pieces of any size");
    for (int i = 0; i < SIZE; i++)
        from[i] = (char)(i * 7 + i / 251);
    int fd = open("/tmp/large", O_RDWR | O_CREAT, 0600);
    CASE_EQUAL(write(fd, from, SIZE), SIZE);
    CASE_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CASE_EQUAL(read(fd, to, SIZE), SIZE);
    CASE_CHECK(!memcmp(from, to, SIZE));
    memset(to, 0, SIZE);
    CASE_EQUAL(pread(fd, to, 5000, 12345), 5000);
    CASE_CHECK(!memcmp(from + 12345, to, 5000));
    CASE_EQUAL(fstat(fd, &st), 0);
    CASE_EQUAL(st.st_size, SIZE);
    CASE_EQUAL(ftruncate(fd, 10), 0);
    CASE_EQUAL(ftruncate(fd, 20), 0);
    CASE_EQUAL(pread(fd, to, 100, 0), 20);
    CASE_CHECK(!memcmp(from, to, 10) && to[10] == 0 && to[19] == 0);
    CASE_EQUAL(close(fd), 0);
    CASE_EQUAL(unlink("/tmp/large"), 0);
    files_end();
    free(from);
    free(to);
}

static void test_sparse(void)
{
    char got[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    struct stat st = {0};

    files_begin("a hole reads as zeros and takes no room");
    int fd = open("/tmp/sparse", O_RDWR | O_CREAT, 0600);
    CASE_EQUAL(pwrite(fd, "end", 3, 100000000), 3);
    CASE_EQUAL(fstat(fd, &st), 0);
    CASE_EQUAL(st.st_size, 100000003);
    CASE_CHECK(st.st_blocks <= 8);
    CASE_EQUAL(pread(fd, got, 8, 50000000), 8);
    CASE_CHECK(!memcmp(got, (char[8]){0}, 8));
    FAILS(pwrite(fd, "x", 1, 1ll << 40), EFBIG);
    CASE_EQUAL(close(fd), 0);
    CASE_EQUAL(unlink("/tmp/sparse"), 0);
    files_end();
}

static void test_append(void)
{
    files_begin("O_APPEND writes at the end, O_TRUNC begins anew");
    file_write("/tmp/a", "one");
    int fd = open("/tmp/a", O_WRONLY | O_APPEND);
    CASE_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CASE_EQUAL(write(fd, "two", 3), 3);
    CASE_EQUAL(fcntl(fd, F_GETFL), O_WRONLY | O_APPEND);
    FAILS(read(fd, (char[1]){0}, 1), EBADF);
    CASE_EQUAL(close(fd), 0);
    CASE_CHECK(file_is("/tmp/a", "onetwo"));
    file_write("/tmp/a", "x");
    CASE_CHECK(file_is("/tmp/a", "x"));
    CASE_EQUAL(unlink("/tmp/a"), 0);
    files_end();
}

static void test_directories(void)
{
    char *cwd;

    files_begin("directories are made, entered and removed when empty");
    CASE_EQUAL(mkdir("/tmp/d", 0755), 0);
    FAILS(mkdir("/tmp/d", 0755), EEXIST);
    FAILS(mkdir("/tmp/no/d", 0755), ENOENT);
    CASE_EQUAL(chdir("/tmp/d"), 0);
    CASE_EQUAL(mkdir("e", 0700), 0);
    FAILS(rmdir("/tmp/d"), ENOTEMPTY);
    FAILS(unlink("e"), EPERM);
    FAILS(rmdir("."), EINVAL);
    file_write("e/f", "x");
    FAILS(rmdir("e/f"), ENOTDIR);
    FAILS(open("e/f/g", O_RDONLY), ENOTDIR);
    FAILS(open("e", O_WRONLY), EISDIR);
    CASE_EQUAL(chdir("e"), 0);
    cwd = getcwd(NULL, 0);
    CASE_CHECK(cwd && !strcmp(cwd, "/tmp/d/e"));
    free(cwd);
    CASE_EQUAL(unlink("../e/./f"), 0);
    CASE_EQUAL(chdir("/"), 0);
    CASE_EQUAL(rmdir("/tmp/d/e/"), 0);
    CASE_EQUAL(rmdir("/tmp/d"), 0);
    files_end();
}

static void test_list(void)
{
    enum { COUNT = 300 };
    char name[64];
    bool seen[COUNT] = {false};
    int count = 0;

    files_begin("a directory lists each name once");
    CASE_EQUAL(mkdir("/tmp/many", 0755), 0);
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "/tmp/many/file-%d", i);
        file_write(name, "");
    }
    DIR *dir = opendir("/tmp/many");
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (e->d_name[0] == '.')
            continue;
        int i = atoi(e->d_name + 5);
        CASE_CHECK(i >= 0 && i < COUNT && !seen[i] && e->d_type == DT_REG);
        seen[i] = true;
        count++;
    }
    CASE_EQUAL(count, COUNT);
    CASE_EQUAL(dir ? closedir(dir) : -1, 0);
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "/tmp/many/file-%d", i);
        CASE_EQUAL(unlink(name), 0);
    }
    CASE_EQUAL(rmdir("/tmp/many"), 0);
    files_end();
}

static void test_links(void)
{
    char got[64] = {0};
    struct stat a = {0}, b = {0};

    files_begin("hard and symbolic links lead to the file; circles are found out");
    file_write("/tmp/a", "text");
    CASE_EQUAL(link("/tmp/a", "/tmp/b"), 0);
    CASE_EQUAL(stat("/tmp/a", &a) | stat("/tmp/b", &b), 0);
    CASE_CHECK(a.st_ino == b.st_ino && a.st_nlink == 2);
    CASE_EQUAL(unlink("/tmp/a"), 0);
    CASE_CHECK(file_is("/tmp/b", "text"));
    CASE_EQUAL(symlink("b", "/tmp/s"), 0);
    CASE_CHECK(file_is("/tmp/s", "text"));
    CASE_EQUAL(lstat("/tmp/s", &a), 0);
    CASE_CHECK(S_ISLNK(a.st_mode) && a.st_size == 1);
    CASE_EQUAL(readlink("/tmp/s", got, sizeof got), 1);
    FAILS(readlink("/tmp/b", got, sizeof got), EINVAL);
    CASE_EQUAL(unlink("/tmp/b"), 0);
    FAILS(open("/tmp/s", O_RDONLY), ENOENT);
    FAILS(open("/tmp/s", O_RDONLY | O_NOFOLLOW), ELOOP);
    CASE_EQUAL(unlink("/tmp/s"), 0);
    CASE_EQUAL(symlink("/tmp/l2", "/tmp/l1") | symlink("l1", "/tmp/l2"), 0);
    FAILS(open("/tmp/l1", O_RDONLY), ELOOP);
    CASE_EQUAL(unlink("/tmp/l1") | unlink("/tmp/l2"), 0);
    files_end();
}

static void test_rename(void)
{
    files_begin("rename replaces at once, and refuses what cannot be");
    file_write("/tmp/a", "new");
    file_write("/tmp/b", "old");
    CASE_EQUAL(rename("/tmp/a", "/tmp/b"), 0);
    CASE_CHECK(file_is("/tmp/b", "new"));
    CASE_EQUAL(mkdir("/tmp/d", 0755) | mkdir("/tmp/d/e", 0755), 0);
    FAILS(rename("/tmp/d", "/tmp/d/e/f"), EINVAL);
    FAILS(rename("/tmp/b", "/tmp/d"), EISDIR);
    FAILS(rename("/tmp/d", "/tmp/b"), ENOTDIR);
    CASE_EQUAL(mkdir("/tmp/x", 0755), 0);
    FAILS(rename("/tmp/x", "/tmp/d"), ENOTEMPTY);
    CASE_EQUAL(rename("/tmp/x", "/tmp/d/e"), 0);
    CASE_EQUAL(rename("/tmp/d/e", "/tmp/e"), 0);
    FAILS(rename("/tmp/b", "/boot/b"), EXDEV);
    CASE_EQUAL(rmdir("/tmp/e") | rmdir("/tmp/d") | unlink("/tmp/b"), 0);
    files_end();
}

static void test_names(void)
{
    char name[FILENAME_MAX + 4096];

    files_begin("names too long, empty or with a slash behind a file are refused");
    memset(name, 'x', sizeof name);
    name[256] = '\0';
    memcpy(name, "/tmp", 4);
    name[4] = '/';
    name[5 + 256] = '\0';
    memset(name + 5, 'x', 256);
    FAILS(open(name, O_RDWR | O_CREAT, 0600), ENAMETOOLONG);
    name[5 + 255] = '\0';
    int fd = open(name, O_RDWR | O_CREAT, 0600);
    CASE_CHECK(fd >= 0);
    CASE_EQUAL(close(fd), 0);
    CASE_EQUAL(unlink(name), 0);
    memset(name, '/', 4000);
    name[4000] = '\0';
    FAILS(open(name, O_RDONLY), ENAMETOOLONG);
    FAILS(open("", O_RDONLY), ENOENT);
    file_write("/tmp/f", "");
    FAILS(open("/tmp/f/", O_RDONLY), ENOTDIR);
    FAILS(unlink("/tmp/f/"), ENOTDIR);
    CASE_EQUAL(unlink("/tmp/f"), 0);
    files_end();
}

static void test_at(void)
{
    struct stat st = {0};

    files_begin("*at calls begin at their directory");
    CASE_EQUAL(mkdir("/tmp/d", 0755), 0);
    int dir = open("/tmp/d", O_RDONLY | O_DIRECTORY);
    CASE_CHECK(dir >= 0);
    int fd = openat(dir, "f", O_CREAT | O_WRONLY, 0640);
    CASE_EQUAL(close(fd), 0);
    CASE_EQUAL(fstatat(dir, "f", &st, 0), 0);
    CASE_EQUAL(st.st_mode, S_IFREG | 0640);
    CASE_EQUAL(linkat(dir, "f", dir, "g", 0), 0);
    CASE_EQUAL(renameat(dir, "g", AT_FDCWD, "/tmp/h"), 0);
    CASE_EQUAL(unlinkat(AT_FDCWD, "/tmp/h", 0), 0);
    FAILS(openat(0, "f", O_RDONLY), ENOTDIR);
    FAILS(openat(99, "f", O_RDONLY), EBADF);
    CASE_EQUAL(fchdir(dir), 0);
    CASE_EQUAL(unlink("f"), 0);
    CASE_EQUAL(chdir("/"), 0);
    CASE_EQUAL(close(dir), 0);
    CASE_EQUAL(unlinkat(AT_FDCWD, "/tmp/d", AT_REMOVEDIR), 0);
    files_end();
}

static void test_attributes(void)
{
    struct timespec times[2] = {{.tv_sec = 1000, .tv_nsec = 5},
                                {.tv_sec = 2000, .tv_nsec = 7}};
    struct stat st = {0};

    files_begin("modes, owners and times are kept, and the mask takes bits away");
    mode_t mask = umask(027);
    int fd = open("/tmp/f", O_CREAT | O_WRONLY, 0666);
    CASE_EQUAL(fstat(fd, &st), 0);
    CASE_EQUAL(st.st_mode, S_IFREG | 0640);
    CASE_EQUAL(umask(mask), 027);
    CASE_EQUAL(fchmod(fd, 04751), 0);
    CASE_EQUAL(chown("/tmp/f", 5, 6), 0);
    CASE_EQUAL(utimensat(AT_FDCWD, "/tmp/f", times, 0), 0);
    CASE_EQUAL(stat("/tmp/f", &st), 0);
    CASE_EQUAL(st.st_mode, S_IFREG | 04751);
    CASE_CHECK(st.st_uid == 5 && st.st_gid == 6);
    CASE_CHECK(st.st_atim.tv_sec == 1000 && st.st_mtim.tv_nsec == 7);
    CASE_EQUAL(close(fd), 0);
    CASE_EQUAL(access("/tmp/f", R_OK | W_OK | X_OK), 0);
    CASE_EQUAL(unlink("/tmp/f"), 0);
    FAILS(access("/tmp/f", F_OK), ENOENT);
    files_end();
}

static void test_unlinked(void)
{
    char got[8] = {0};

    files_begin("an unlinked file lives while it is open");
    int fd = open("/tmp/f", O_CREAT | O_RDWR, 0600);
    CASE_EQUAL(unlink("/tmp/f"), 0);
    CASE_EQUAL(write(fd, "alive", 5), 5);
    CASE_EQUAL(pread(fd, got, 5, 0), 5);
    CASE_CHECK(!strcmp(got, "alive"));
    CASE_EQUAL(close(fd), 0);
    files_end();
}

static void test_descriptors(void)
{
    int fds[300], count = 0;

    files_begin("dup shares the place; the table's end is EMFILE");
    file_write("/tmp/f", "abc");
    int fd = open("/tmp/f", O_RDONLY | O_CLOEXEC), other = dup(fd);
    CASE_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CASE_EQUAL(fcntl(other, F_GETFD), 0);
    char c = 0;
    CASE_EQUAL(read(fd, &c, 1), 1);
    CASE_EQUAL(read(other, &c, 1), 1);
    CASE_EQUAL(c, 'b');
    CASE_EQUAL(dup2(fd, 77), 77);
    CASE_EQUAL(fcntl(fd, F_DUPFD, 50), 50);
    CASE_EQUAL(close(77) | close(50) | close(other) | close(fd), 0);
    while (count < 300 && (fds[count] = open("/tmp/f", O_RDONLY)) >= 0)
        count++;
    CASE_EQUAL(errno, EMFILE);
    CASE_CHECK(count > 200 && count < 300);
    while (count)
        CASE_EQUAL(close(fds[--count]), 0);
    CASE_EQUAL(unlink("/tmp/f"), 0);
    files_end();
}

static void test_devices(void)
{
    static char large[20000];
    char got[16], zero[16] = {0};
    struct stat st = {0};

    files_begin("devices give and take what is theirs");
    int fd = open("/dev/zero", O_RDWR);
    CASE_EQUAL(read(fd, got, 16), 16);
    CASE_CHECK(!memcmp(got, zero, 16));
    CASE_EQUAL(read(fd, large, sizeof large), (long)sizeof large);
    CASE_EQUAL(close(fd), 0);
    fd = open("/dev/null", O_RDWR);
    CASE_EQUAL(write(fd, got, 16), 16);
    CASE_EQUAL(read(fd, got, 16), 0);
    CASE_EQUAL(close(fd), 0);
    fd = open("/dev/full", O_WRONLY);
    FAILS(write(fd, got, 1), ENOSPC);
    CASE_EQUAL(close(fd), 0);
    fd = open("/dev/urandom", O_RDONLY);
    CASE_EQUAL(read(fd, got, 16), 16);
    CASE_CHECK(memcmp(got, zero, 16));
    CASE_EQUAL(read(fd, large, sizeof large), (long)sizeof large);
    CASE_CHECK(memcmp(large + sizeof large - 16, zero, 16));
    CASE_EQUAL(close(fd), 0);
    CASE_EQUAL(stat("/dev/null", &st), 0);
    CASE_CHECK(S_ISCHR(st.st_mode));
    fd = open("/dev/tty", O_RDWR);
    CASE_CHECK(fd >= 0 && isatty(fd));
    CASE_EQUAL(close(fd), 0);
    files_end();
}

static void test_boot(void)
{
    char head[4] = {0};
    struct stat st = {0};

    files_begin("/boot shows the archive, read-only");
    int fd = open("/bin/test-files", O_RDONLY);
    CASE_CHECK(fd >= 0);
    CASE_EQUAL(read(fd, head, 4), 4);
    CASE_CHECK(!memcmp(head, "\177ELF", 4));
    CASE_EQUAL(fstat(fd, &st), 0);
    CASE_CHECK(st.st_size > 10000 && st.st_mode & 0111);
    CASE_EQUAL(close(fd), 0);
    FAILS(open("/boot/test-files", O_WRONLY), EROFS);
    FAILS(unlink("/boot/test-files"), EROFS);
    FAILS(open("/boot/new", O_CREAT | O_WRONLY, 0600), EROFS);
    files_end();
}

static void test_stdio(void)
{
    char line[64] = {0};

    files_begin("stdio reads what it has written");
    FILE *f = fopen("/tmp/f", "w");
    CASE_CHECK(f);
    for (int i = 0; f && i < 1000; i++)
        fprintf(f, "line %d\n", i);
    CASE_EQUAL(f ? fclose(f) : -1, 0);
    f = fopen("/tmp/f", "r");
    for (int i = 0; f && i < 1000; i++) {
        CASE_CHECK(fgets(line, sizeof line, f));
        CASE_EQUAL(atoi(line + 5), i);
    }
    CASE_CHECK(f && !fgets(line, sizeof line, f));
    CASE_EQUAL(f ? fclose(f) : -1, 0);
    CASE_EQUAL(remove("/tmp/f"), 0);
    files_end();
}

static void test_full(void)
{
    static char block[65536];
    long long written = 0;
    ssize_t got;

    files_begin(
        "a file system that is full says ENOSPC, and works again afterwards");
    int fd = open("/tmp/full", O_CREAT | O_WRONLY, 0600);
    while ((got = write(fd, block, sizeof block)) == sizeof block)
        written += got;
    if (got >= 0)
        got = write(fd, block, sizeof block);
    CASE_EQUAL(got, -1);
    CASE_EQUAL(errno, ENOSPC);
    CASE_CHECK(written > 1 << 20);
    CASE_EQUAL(close(fd), 0);
    CASE_EQUAL(unlink("/tmp/full"), 0);
    file_write("/tmp/again", "x");
    CASE_EQUAL(unlink("/tmp/again"), 0);
    files_end();
}

static void dirname_is(const char *path, const char *wanted)
{
    char given[32];

    snprintf(given, sizeof given, "%s", path);
    CASE_CHECK(!strcmp(dirname(given), wanted));
}

static void test_dirname(void)
{
    files_begin("the folder of a path has no slashes after it");
    dirname_is("a//b///c/", "a//b");
    dirname_is("//a/", "/");
    dirname_is("///", "/");
    dirname_is("a//", ".");
    dirname_is("", ".");
    files_end();
}

static void expression_matches(const char *pattern, int flags, const char *text,
                               int from, int to)
{
    regmatch_t match = {0, 0};
    regex_t regex;

    CASE_EQUAL(regcomp(&regex, pattern, flags), 0);
    CASE_EQUAL(regexec(&regex, text, 1, &match, 0), 0);
    CASE_EQUAL(match.rm_so, from);
    CASE_EQUAL(match.rm_eo, to);
    regfree(&regex);
}

static void test_expressions(void)
{
    files_begin("regular expressions as scripts write them");
    expression_matches("", 0, "ab", 0, 0);
    expression_matches("c\\|b", 0, "abc", 1, 2);
    expression_matches("\\(^/\\|\\)u\\+", 0, "/uu", 0, 3);
    expression_matches("(|x)y", REG_EXTENDED, "y", 0, 1);
    expression_matches("\\<b\\w\\?", 0, "ab bc", 3, 5);
    files_end();
}

int main(void)
{
    test_contents();
    test_large();
    test_sparse();
    test_append();
    test_directories();
    test_list();
    test_links();
    test_rename();
    test_names();
    test_at();
    test_attributes();
    test_unlinked();
    test_descriptors();
    test_devices();
    test_boot();
    test_stdio();
    test_dirname();
    test_expressions();
    test_full();
    return cases_status();
}
