/* SPDX-License-Identifier: MIT */
/*
 * The member of the file system fleet: fs ARCHIVE SIZE, where the boot archive is
 * mapped, both hexadecimal.
 */
#include <stdlib.h>
#include <string.h>

#include <fos/clock.h>
#include <fos/fleet.h>
#include <fos/memory.h>
#include <fos/msg.h>
#include <fos/name.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "core.h"

enum {
    MAILBOX_SLOTS = 4096,
    THROWAWAY_SLOTS = 64,
    FRAMES_OWN = 512, /* image, stack, mailbox, channels */
    FRAMES_LEAST = 128,
};

static int64_t wall_base; /* of the clock since boot */
static struct fos_siphash_key random_key;

static void request_answer(const struct fos_caller *caller, long result,
                           void *reply, size_t length)
{
    fos_answer(caller, result, reply, length);
}

static int64_t clock_now(void)
{
    return wall_base + (int64_t)fos_now_ns();
}

static void *pages_map(uint32_t count)
{
    return fos_pages_map(count);
}

/* To break copy-on-write there fails if it takes a copy: where that is to come from
 * nothing is mapped. */
static bool pages_sole(void *pages, uint32_t count)
{
    static void *nothing;
    struct fos_share share = {.to_space = fos_own_space(),
                              .from_space = fos_own_space(),
                              .to = (uint64_t)pages,
                              .pages = count,
                              .prot = FOS_PROT_READ | FOS_PROT_WRITE,
                              .how = FOS_SHARE_OWN};

    if (!nothing)
        nothing = fos_pages_reserve(FOS_PIPE_PAGES);
    share.from = (uint64_t)nothing;
    return count <= FOS_PIPE_PAGES && fos_sys_space_share(&share) == 0;
}

static uint32_t threads_of(struct fos_cap space)
{
    struct fos_space_info info;

    return fos_sys_space_status(space, &info) < 0 ? 0 : info.threads;
}

/* SipHash of a counter, under a key of the kernel's generator. */
static void random_fill(void *to, size_t length)
{
    static uint64_t count;
    uint8_t *at = to;

    while (length) {
        uint64_t word = fos_siphash(&random_key, &count, sizeof count);
        size_t piece = length < sizeof word ? length : sizeof word;
        count++;
        memcpy(at, &word, piece);
        at += piece;
        length -= piece;
    }
}

static long caller_copy(struct fos_cap space, uint64_t address, void *here,
                        size_t length, bool write)
{
    return write ? fos_sys_space_write(space, address, here, length)
                 : fos_sys_space_read(space, address, here, length);
}

static void pages_unmap(void *pages, uint32_t count)
{
    fos_pages_unmap(pages, count);
}

static long pages_share(struct fos_cap space, uint64_t to, const void *pages,
                        uint32_t count, uint32_t prot, uint32_t how)
{
    struct fos_share share = {.to_space = space,
                              .from_space = fos_own_space(),
                              .to = to,
                              .from = (uint64_t)pages,
                              .pages = count,
                              .prot = prot,
                              .how = how};
    long result = fos_sys_space_share(&share);

    return result < 0 ? result : 0;
}

/* The kernel's generator, by the secret of a mailbox that nobody hears of. */
static uint64_t draw(void)
{
    struct fos_mailbox mailbox;

    if (fos_mailbox_create(&mailbox, THROWAWAY_SLOTS))
        exit(2);
    fos_mailbox_close(&mailbox);
    return mailbox.cap.secret;
}

/* What the quota leaves for contents: a quarter is for nodes and names. */
static uint32_t pages_limit(void)
{
    struct fos_space_info info = {0};

    fos_sys_space_status(fos_own_space(), &info);
    uint32_t left = info.frames_quota - info.frames_used;
    left -= left / 2 < FRAMES_OWN ? left / 2 : FRAMES_OWN;
    return left / 4 * 3 < FRAMES_LEAST ? FRAMES_LEAST : left / 4 * 3;
}

static const struct fs_io io = {.answer = request_answer,
                                .now = clock_now,
                                .pages_map = pages_map,
                                .pages_sole = pages_sole,
                                .threads = threads_of,
                                .random = random_fill,
                                .copy = caller_copy,
                                .share = pages_share,
                                .pages_unmap = pages_unmap};

int main(int argc, char **argv)
{
    struct fos_registration name;
    uint64_t archive = argc == 3 ? strtoull(argv[1], NULL, 16) : 0,
             size = argc == 3 ? strtoull(argv[2], NULL, 16) : 0;

    if (fos_service_open(&fs_service, MAILBOX_SLOTS) < 0)
        return 1;
    wall_base = (int64_t)(fos_wall_ns() - fos_now_ns());
    random_key = (struct fos_siphash_key){{draw(), draw()}};
    if (!fs_init(&io, pages_limit()))
        return 3;
    fs.tickets = fos_fleet_tickets();
    fs.control = fos_start_page->caps[FOS_START_CONTROL];
    fs.secrets = (struct fos_siphash_key){{draw(), draw()}};
    if (!tree_begin((const void *)archive, size))
        return 4;
    fos_service_ready(&fs_service);
    fos_name_serve("/sys/fs", fs_service.mailbox.cap, &name);
    for (;;)
        fos_service_run(&fs_service, FOS_NEVER);
}
