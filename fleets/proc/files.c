/* SPDX-License-Identifier: MIT */
#include "files.h"

#include <fos/clock.h>
#include <fos/error.h>

#include "fleet.h"

FOS_CLIENT_CALLS(fs, FS_OPS)

#define PATIENCE (2 * FOS_SECOND)

/* The way to the filesystem that is there now. */
static struct fos_peer *peer(void)
{
    static struct fos_peer peer;

    if (peer.mailbox.id == fleet.fs.id)
        return &peer;
    if (peer.mailbox.id)
        fos_peer_close(&peer);
    return fos_peer_open(&peer, fleet.fs, FOS_TRANSPORT_KERNEL) ? NULL : &peer;
}

void files_inherit_begin(struct files_inherit *files, uint64_t parent,
                         uint64_t child)
{
    *files = (struct files_inherit){
        .req = {.control = fleet.control, .parent = parent, .child = child},
        .to = fleet.fs.id ? peer() : NULL,
    };
    if (files->to)
        files->begun = fs_inherit_start(&files->call, files->to, &files->req,
                                        &files->rep) == 0;
}

long files_inherit_end(struct files_inherit *files)
{
    uint64_t deadline = fos_now_ns() + PATIENCE;

    if (!files->to)
        return 0;
    if (!files->begun) /* it had no room */
        return fs_inherit_call(files->to, &files->req, &files->rep, deadline);
    long result = fos_call_finish(&files->call, deadline);
    if (result == -FOS_ETIMEDOUT)
        fos_call_cancel(&files->call);
    return result;
}
