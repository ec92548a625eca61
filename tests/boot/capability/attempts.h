/* SPDX-License-Identifier: MIT */
/* Every system call that takes a capability, with arguments by which it would succeed and leave
 * a trace. */
#ifndef ATTEMPTS_H
#define ATTEMPTS_H

#include <stdint.h>

#include <fos/abi/types.h>

enum type { NONE, SPACE, THREAD, MAILBOX, CHANNEL, DEVICE, MACHINE };

enum {
    EVENT_WATCH = 20, /* event slots that the calls would use */
    EVENT_DEVICE = 21,
};

struct attempt {
    const char *name;
    enum type type; /* that the call wants */
    long (*call)(struct fos_cap cap);
};

extern const struct attempt attempts[];
extern const int attempts_count;

/* Some of them. */
long try_renew(struct fos_cap cap);
long try_close(struct fos_cap cap);
long try_retire(struct fos_cap cap);

/* What they would change. */
extern uint8_t *page; /* mapped */
extern void *gap;     /* reserved for windows, not mapped */
extern union attempt_out {
    uint8_t bytes[512];
    struct fos_cap cap;
    struct fos_channel_info channel;
    struct fos_space_info space;
} out;

#endif
