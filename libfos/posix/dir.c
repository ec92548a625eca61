/* SPDX-License-Identifier: MIT */
/* Entries of directories, for newlib's readdir. */
#include <dirent.h>
#include <stddef.h>
#include <string.h>

#include <fos/fs.h>

#include "files.h"

/* How large an entry may become: the fleet is asked for no more than fits. */
enum { FITS = sizeof(struct fs_entry) };

static size_t record_size(uint32_t length)
{
    return (offsetof(struct dirent, d_name) + length + 1 + 7) & ~(size_t)7;
}

static void record_fill(struct dirent *out, const struct fs_entry *from)
{
    out->d_ino = (ino_t)from->ino;
    out->d_off = (off_t)from->next;
    out->d_reclen = (unsigned short)record_size(from->length);
    out->d_type = (unsigned char)(from->mode >> 12 & 15);
    memcpy(out->d_name, from + 1, from->length);
    out->d_name[from->length] = '\0';
}

/* An entry here is no longer than the fleet's. */
_Static_assert(offsetof(struct dirent, d_name) <= FITS, "it fits");

static long entries_take(const uint8_t *data, long size, char *to)
{
    long used = 0;

    for (long at = 0; at + FITS <= size;) {
        struct fs_entry head;
        memcpy(&head, data + at, sizeof head);
        if (head.size < sizeof head + head.length + 1 || head.size > size - at ||
            head.length > MAXNAMLEN)
            return -FOS_EIO;
        record_fill((struct dirent *)(void *)(to + used),
                    (const struct fs_entry *)(const void *)(data + at));
        used += (long)record_size(head.length);
        at += head.size;
    }
    return used;
}

static long entries_get(const struct fos_file *file, void *to, int length)
{
    struct fs_entries_req req = {.head.tag = FOS_TAG(fs, entries),
                                 .handle = file->handle,
                                 .length = length < FS_READ_MAX ? (uint32_t)length
                                                                : FS_READ_MAX};
    struct fs_entries_rep rep;
    long size = fos_fs_call(&req, sizeof req, &rep, sizeof rep | FOS_REPLY_UPTO);

    if (size > (long)sizeof rep.data)
        return -FOS_EIO;
    return size <= 0 ? size : entries_take(rep.data, size, to);
}

int getdents(int fd, void *buffer, int length)
{
    struct fos_file *file = fos_file_get(fd);
    long result = file ? -FOS_ENOTDIR : -FOS_EBADF;

    if (file && file->ops == &fos_fs_ops)
        result = length < 0 ? -FOS_EINVAL : entries_get(file, buffer, length);
    if (file)
        fos_file_put(file);
    return fos_fd_result(result);
}
