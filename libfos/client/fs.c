/* SPDX-License-Identifier: MIT */
/*
 * The session with the file system fleet: one to a process, made at the first call, and
 * again with the fleet that has taken the place of a dead one.
 */
#include <fos/fs.h>

#include <string.h>

#include <fos/clock.h>
#include <fos/part.h>
#include <fos/proc.h>
#include <fos/signal.h>
#include <fos/start.h>

FOS_CLIENT_CALLS(fs, FS_OPS)

enum { TRIES = 3 };

static struct fos_peer peer; /* mailbox.id 0: not open */
static uint64_t session;     /* 0: not attached */
static uint64_t instance;

static void forked(void)
{
    peer = (struct fos_peer){0};
    session = 0;
}

FOS_PART(fs_part, .forked = forked);

uint64_t fos_fs_instance(void)
{
    return instance;
}

/* The fleet's mailbox: as the process was told when it was started, or as it is now. */
static long mailbox_find(bool again, struct fos_cap *out)
{
    struct proc_members_req req = {.fleet = "fs"};
    struct proc_members_rep rep = {0};

    *out = fos_start_page->caps[FOS_START_FS];
    if (out->id && !again)
        return 0;
    long result = proc_members_call(fos_proc_peer(), &req, &rep,
                                    fos_now_ns() + 5 * FOS_SECOND);
    if (result < 0)
        return result == -FOS_ENOENT ? -FOS_ENOSYS : -FOS_EIO;
    *out = rep.view.members[0].mailbox;
    return out->id ? 0 : -FOS_EIO;
}

static long attach(bool again)
{
    struct fs_attach_req req = {.ticket = fos_ticket(), .space = fos_own_space()};
    struct fs_attach_rep rep = {0};
    struct fos_cap mailbox;
    long error = mailbox_find(again, &mailbox);

    if (error)
        return error;
    if (!peer.mailbox.id || again) {
        if (peer.mailbox.id)
            fos_peer_close(&peer);
        error = fos_peer_open(&peer, mailbox, FOS_TRANSPORT_AUTO);
    }
    if (error)
        return error;
    error = fs_attach_call(&peer, &req, &rep, FOS_NEVER);
    if (error < 0)
        return error;
    session = rep.session;
    instance = mailbox.id;
    return 0;
}

long fos_fs_way(struct fos_peer **to, uint64_t *number)
{
    long error = session ? 0 : attach(false);

    *to = &peer;
    *number = session;
    return error;
}

/* Whether another try may do better: the fleet is gone, or does not know us. */
static bool lost(long result)
{
    return result == -FOS_EPERM || result == -FOS_EPIPE ||
           result == FS_ERROR - FOS_ESRCH;
}

static long try_once(void *request, uint32_t length, void *reply, uint32_t capacity,
                     bool waiting)
{
    struct fs_session_req *req = request;
    long error = session ? 0 : attach(false);

    if (error)
        return error;
    req->session = session;
    if (waiting)
        return fos_call_interruptible(&peer, request, length, reply, capacity,
                                      FOS_NEVER, true);
    fos_signals_hold();
    error = fos_call(&peer, request, length, reply, capacity, FOS_NEVER);
    fos_signals_release();
    return error;
}

static long call(void *request, uint32_t length, void *reply, uint32_t capacity,
                 bool waiting)
{
    long result = try_once(request, length, reply, capacity, waiting);

    for (int i = 1; i < TRIES && lost(result); i++) {
        long error = attach(result != FS_ERROR - FOS_ESRCH);
        result =
            error ? error : try_once(request, length, reply, capacity, waiting);
    }
    if (result == -FOS_ENOSYS || result == -FOS_EINTR)
        return result;
    return fs_result(result);
}

long fos_fs_call(void *request, uint32_t length, void *reply, uint32_t capacity)
{
    return call(request, length, reply, capacity, false);
}

long fos_fs_call_waiting(void *request, uint32_t length, void *reply,
                         uint32_t capacity)
{
    return call(request, length, reply, capacity, true);
}

static long path_call(void *request, uint32_t size, const char *path,
                      const char *second, void *reply, uint32_t capacity,
                      bool waiting)
{
    uint8_t message[sizeof(struct fs_change_req) + 2 * FS_PATH_MAX]
        __attribute__((aligned(8)));
    size_t length = strlen(path), more = second ? strlen(second) : 0;

    if (length >= FS_PATH_MAX || more >= FS_PATH_MAX)
        return -FOS_ENAMETOOLONG;
    memcpy(message, request, size);
    memcpy(message + size, path, length);
    memcpy(message + size + length, second ? second : "", more);
    return call(message, (uint32_t)(size + length + more), reply, capacity,
                waiting);
}

long fos_fs_call_path(void *request, uint32_t size, const char *path,
                      const char *second, void *reply, uint32_t capacity)
{
    return path_call(request, size, path, second, reply, capacity, false);
}

long fos_fs_open(struct fs_open_req *request, const char *path,
                 struct fs_open_rep *reply)
{
    request->head.tag = FOS_TAG(fs, open);
    return path_call(request, sizeof *request, path, NULL, reply, sizeof *reply,
                     true);
}
