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

/* This process: pid 1, and the capability of its space. */
#define SYSTEM_SPACE ((struct fos_cap){900, 901})

#endif
