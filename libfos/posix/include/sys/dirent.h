/* SPDX-License-Identifier: MIT */
/* Directories.  newlib's readdir stands on getdents. */
#ifndef FOS_POSIX_SYS_DIRENT_H
#define FOS_POSIX_SYS_DIRENT_H

#include <sys/types.h>
#include <sys/lock.h>

#define MAXNAMLEN 255
#define HAVE_DD_LOCK
#define _DIRENT_HAVE_D_TYPE
#define DT_UNKNOWN 0
#define DT_FIFO    1
#define DT_CHR     2
#define DT_DIR     4
#define DT_BLK     6
#define DT_REG     8
#define DT_LNK     10
#define DT_SOCK    12

struct dirent {
    ino_t d_ino;
    off_t d_off;
    unsigned short d_reclen;
    unsigned char d_type;
    char d_name[MAXNAMLEN + 1];
};
#define d_fileno d_ino

typedef struct {
    int dd_fd;
    long dd_loc, dd_seek;
    char *dd_buf;
    int dd_len;
    long dd_size;
    _LOCK_RECURSIVE_T dd_lock;
} DIR;
#define __dirfd(dp) ((dp)->dd_fd)

DIR *opendir(const char *path);
DIR *fdopendir(int fd);
struct dirent *readdir(DIR *dir);
int readdir_r(DIR *__restrict dir, struct dirent *__restrict entry,
              struct dirent **__restrict result);
void rewinddir(DIR *dir);
int closedir(DIR *dir);
long telldir(DIR *dir);
void seekdir(DIR *dir, long place);
void _seekdir(DIR *dir, long place);
int dirfd(DIR *dir);
int scandir(const char *path, struct dirent ***list,
            int (*select)(const struct dirent *),
            int (*compare)(const struct dirent **, const struct dirent **));
int alphasort(const struct dirent **a, const struct dirent **b);

/* Fills `buffer` with entries, each d_reclen bytes; 0 at the end. */
int getdents(int fd, void *buffer, int length);

#endif
