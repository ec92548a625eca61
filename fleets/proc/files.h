/* SPDX-License-Identifier: MIT */
#ifndef PROC_FILES_H
#define PROC_FILES_H

#include <fos/call.h>
#include <fos/proto/fs.h>

/* A request to the filesystem that is under way while the child is being made. */
struct files_inherit {
    struct fs_inherit_req req;
    struct fs_inherit_rep rep;
    struct fos_call call;
    struct fos_peer *to; /* null: there is nothing to ask for */
    bool begun;          /* the request has been sent */
};

/* What `parent` has open, and its working directory, are to become the child's too,
 * which has not begun. */
void files_inherit_begin(struct files_inherit *files, uint64_t parent,
                         uint64_t child);

/* Waits until they are.  0, also when there is no filesystem; ETIMEDOUT, or its
 * errors. */
long files_inherit_end(struct files_inherit *files);

#endif
