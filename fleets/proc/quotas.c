/* SPDX-License-Identifier: MIT */
#include "quotas.h"

enum {
    FRAMES_LITTLE = 4096, /* so many, or fewer: the least */
    FRAMES_PLENTY = 12288,
    OBJECTS_LITTLE = 800,
    OBJECTS_PLENTY = 1800,
    FS_SHARE = 8, /* one frame in so many is the filesystem's */
    FS_FRAMES_MAX = 16384,
};

/* Least: image, mailbox and tables, and the ways to some processes. */
static const struct {
    struct quota least, usual;
} bounds[QUOTA_KINDS] = {
    [QUOTA_NAME] = {{352, 24}, {512, 128}},
    [QUOTA_DRIVER] = {{288, 24}, {640, 64}},
    [QUOTA_FS] = {{640, 96}, {FS_FRAMES_MAX, 512}},
    [QUOTA_PAGE] = {{128, 24}, {256, 64}},
    [QUOTA_MEM] = {{256, 48}, {512, 128}},
};

static struct quota quotas[QUOTA_KINDS];

static uint32_t between(uint32_t least, uint32_t usual, uint64_t have,
                        uint64_t little, uint64_t plenty)
{
    if (have >= plenty)
        return usual;
    if (have <= little)
        return least;
    return least +
           (uint32_t)((usual - least) * (have - little) / (plenty - little));
}

void quotas_open(uint64_t frames, uint64_t objects)
{
    struct quota *fs = &quotas[QUOTA_FS];

    for (int kind = 0; kind < QUOTA_KINDS; kind++) {
        const struct quota *least = &bounds[kind].least,
                           *usual = &bounds[kind].usual;
        quotas[kind].frames = between(least->frames, usual->frames, frames,
                                      FRAMES_LITTLE, FRAMES_PLENTY);
        quotas[kind].objects = between(least->objects, usual->objects, objects,
                                       OBJECTS_LITTLE, OBJECTS_PLENTY);
    }
    uint64_t share = frames / FS_SHARE, least = bounds[QUOTA_FS].least.frames;
    fs->frames = share < least           ? (uint32_t)least
                 : share > FS_FRAMES_MAX ? FS_FRAMES_MAX
                                         : (uint32_t)share;
}

const struct quota *quota_of(enum quota_kind kind)
{
    return &quotas[kind];
}
