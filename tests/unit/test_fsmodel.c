/* SPDX-License-Identifier: MIT */
/*
 * The file system against the host's: random calls, the same results, the same tree.
 * The host's part is done in a directory of its own, so that the root's ".." is not
 * tried here.  FS_STEPS=n more steps, FS_SEED=n another order.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs.h"

static uint64_t session;
static char root[] = "/dev/shm/fos-fs-XXXXXX";
static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
    return (uint32_t)(unit_random(&random_state) % below);
}

static long from_host(long result)
{
    static const struct {
        int host, fos;
    } map[] = {{ENOENT, FOS_ENOENT},   {EEXIST, FOS_EEXIST},
               {ENOTDIR, FOS_ENOTDIR}, {EISDIR, FOS_EISDIR},
               {EINVAL, FOS_EINVAL},   {ENOTEMPTY, FOS_ENOTEMPTY},
               {ELOOP, FOS_ELOOP},     {EPERM, FOS_EPERM},
               {EBUSY, FOS_EBUSY},     {ENAMETOOLONG, FOS_ENAMETOOLONG},
               {EBADF, FOS_EBADF},     {EACCES, FOS_EACCES},
               {ENXIO, FOS_ENXIO},     {EMLINK, FOS_EMLINK}};

    if (result >= 0)
        return result;
    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        if (map[i].host == errno)
            return -map[i].fos;
    FAIL("the host says %s", strerror(errno));
    return -1;
}

static void path_draw(char *to)
{
    static const char *const parts[] = {"a", "b", "c", "d", "e", "."};
    uint32_t depth = 1 + draw(3);

    *to = '\0';
    for (uint32_t i = 0; i < depth; i++) {
        if (i)
            strcat(to, draw(12) ? "/" : "//");
        strcat(to, parts[draw(16) ? draw(5) : 5]);
    }
    if (!draw(14))
        strcat(to, "/");
}

static bool same(const char *what, const char *path, const char *other, long got,
                 long want)
{
    return got == want ||
           FAIL("%s %s %s: %ld, the host says %ld", what, path, other, got, want);
}

/* What systems differ in: unlink of a directory, rename and rmdir of ".". */
static long settled(long error)
{
    return error == -FOS_EISDIR || error == -FOS_EPERM ? -FOS_EISDIR
           : error == -FOS_EBUSY || error == -FOS_ENOTEMPTY || error == -FOS_EINVAL
               ? -FOS_EBUSY
               : error;
}

/* A name with a slash that is not a directory: which error depends on the order of
 * checks. */
static long open_settled(long result)
{
    return result >= 0 ? 0 : result == -FOS_EISDIR ? -FOS_ENOTDIR : result;
}

static void step_contents(const char *path)
{
    char data[9000], host[9000], own[9000];
    uint32_t length = draw(3) ? draw(60) : draw(sizeof data);
    int64_t offset = draw(3) ? draw(100) : draw(30000);
    uint32_t flags = FS_READ | FS_WRITE | (draw(2) ? FS_CREATE : 0) |
                     (draw(9) ? 0 : FS_TRUNCATE) | (draw(9) ? 0 : FS_EXCLUSIVE);
    int host_flags = O_RDWR | (flags & FS_CREATE ? O_CREAT : 0) |
                     (flags & FS_TRUNCATE ? O_TRUNC : 0) |
                     (flags & FS_EXCLUSIVE && flags & FS_CREATE ? O_EXCL : 0);
    if (path[strlen(path) - 1] == '/')
        return;
    int fd = open(path, host_flags, 0666);
    long want = from_host(fd);
    long handle = file_open(session, path, flags);

    memset(data, 'a' + (int)draw(26), sizeof data);
    if (!same("open", path, "", open_settled(handle), open_settled(want)) ||
        handle < 0)
        return;
    same("write", path, "",
         bytes_write(session, (uint32_t)handle, data, length, offset),
         from_host(pwrite(fd, data, length, offset)));
    offset = draw(2) ? offset : draw(31000);
    length = draw(4000);
    long got = bytes_read(session, (uint32_t)handle, own, length, offset);
    if (same("read", path, "", got, from_host(pread(fd, host, length, offset))))
        CHECK(got <= 0 || !memcmp(own, host, (size_t)got));
    CHECK_EQ(file_shut(session, (uint32_t)handle), 0);
    close(fd);
}

static void step_stat(const char *path, bool follow)
{
    struct fs_stat own;
    struct stat host;
    long want = from_host(follow ? stat(path, &host) : lstat(path, &host));

    if (!same("stat", path, "", look(session, path, follow, &own), want) || want)
        return;
    CHECK_EQ(own.mode & FS_IFMT, host.st_mode & S_IFMT);
    if (!CHECK_EQ(own.links, host.st_nlink))
        FAIL("of %s", path);
    if (!S_ISDIR(host.st_mode))
        CHECK_EQ(own.size, host.st_size);
}

static void step_readlink(const char *path)
{
    char host[FS_PATH_MAX] = "", own[FS_PATH_MAX] = "";
    long want = from_host(readlink(path, host, sizeof host - 1));

    if (same("readlink", path, "", text(session, path, FS_TEXT_LINK, own), want) &&
        want > 0)
        CHECK_TEXT(own, host);
}

