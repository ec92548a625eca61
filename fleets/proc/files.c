/* SPDX-License-Identifier: MIT */
#include "files.h"

#include <fos/call.h>
#include <fos/clock.h>
#include <fos/proto/fs.h>

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

long files_inherit(uint64_t parent, uint64_t child)
{
    struct fs_inherit_req req = {
        .control = fleet.control, .parent = parent, .child = child};
    struct fs_inherit_rep rep;
    struct fos_peer *to = fleet.fs.id ? peer() : NULL;

    return to ? fs_inherit_call(to, &req, &rep, fos_now_ns() + PATIENCE) : 0;
}
