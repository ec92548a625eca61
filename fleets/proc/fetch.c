/* SPDX-License-Identifier: MIT */
#include "fetch.h"

#include <string.h>

#include <fos/memory.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "fleet.h"

static uint64_t aligned(uint64_t size)
{
    return (size + FOS_START_ALIGN - 1) & ~(uint64_t)(FOS_START_ALIGN - 1);
}

static uint64_t pages_of(uint64_t size)
{
    return (size + FOS_PAGE_SIZE - 1) / FOS_PAGE_SIZE;
}

static long bytes_read(struct fos_cap space, uint64_t address, char *to,
                       uint64_t length)
{
    while (length) {
        uint64_t piece = length < FOS_COPY_MAX ? length : FOS_COPY_MAX;
        long error = fos_sys_space_read(space, address, to, piece);
        if (error < 0)
            return error;
        address += piece;
        to += piece;
        length -= piece;
    }
    return 0;
}

/* The kernel takes the frames from what this fleet can still give to others, which is
 * the accounts'. */
static void *borrow(struct fetched *lent, size_t pages)
{
    void *at;

    if (lent->account->frames < pages)
        return NULL;
    at = fos_pages_map(pages);
    if (at)
        lent->account->frames -= pages;
    return at;
}

static void give_back(struct fetched *lent, void *at, size_t pages)
{
    if (!at)
        return;
    fos_pages_unmap(at, pages);
    lent->account->frames += pages;
}

void fetch_end(struct fetched *lent)
{
    give_back(lent, lent->block, lent->block_pages);
    give_back(lent, lent->image, lent->image_pages);
    lent->block = lent->image = NULL;
}

static long counts_check(const struct proc_image *what, const char **why)
{
    *why = "the request is malformed";
    if (!memchr(what->path, '\0', sizeof what->path))
        return -FOS_EINVAL;
    *why = "the arguments are malformed";
    if (what->argc > PROC_ARGS_MAX || what->envc > PROC_ARGS_MAX - what->argc)
        return -FOS_E2BIG;
    if (what->text_size > PROC_TEXT_MAX ||
        block_size(what->text_size, what->inherit_size) > FOS_START_BLOCK_MAX)
        return -FOS_E2BIG;
    *why = "the image is too long";
    return what->image_size > PROC_IMAGE_MAX ? -FOS_ENOMEM : 0;
}

/* What follows the struct is exactly what lies at no address. */
static bool tail_fits(const struct proc_image *what, size_t length)
{
    uint64_t block =
        what->block ? 0 : block_size(what->text_size, what->inherit_size);
    uint64_t image = what->image ? 0 : what->image_size;

    return length == (image ? aligned(block) + image : block);
}

static long block_fetch(struct fetched *lent, struct load *load,
                        const struct process *from, const struct proc_image *what,
                        const char *tail, bool lasting)
{
    uint64_t size = block_size(what->text_size, what->inherit_size);

    load->argc = what->argc;
    load->envc = what->envc;
    load->text_size = what->text_size;
    load->inherit_size = what->inherit_size;
    load->block = what->block ? what->block : (uint64_t)tail;
    load->block_space = what->block ? from->space : fos_own_space();
    if (!what->block || !size || !lasting)
        return 0;
    lent->block_pages = pages_of(size);
    lent->block = borrow(lent, lent->block_pages);
    if (!lent->block)
        return -FOS_ENOMEM;
    load->block = (uint64_t)lent->block;
    load->block_space = fos_own_space();
    return bytes_read(from->space, what->block, lent->block, size);
}

static long image_fetch(struct fetched *lent, struct load *load,
                        const struct process *from, const struct proc_image *what,
                        const char *tail, const char **why)
{
    if (!what->image_size) {
        *why = "no such program in the boot archive";
        return program_find(what->path, &load->image, &load->image_size);
    }
    uint64_t block =
        what->block ? 0 : block_size(what->text_size, what->inherit_size);
    load->image = tail + aligned(block);
    load->image_size = what->image_size;
    if (!what->image)
        return 0;
    lent->image_pages = pages_of(what->image_size);
    load->image = lent->image = borrow(lent, lent->image_pages);
    *why = "there is no memory to load it";
    if (!lent->image)
        return -FOS_ENOMEM;
    return bytes_read(from->space, what->image, lent->image, what->image_size);
}

long fetch(struct fetched *lent, struct load *load, const struct process *from,
           const struct proc_image *what, const void *tail, size_t length,
           bool lasting, const char **why)
{
    long error = counts_check(what, why);

    *lent = (struct fetched){.account = from->account};
    if (!error && !tail_fits(what, length)) {
        *why = "the request is malformed";
        error = -FOS_EINVAL;
    }
    if (!error) {
        *why = "the arguments cannot be read";
        error = block_fetch(lent, load, from, what, tail, lasting);
    }
    if (!error)
        error = image_fetch(lent, load, from, what, tail, why);
    if (!error)
        error = load_check(load, why);
    if (error)
        fetch_end(lent);
    return error;
}
