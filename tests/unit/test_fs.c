/* SPDX-License-Identifier: MIT */
/* The file system: rights, rooms and refusals. */
#include "fs.h"

static uint64_t s;
static struct fs_stat st;

CASE("only who shows a good ticket gets a session, and one that is guessed opens "
     "nothing")
{
    struct fs_attach_req req = {.ticket = {7, 7}};
    struct fs_attach_rep rep = {0};

    fs_fresh(NULL, 0);
    CHECK_EQ(ASK(attach, &req, "", &rep), -FOS_EACCES);
    s = attach(7);
    CHECK_EQ(look(s ^ 1ull << 40, "/", true, &st), -FOS_ESRCH);
    CHECK_EQ(look(0, "/", true, &st), -FOS_ESRCH);
    CHECK_EQ(look(s, "/", true, &st), 0);
    process_ended(7);
    CHECK_EQ(look(s, "/", true, &st), -FOS_ESRCH);
    req.ticket = fos_ticket_make(&fs_key, 7);
    CHECK_EQ(ASK(attach, &req, "", &rep), -FOS_ENFILE);
    fs_end();
}

CASE("handles of one process are none of another's")
{
    char c;

    fs_fresh(NULL, 0);
    s = attach(1);
    uint64_t other = attach(2);
    long h = file_open(s, "/etc/passwd", FS_READ);
    CHECK_EQ(bytes_read(s, (uint32_t)h, &c, 1, 0), 1);
    CHECK_EQ(bytes_read(other, (uint32_t)h, &c, 1, 0), -FOS_EBADF);
    CHECK_EQ(bytes_read(s, 0xffffffff, &c, 1, 0), -FOS_EBADF);
    CHECK_EQ(bytes_read(s, FS_HANDLES_MAX, &c, 1, 0), -FOS_EBADF);
    fs_end();
}

CASE("permissions keep users apart")
{
    fs_fresh(NULL, 0);
    s = attach(1);
    uint64_t mine = attach(2), other = attach(3);
    CHECK_EQ(user(mine, 10, 20), 0);
    CHECK_EQ(user(other, 11, 20), 0);
    CHECK_EQ(user(other, 0, 0), -FOS_EPERM);
    CHECK_EQ(make(mine, "/tmp/d", FS_IFDIR | 0750), 0);
    CHECK(file_open(mine, "/tmp/d/f", FS_WRITE | FS_CREATE) >= 0);
    CHECK_EQ(look(other, "/tmp/d/f", true, &st), 0);
    CHECK_EQ(file_open(other, "/tmp/d/f", FS_WRITE), -FOS_EACCES);
    CHECK_EQ(file_open(other, "/tmp/d/g", FS_WRITE | FS_CREATE), -FOS_EACCES);
    CHECK_EQ(drop(other, "/tmp/d/f", 0), -FOS_EACCES);
    CHECK_EQ(drop(other, "/tmp/d", 1), -FOS_EPERM); /* /tmp is sticky */
    CHECK_EQ(make(mine, "/etc/x", FS_IFDIR | 0755), -FOS_EACCES);
    CHECK_EQ(look(other, "/root/x", true, &st), -FOS_EACCES);
    CHECK(file_open(s, "/tmp/d/f", FS_WRITE) >= 0); /* user 0 */
    fs_end();
}

CASE("a full file system refuses, and has all of it again afterwards")
{
    static char block[FS_WRITE_MAX];
    long put, total = 0;

    fs_fresh(NULL, 0);
    s = attach(1);
    uint32_t used = fs.pages.used;
    long h = file_open(s, "/tmp/f", FS_WRITE | FS_CREATE);
    while ((put = bytes_write(s, (uint32_t)h, block, sizeof block, FS_HERE)) > 0)
        total += put;
    CHECK_EQ(put, -FOS_ENOSPC);
    CHECK(total / PAGE >= fs.pages.limit - PAGES_RESERVE - used - 1);
    CHECK_EQ(size_set(s, "/tmp/f", 0), 0);
    CHECK_EQ(fs.pages.used, used);
    CHECK_EQ(bytes_write(s, (uint32_t)h, "x", 1, 1ll << 40), -FOS_EFBIG);
    CHECK_EQ(bytes_write(s, (uint32_t)h, "x", 1, -2), -FOS_EINVAL);
    fs_end();
}

CASE("handles end with EMFILE and are used again")
{
    uint32_t count = 0;

    fs_fresh(NULL, 0);
    s = attach(1);
    while (file_open(s, "/etc/passwd", FS_READ) >= 0)
        count++;
    CHECK_EQ(count, FS_HANDLES_MAX);
    CHECK_EQ(file_open(s, "/etc/passwd", FS_READ), -FOS_EMFILE);
    CHECK_EQ(file_shut(s, 17), 0);
    CHECK_EQ(file_open(s, "/etc/passwd", FS_READ), 17);
    fs_end();
}

/* An archive of one link, sh -> mks, without its end mark. */
static size_t archive_make(char *to)
{
    int size =
        sprintf(to, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 1,
                FS_IFLNK | 0777, 0, 0, 1, 0, 3, 0, 0, 0, 0, 3, 0);

    // NOLINTNEXTLINE(bugprone-not-null-terminated-result): the sizes are in the head
    memcpy(to + size, "sh\0\0\0\0mks", 9); /* data at a multiple of four */
    return (size_t)size + 9;
}

