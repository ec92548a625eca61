/* SPDX-License-Identifier: MIT */
/* Pages of files, of which the filesystem shares its own. */
#include <fos/call.h>
#include <fos/clock.h>
#include <fos/error.h>
#include <fos/proto/fs.h>
#include <fos/start.h>

#include "member.h"

FOS_CLIENT_CALLS(fs, FS_OPS)

#define PATIENCE (2 * FOS_SECOND)

static struct fos_peer peer;

/* NULL: there is no filesystem. */
static struct fos_peer *filesystem(void)
{
    if (peer.thread && peer.mailbox.id != member.fs.id) {
        fos_peer_close(&peer);
        peer = (struct fos_peer){0};
    }
    if (!peer.thread && member.fs.id)
        fos_peer_open(&peer, member.fs, FOS_TRANSPORT_AUTO);
    return peer.thread ? &peer : NULL;
}

static struct fs_page_req request_for(const uint64_t handle[2])
{
    return (struct fs_page_req){.ticket = fos_ticket(),
                                .word = {handle[0], handle[1]}};
}

long file_page(const struct object *o, uint64_t index, const struct process *p,
               uint64_t to, uint32_t prot, bool replace)
{
    struct fs_page_req req = request_for(o->handle);
    struct fs_page_rep rep;
    struct fos_peer *fs = filesystem();

    req.index = index;
    req.space = p->space;
    req.to = to;
    req.prot = prot;
    req.how = replace ? FOS_SHARE_REPLACE : FOS_SHARE_KEEP;
    if (!fs)
        return -FOS_EIO;
    return fs_result(fs_page_call(fs, &req, &rep, fos_now_ns() + PATIENCE));
}

/* Now or never: a filesystem that has no room forgets it with this member. */
void file_leave(const uint64_t handle[2])
{
    struct fs_page_req req = request_for(handle);
    struct fos_peer *fs = filesystem();

    if (fs)
        fs_page_post(fs, &req, 0);
}
