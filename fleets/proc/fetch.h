/* SPDX-License-Identifier: MIT */
/*
 * What a request says is to run: its start block and image, brought to where nobody
 * else can change them.
 */
#ifndef PROC_FETCH_H
#define PROC_FETCH_H

#include "load.h"

/* Memory of this fleet lent to one request. */
struct fetched {
    void *block, *image; /* NULL: not lent */
    size_t block_pages, image_pages;
    struct account *account; /* that lends it */
};

/*
 * `length` bytes follow the request's struct at `tail`.  Fills in block, image and
 * counts of `load`, and checks the image.  With `lasting`, the block is still there when
 * the space of `from` is reset.  0; ENOENT, ENOEXEC, EINVAL, E2BIG, EFAULT,
 * ENOMEM and a sentence; nothing is then lent.
 */
long fetch(struct fetched *lent, struct load *load, const struct process *from,
           const struct proc_image *what, const void *tail, size_t length,
           bool lasting, const char **why);

void fetch_end(struct fetched *lent);

#endif
