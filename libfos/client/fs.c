/* SPDX-License-Identifier: MIT */
/*
 * The session with the file system fleet: one to a process, made at the first call, and
 * again with the fleet that has taken the place of a dead one.  Each thread has its own
 * way there.
 */
#include <fos/fs.h>

#include <string.h>

#include <fos/abi/atomic.h>
#include <fos/clock.h>
#include <fos/lock.h>
#include <fos/part.h>
#include <fos/proc.h>
#include <fos/signal.h>
#include <fos/start.h>

FOS_CLIENT_CALLS(fs, FS_OPS)

enum { TRIES = 3 };

static _Thread_local struct fos_peer peer; /* mailbox.id 0: not open */

/* Of the process: guarded by the lock, but for looks at the session. */
static struct fos_lock lock;
static struct fos_cap mailbox;   /* id 0: not looked for */
static _Atomic uint64_t session; /* 0: not attached */

static void forked(void)
{
    peer = (struct fos_peer){0};
    lock = (struct fos_lock){0};
    mailbox = (struct fos_cap){0};
    fos_store_relaxed(&session, 0);
}

FOS_PART(fs_part, .forked = forked);

/* The fleet's mailbox: as the process was told when it was started, or as it is now. */
static long mailbox_find(bool again)
{
    struct proc_members_req req = {.fleet = "fs"};
    struct proc_members_rep rep = {0};

    if (!again) {
        if (!mailbox.id)
            mailbox = fos_start_page->caps[FOS_START_FS];
        if (mailbox.id)
            return 0;
    }
    long result = proc_members_call(fos_proc_peer(), &req, &rep,
                                    fos_now_ns() + 5 * FOS_SECOND);
    if (result < 0)
        return result == -FOS_ENOENT ? -FOS_ENOSYS : -FOS_EIO;
    mailbox = rep.view.members[0].mailbox;
    return mailbox.id ? 0 : -FOS_EIO;
}

static long peer_open(void)
{
    if (peer.mailbox.id && peer.mailbox.id == mailbox.id)
        return 0;
    if (peer.mailbox.id)
        fos_peer_close(&peer);
    peer.mailbox.id = 0;
    return fos_peer_open(&peer, mailbox, FOS_TRANSPORT_AUTO);
}

static long attach_locked(bool again)
{
    struct fs_attach_req req = {.ticket = fos_ticket(), .space = fos_own_space()};
    struct fs_attach_rep rep = {0};
    long error = mailbox_find(again);

    if (!error)
        error = peer_open();
    if (!error)
        error = fs_attach_call(&peer, &req, &rep, FOS_NEVER);
    if (error < 0)
        return error;
    fos_store_relaxed(&session, rep.session);
    return 0;
}

/* `bad`: the session that was found to be none; another thread may have made a new one
 * meanwhile.  `again`: the fleet is to be looked for again. */
static long attach(uint64_t bad, bool again)
{
    long error = 0;

    fos_lock_take(&lock);
    if (fos_load_relaxed(&session) == bad)
        error = attach_locked(again);
    else
        error = peer_open();
    fos_lock_release(&lock);
    return error;
}

/* Whether another try may do better: the fleet is gone, or does not know us. */
static bool lost(long result)
{
    return result == -FOS_EPERM || result == -FOS_EPIPE ||
           result == FS_ERROR - FOS_ESRCH;
}

static long ready(void)
{
    if (!fos_load_relaxed(&session))
        return attach(0, false);
    return peer.mailbox.id ? 0 : peer_open();
}

long fos_fs_way(struct fos_peer **to, uint64_t *number)
{
    long error = ready();

    *to = &peer;
    *number = fos_load_relaxed(&session);
    return error;
}

uint64_t fos_fs_instance(void)
{
    if (lost(ready()))
        attach(0, true);
    return mailbox.id;
}

void fos_fs_kick(uint32_t handle)
{
    struct fs_kick_req req = {.handle = handle};

    if (ready() < 0)
        return;
    req.session = fos_load_relaxed(&session);
    fs_kick_post(&peer, &req, FOS_NEVER);
}

static long try_once(void *request, uint32_t length, void *reply, uint32_t capacity,
                     bool waiting)
{
    struct fs_session_req *req = request;
    long error = ready();

    if (error)
        return error;
    req->session = fos_load_relaxed(&session);
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
        long error = attach(((struct fs_session_req *)request)->session,
                            result != FS_ERROR - FOS_ESRCH);
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
    // NOLINTNEXTLINE(bugprone-not-null-terminated-result): its length goes with it
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
