/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share: the system, played by one thread without shared
 * memory (system.c), and readers of the input.
 *
 * A target is fuzz_<name>.c with LLVMFuzzerTestOneInput; its seeds are made by
 * seeds.py.  Built by clang it is a libFuzzer program, else one that runs the files
 * it is given (replay.c).
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fos/memory.h>
#include <fos/service.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A claim about the code under test: its failure is a finding. */
#define HOLDS(condition)                                               \
    do {                                                               \
        if (!(condition)) {                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, \
                    #condition);                                       \
            abort();                                                   \
        }                                                              \
    } while (0)

/* The rest of an input. */
struct input {
    const uint8_t *at;
    size_t left;
};

/* The next byte or little-endian word; zeros when there is no more. */
uint64_t input_number(struct input *in, size_t bytes);

/* The next record, a 16-bit length and so many bytes; false at the end. */
bool input_record(struct input *in, const uint8_t **data, uint32_t *length);

/* Puts a message where the kernel would; false: no room, or too long. */
bool system_deliver(const struct fos_mailbox *mailbox, const void *data,
                    uint32_t length);

/* Lets a service take the message and all that follows from it. */
void system_serve(struct fos_service *service, const void *data, uint32_t length);

/* What fos_event_wait answers; NULL: at once, with the deadline passed. */
extern uint64_t (*system_event)(uint64_t mask, uint64_t deadline);

/* The page a device was mapped to last, and the memory behind it. */
extern void *system_device_page;

/* Runs `body` until it returns, or the process or the machine would end. */
void system_run(void (*body)(void *), void *argument);

/* Ends it: for services' stop. */
_Noreturn void system_end(void);

/*
 * Mailboxes that messages are sent to.  Their ids' last digit (base four) says how
 * they behave: 1 is gone, 2 is full, others take all.
 */
enum { MAILBOX_GONE = 1, MAILBOX_FULL = 2 };

/*
 * Channels, of which the target plays the other side.  A window is the doorbell's page
 * and behind it the ring; null: the channel is closed, and its window is memory no more.
 */
enum {
    SYSTEM_CHANNELS = 6,
    SYSTEM_PEER = 7,  /* pid of the other side */
    SYSTEM_OTHER = 8, /* id of a mailbox of the process after that */
};

struct system_channel {
    struct fos_cap cap;
    uint8_t *window;
    uint32_t ring_pages;
    bool accepted; /* the other side sends */
    /* What the kernel says when the channel is retired, or closed with a count: negative,
     * that; else to the receiver 0, to the sender that so many packets were not taken. */
    long answer;
};

extern struct system_channel system_channels[SYSTEM_CHANNELS];

/* How many more the library may open; at first none. */
extern uint32_t system_connects;

/* The mailbox to which the other side has opened one that waits; id 0: none does. */
extern struct fos_cap system_offer;

/* What the other side does when this one sleeps; false: nothing, and time passes.  NULL:
 * it never does anything. */
extern bool (*system_peer)(void);

static inline struct fos_packet *system_ring(const struct system_channel *channel)
{
    return (struct fos_packet *)(void *)(channel->window + FOS_PAGE_SIZE);
}

/*
 * What the other side writes into a channel, or what of it the kernel will say: `where`
 * and, from the input, what.  `c` is null when there is none.  False: `what` is no lie.
 */
enum system_lie { LIE_TAG, LIE_PAYLOAD, LIE_DOORBELL, LIE_ANSWER, LIES };
bool system_lie(struct system_channel *c, uint32_t what, uint64_t where,
                struct input *in);

/* This process: pid 1, and the capability of its space. */
#define SYSTEM_SPACE ((struct fos_cap){900, 901})

#endif
