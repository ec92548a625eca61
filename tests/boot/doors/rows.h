/* SPDX-License-Identifier: MIT */
/* A try at each op of the fleets, with what the caller was not given.  An op without a
 * row, or a word that it needs none, does not compile.  A try that does not get the error
 * that is due ends the process. */
#ifndef DOORS_ROWS_H
#define DOORS_ROWS_H

#include <stdint.h>

#include <fos/msg.h>
#include <fos/proto/proc.h>

enum { STEPS = 8 };

/* What the victim has registered, and deposited nothing under. */
#define VICTIM_NAME "/test/doors"

/* What a thief has to go by. */
struct
try {
    int n;                /* which forgery: 0 .. STEPS - 1 */
    uint64_t victim;      /* a process's number */
    struct fos_cap inbox; /* where nothing may arrive */
};

void proc_doors(const struct try *t);
/* Of a member. */
void mem_doors(struct fos_peer *mem, const struct try *t);
void page_doors(struct fos_peer *page, const struct try *t);
void fleet_doors(struct fos_peer *member, const struct try *t);
/* Of the member in this slot of the view. */
void name_doors(struct fos_peer *name, const struct proc_view *view, uint32_t slot,
                const struct try *t);
void console_doors(const struct try *t);
/* `session` is the caller's own: its neighbours are tried. */
void fs_doors(struct fos_peer *fs, uint64_t session, const struct try *t);
/* Handles are numbers of the one who has them: the caller, with none, has no other's. */
void handle_doors(struct fos_peer *fs, uint64_t session);

#endif