CASE("the boot archive is there, and cannot be written")
{
    char target[FS_PATH_MAX], archive[256] = {0};

    fs_fresh(archive, archive_make(archive));
    s = attach(1);
    CHECK_EQ(text(s, "/boot/sh", FS_TEXT_LINK, target), 3);
    CHECK_TEXT(target, "mks");
    CHECK_EQ(drop(s, "/bin/sh", 0), -FOS_EROFS);
    CHECK_EQ(file_open(s, "/boot/new", FS_WRITE | FS_CREATE), -FOS_EROFS);
    CHECK_EQ(join(s, "/etc/passwd", "/boot/p", FS_LINK_HARD), -FOS_EROFS);
    CHECK_EQ(drop(s, "/boot", 1), -FOS_EBUSY);
    fs_end();
}

CASE("the real path has no links and no dots")
{
    char path[FS_PATH_MAX];

    fs_fresh(NULL, 0);
    s = attach(1);
    CHECK_EQ(make(s, "/tmp/a", FS_IFDIR | 0755), 0);
    CHECK_EQ(join(s, "../tmp/a", "/tmp/l", FS_LINK_SYMBOLIC), 0);
    CHECK_EQ(text(s, "//tmp/./l/../a/", FS_TEXT_REAL, path), 6);
    CHECK_TEXT(path, "/tmp/a");
    CHECK_EQ(text(s, "/", FS_TEXT_REAL, path), 1);
    CHECK_EQ(text(s, "/..", FS_TEXT_REAL, path), 1);
    CHECK_EQ(text(s, "/tmp/none", FS_TEXT_REAL, path), -FOS_ENOENT);
    fs_end();
}

CASE("a page that is mapped is not used for another file, and counts so long")
{
    struct fs_map_req map = {.prot = 1};
    struct fs_map_rep name = {0};
    struct fs_page_req page = {
        .ticket = fos_ticket_make(&fs_key, FOS_TICKET_SYSTEM | 9), .to = PAGE};
    struct fs_page_rep rep;

    fs_fresh(NULL, 0);
    s = attach(1);
    long h = file_open(s, "/tmp/f", FS_READ | FS_WRITE | FS_CREATE);
    CHECK_EQ(bytes_write(s, (uint32_t)h, "x", 1, 0), 1);
    map.session = s;
    map.handle = (uint32_t)h;
    CHECK_EQ(ASK(map, &map, "", &name), 0);
    page.word[0] = name.word[0];
    page.word[1] = name.word[1];
    CHECK_EQ(ASK(page, &page, "", &rep), 0);
    CHECK(fs_shared && *(const char *)fs_shared == 'x');
    page.index = 1;
    CHECK_EQ(ASK(page, &page, "", &rep), -FOS_ENXIO);
    page.index = 0;
    page.prot = 2;
    CHECK_EQ(ASK(page, &page, "", &rep), -FOS_EACCES);
    page.word[1]++;
    CHECK_EQ(ASK(page, &page, "", &rep), -FOS_EBADF);
    page.word[1]--;
    page.ticket = fos_ticket_make(&fs_key, 9);
    CHECK_EQ(ASK(page, &page, "", &rep), -FOS_EACCES);
    page.ticket = fos_ticket_make(&fs_key, FOS_TICKET_SYSTEM | 9);
    CHECK_EQ(drop(s, "/tmp/f", 0), 0);
    CHECK_EQ(file_shut(s, (uint32_t)h), 0);
    uint32_t used = fs.pages.used;
    fs_elsewhere = true;
    page.to = 0;
    CHECK_EQ(ASK(page, &page, "", &rep), 0);
    CHECK_EQ(fs.pages.used, used); /* it is still mapped there */
    h = file_open(s, "/tmp/g", FS_READ | FS_WRITE | FS_CREATE);
    for (uint32_t i = used; i < fs.pages.limit - PAGES_RESERVE; i++)
        CHECK_EQ(bytes_write(s, (uint32_t)h, "y", 1, (int64_t)i * PAGE), 1);
    CHECK_EQ(bytes_write(s, (uint32_t)h, "y", 1, 0), -FOS_ENOSPC);
    CHECK_EQ(*(const char *)fs_shared, 'x');
    fs_elsewhere = false;
    CHECK_EQ(bytes_write(s, (uint32_t)h, "y", 1, 0), 1);
    CHECK_EQ(*(const char *)fs_shared, 'y');
    CHECK_EQ(bytes_write(s, (uint32_t)h, "y", 1, PAGE), -FOS_ENOSPC);
    fs_end();
}

CASE("a transfer to a bad address moves nothing")
{
    char data[10] = "0123456789", got[10] = {0};
    struct fs_transfer_req req = {.length = 10, .offset = FS_HERE, .write = 1};
    struct fs_transfer_rep rep;

    fs_fresh(NULL, 0);
    req.session = s = attach(1);
    req.handle = (uint32_t)file_open(s, "/tmp/f", FS_READ | FS_WRITE | FS_CREATE);
    CHECK_EQ(ASK(transfer, &req, "", &rep), -FOS_EFAULT);
    req.address = (uint64_t)data;
    CHECK_EQ(ASK(transfer, &req, "", &rep), 10);
    req.write = 0;
    req.offset = 0;
    req.address = 0;
    CHECK_EQ(ASK(transfer, &req, "", &rep), -FOS_EFAULT);
    req.address = (uint64_t)got;
    CHECK_EQ(ASK(transfer, &req, "", &rep), 10);
    CHECK(!memcmp(data, got, 10));
    fs_end();
}