/* Its error depends on the order of checks. */
static bool ends_in_dot(const char *path)
{
    size_t length = strlen(path);

    while (length && path[length - 1] == '/')
        length--;
    return length && path[length - 1] == '.';
}

static void step_two(uint32_t what, const char *from, const char *to)
{
    long want, got;

    if (what == 0 && (ends_in_dot(from) || ends_in_dot(to)))
        return;
    switch (what) {
    case 0:
        got = join(session, from, to, FS_LINK_RENAME);
        want = from_host(rename(from, to));
        break;
    case 1:
        got = join(session, from, to, FS_LINK_HARD);
        want = from_host(linkat(AT_FDCWD, from, AT_FDCWD, to, 0));
        break;
    default:
        if (from[strlen(from) - 1] == '/')
            return;
        got = join(session, from, to, FS_LINK_SYMBOLIC);
        want = from_host(symlink(from, to));
    }
    same(what == 0   ? "rename"
         : what == 1 ? "link"
                     : "symlink",
         from, to, settled(got), settled(want));
}

static void step(void)
{
    char path[64], other[64];

    path_draw(path);
    path_draw(other);
    switch (draw(12)) {
    case 0:
    case 1:
        same("mkdir", path, "", make(session, path, FS_IFDIR | 0777),
             from_host(mkdir(path, 0777)));
        break;
    case 2:
        same("rmdir", path, "", settled(drop(session, path, 1)),
             settled(from_host(rmdir(path))));
        break;
    case 3:
        same("unlink", path, "", settled(drop(session, path, 0)),
             settled(from_host(unlink(path))));
        break;
    case 4:
    case 5:
        step_two(0, path, other);
        break;
    case 6:
        step_two(1, path, other);
        break;
    case 7:
        step_two(2, path, other);
        break;
    case 8: {
        uint64_t size = draw(20000);
        same("truncate", path, "", size_set(session, path, size),
             from_host(truncate(path, (off_t)size)));
        break;
    }
    case 9:
        step_stat(path, draw(2));
        break;
    case 10:
        step_readlink(path);
        break;
    default:
        step_contents(path);
    }
}

/* ---- the whole tree ---- */

static void contents_compare(const char *path, off_t size)
{
    static uint8_t host[FS_READ_MAX], own[FS_READ_MAX];
    int fd = open(path, O_RDONLY);
    long handle = file_open(session, path, FS_READ);

    for (off_t at = 0; at < size; at += FS_READ_MAX) {
        long want = pread(fd, host, FS_READ_MAX, at);
        long got = bytes_read(session, (uint32_t)handle, own, FS_READ_MAX, at);
        CHECK_EQ(got, want);
        if (want > 0 && memcmp(host, own, (size_t)want) != 0)
            FAIL("%s differs", path);
    }
    close(fd);
    file_shut(session, (uint32_t)handle);
}

static uint32_t entries_count(const char *path)
{
    long handle = file_open(session, path, FS_READ | FS_DIRECTORY);
    struct fs_entries_rep rep;
    uint32_t count = 0;

    for (;;) {
        struct fs_entries_req req = {
            .session = session, .handle = (uint32_t)handle, .length = 200};
        long size = ASK(entries, &req, "", &rep);
        if (size <= 0)
            break;
        for (long at = 0; at < size; count++)
            at += ((struct fs_entry *)(void *)(rep.data + at))->size;
    }
    file_shut(session, (uint32_t)handle);
    return count;
}

static void tree_compare(const char *dir)
{
    DIR *d = opendir(dir);
    uint32_t count = 0;
    char path[1024];

    REQUIRE(d);
    for (struct dirent *e; (e = readdir(d)); count++) {
        struct stat st;
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        step_stat(path, false);
        if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
            contents_compare(path, st.st_size);
        else if (S_ISDIR(st.st_mode))
            tree_compare(path);
        else
            step_readlink(path);
    }
    CHECK_EQ(entries_count(dir), count);
    closedir(d);
}

static void host_clear(const char *dir)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    if (system(command))
        FAIL("%s stays", dir);
}

CASE("any order of calls gives what it gives on the host")
{
    uint64_t steps = unit_setting("FS_STEPS", 60000);

    random_state = unit_setting("FS_SEED", 1);
    unit_seed_is(random_state);
    fs_fresh(NULL, 0);
    session = attach(7);
    REQUIRE(mkdtemp(root) && chdir(root) == 0);
    CHECK_EQ(make(session, "/tmp/root", FS_IFDIR | 0777), 0);
    struct fs_process_req req = {
        .session = session, .dir = FS_CWD, .what = FS_PROCESS_CHDIR};
    struct fs_process_rep rep;
    CHECK_EQ(ASK(process, &req, "/tmp/root", &rep), 0);
    for (uint64_t i = 0; i < steps && !unit_failures; i++) {
        step();
        if (i % 500 == 499)
            tree_compare(".");
    }
    fs_end();
    if (chdir("/") == 0)
        host_clear(root);
}
