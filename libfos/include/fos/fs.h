/* SPDX-License-Identifier: MIT */
/*
 * Calls to the file system fleet.  Requests are those of fos/proto/fs.h; the session is
 * filled in here.  Results are 0 or more, or a negated error of POSIX's: -FOS_EIO when
 * the fleet has died and taken open files with it, -FOS_ENOSYS when there is none.
 */
#ifndef FOS_FS_H
#define FOS_FS_H

#include <fos/call.h>
#include <fos/proto/fs.h>

/* A request to fs with a session begins like this. */
struct fs_session_req {
    struct fos_request head;
    uint64_t session;
};

/* For an op that is answered at once.  `request`: its struct, with head.tag =
 * FOS_TAG(fs, op).  `length` counts what follows the struct. */
long fos_fs_call(void *request, uint32_t length, void *reply, uint32_t capacity);

/* For one that may wait: -FOS_EINTR when a signal's handler has run. */
long fos_fs_call_waiting(void *request, uint32_t length, void *reply,
                         uint32_t capacity);

/* With a path (or two, the second may be NULL) behind the struct of `size` bytes.
 * -FOS_ENAMETOOLONG. */
long fos_fs_call_path(void *request, uint32_t size, const char *path,
                      const char *second, void *reply, uint32_t capacity);

/* The same for open, which may wait for the other side of a FIFO. */
long fos_fs_open(struct fs_open_req *request, const char *path,
                 struct fs_open_rep *reply);

/* The way to the fleet and the session, for calls that are under way together with
 * others.  0 or an error. */
long fos_fs_way(struct fos_peer **peer, uint64_t *session);

/* Tells the fleet that a pipe in shared memory has changed (invariant P3 of
 * fos/pipe.h), with signals held. */
void fos_fs_kick(uint32_t handle);

/* Which fleet the session is with, made if there is none: another after it has died.  0:
 * there is none. */
uint64_t fos_fs_instance(void);

/* A typed call: FOS_FS_CALL(stat, &req, &rep). */
#define FOS_FS_CALL(op, req, rep)       \
    ((req)->head.tag = FOS_TAG(fs, op), \
     fos_fs_call(req, sizeof *(req), rep, sizeof *(rep)))
#define FOS_FS_CALL_PATH(op, req, path, rep) \
    ((req)->head.tag = FOS_TAG(fs, op),      \
     fos_fs_call_path(req, sizeof *(req), path, NULL, rep, sizeof *(rep)))

#endif
