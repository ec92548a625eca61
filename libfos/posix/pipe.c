/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

#include <fos/fs.h>

#include "files.h"

static void handle_close(uint32_t handle)
{
    struct fs_close_req req = {.handle = handle};
    struct fs_close_rep rep;

    FOS_FS_CALL(close, &req, &rep);
}

static long pipe_make(int out[2], int flags)
{
    struct fs_pipe_req req = {.flags = flags & O_NONBLOCK ? FS_NONBLOCK : 0};
    struct fs_pipe_rep rep = {0};
    unsigned fd_flags = flags & O_CLOEXEC ? FOS_FD_CLOEXEC : 0;
    long error = FOS_FS_CALL(pipe, &req, &rep);

    if (error)
        return error;
    int reader = fos_file_install(rep.reader, FS_KIND_STREAM, fd_flags);
    if (reader < 0) {
        handle_close(rep.writer);
        return reader;
    }
    int writer = fos_file_install(rep.writer, FS_KIND_STREAM, fd_flags);
    if (writer < 0) {
        fos_fd_close(reader);
        return writer;
    }
    out[0] = reader;
    out[1] = writer;
    return 0;
}

int pipe2(int out[2], int flags)
{
    if (flags & ~(O_NONBLOCK | O_CLOEXEC))
        return fos_fd_result(-FOS_EINVAL);
    return fos_fd_result(pipe_make(out, flags));
}

int pipe(int out[2])
{
    return pipe2(out, 0);
}
