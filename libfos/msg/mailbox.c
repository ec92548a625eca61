/* SPDX-License-Identifier: MIT */
/* Reader of a mailbox buffer.  Invariants: see fos/mailbox.h. */
#include <fos/mailbox.h>

static bool slot_filled(const struct fos_mailbox_reader *reader, uint64_t position,
                        uint64_t *tag)
{
    *tag = fos_load_acquire(&fos_mailbox_slot_at(reader, position)->tag);
    return *tag >> 48 == fos_slot_lap(position, reader->count) >> 48;
}

static void slots_give_back(struct fos_mailbox_reader *reader, uint32_t slots)
{
    reader->position += slots;
    fos_store_release(reader->head, reader->position); /* B2 */
}

/* The next message: its length, its slots, whether the kernel gave it up. */
static int message_look(const struct fos_mailbox_reader *reader, uint32_t *length,
                        uint32_t *slots, bool *aborted)
{
    uint64_t tag;

    if (!slot_filled(reader, reader->position, &tag))
        return -FOS_EAGAIN;
    *length = (uint32_t)tag;
    *slots = fos_slots_for(*length);
    *aborted = tag & FOS_SLOT_ABORTED;
    for (uint32_t i = 1; i < *slots; i++) { /* B1 */
        if (!slot_filled(reader, reader->position + i, &tag))
            return -FOS_EAGAIN;
        *aborted |= (tag & FOS_SLOT_ABORTED) != 0;
    }
    return 0;
}

/* The same, after skipping what the kernel gave up. */
static int message_find(struct fos_mailbox_reader *reader, uint32_t *length,
                        uint32_t *slots)
{
    bool aborted;

    for (;;) {
        int error = message_look(reader, length, slots, &aborted);
        if (error || !aborted)
            return error;
        slots_give_back(reader, *slots);
    }
}

int fos_mailbox_take(struct fos_mailbox_reader *reader, void *buffer,
                     uint32_t capacity, uint32_t *length)
{
    uint8_t *to = buffer;
    uint32_t slots, left;
    int error = message_find(reader, length, &slots);

    if (error)
        return error;
    if (*length > capacity)
        return -FOS_EMSGSIZE;
    left = *length;
    for (uint32_t i = 0; i < slots && left; i++) {
        uint32_t bytes = left < FOS_MAILBOX_PAYLOAD ? left : FOS_MAILBOX_PAYLOAD;
        fos_payload_read(
            to, fos_mailbox_slot_at(reader, reader->position + i)->payload, bytes);
        to += bytes;
        left -= bytes;
    }
    slots_give_back(reader, slots);
    return 0;
}

int fos_mailbox_discard(struct fos_mailbox_reader *reader)
{
    uint32_t length, slots;
    int error = message_find(reader, &length, &slots);

    if (!error)
        slots_give_back(reader, slots);
    return error;
}

uint64_t fos_mailbox_end(const struct fos_mailbox_reader *reader)
{
    uint64_t end = reader->position, tag;

    for (uint32_t i = 0; i < reader->count; i++)
        if (slot_filled(reader, reader->position + i, &tag))
            end = reader->position + i + 1;
    return end;
}
