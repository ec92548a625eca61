/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <setjmp.h>

#include <fos/clock.h>
#include <fos/error.h>
#include <fos/event.h>
#include <fos/memory.h>
#include <fos/start.h>
#include <fos/syscall.h>

enum { MAILBOXES_MAX = 16, TSC_HZ = 1000000000 };

static struct {
    const struct fos_mailbox_slot *slots;
    uint64_t tail;
} mailboxes[MAILBOXES_MAX];
static uint64_t objects; /* made so far: the source of ids */
static uint64_t now_ns = 1000000;
static jmp_buf ended;

static struct {
    struct fos_doorbell_page doorbell;
    struct fos_events events;
} pages __attribute__((aligned(4096)));
static struct fos_start start_page[2] = {
    {.pid = 1, .vcpus = 4, .caps = {{900, 901}, {0}, {4, 5}, {8, 9}}}};
struct fos_start *fos_start_page = start_page;

uint64_t (*system_event)(uint64_t mask, uint64_t deadline);
void *system_device_page;

static struct fos_cap cap_new(void)
{
    objects++;
    return (struct fos_cap){objects * 4, objects};
}

/* ---- the input ---- */

uint64_t input_number(struct input *in, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes && in->left; i++, in->left--)
        value |= (uint64_t)*in->at++ << (8 * i);
    return value;
}

bool input_record(struct input *in, const uint8_t **data, uint32_t *length)
{
    if (in->left < 2)
        return false;
    *length = (uint32_t)input_number(in, 2);
    if (*length > in->left)
        *length = (uint32_t)in->left;
    *data = in->at;
    in->at += *length;
    in->left -= *length;
    return true;
}

/* ---- messages ---- */

struct fos_thread *fos_thread_self(void)
{
    static struct fos_thread self;

    if (!self.sleeper.doorbell)
        fos_sleeper_init(&self.sleeper, &pages.doorbell.doorbell, &pages.events);
    return &self;
}

long fos_sys_mailbox_create(struct fos_mailbox_slot *slots, uint64_t count,
                            _Atomic uint64_t *head, uint64_t limit,
                            struct fos_cap *out)
{
    (void)count, (void)head, (void)limit;
    for (int i = 0; i < MAILBOXES_MAX; i++)
        if (!mailboxes[i].slots) {
            mailboxes[i].slots = slots;
            mailboxes[i].tail = 0;
            *out = cap_new();
            return 0;
        }
    return -FOS_EDQUOT;
}

long fos_sys_mailbox_close(struct fos_cap mailbox)
{
    (void)mailbox;
    return 0;
}

long fos_sys_mailbox_renew(struct fos_cap mailbox, struct fos_cap *out)
{
    (void)mailbox;
    *out = cap_new();
    return 0;
}

bool system_deliver(const struct fos_mailbox *mailbox, const void *data,
                    uint32_t length)
{
    const struct fos_mailbox_reader *reader = &mailbox->kernel;
    const uint8_t *from = data;
    uint64_t *tail = NULL;
    uint32_t count = fos_slots_for(length), left = length;

    for (int i = 0; i < MAILBOXES_MAX; i++)
        if (mailboxes[i].slots == reader->slots)
            tail = &mailboxes[i].tail;
    if (!tail || count > reader->count / 2 ||
        *tail + count - reader->position > reader->count)
        return false;
    for (uint32_t i = 0; i < count; i++, ++*tail) {
        struct fos_mailbox_slot *slot = fos_mailbox_slot_at(reader, *tail);
        uint32_t bytes = left < FOS_MAILBOX_PAYLOAD ? left : FOS_MAILBOX_PAYLOAD;
        if (bytes)
            memcpy(slot->payload, from, bytes);
        from += bytes;
        left -= bytes;
        slot->tag = fos_slot_lap(*tail, reader->count) | length |
                    (i == 0 ? FOS_SLOT_FIRST : 0);
    }
    return true;
}

void system_serve(struct fos_service *service, const void *data, uint32_t length)
{
    if (system_deliver(&service->mailbox, data, length))
        fos_service_run(service, 0);
}

long fos_sys_mailbox_send(struct fos_cap mailbox, const void *message,
                          size_t length)
{
    const uint8_t *bytes = message;
    uint8_t sum = 0;

    if (mailbox.id == 0 || mailbox.id % 4 == MAILBOX_GONE)
        return -FOS_EPERM;
    if (length > FOS_MESSAGE_MAX)
        return -FOS_EMSGSIZE;
    for (size_t i = 0; i < length; i++) /* it must be there */
        sum ^= bytes[i];
    __asm__ volatile("" ::"r"(sum));
    return mailbox.id % 4 == MAILBOX_FULL ? -FOS_EAGAIN : 0;
}

/* ---- channels ---- */

struct system_channel system_channels[SYSTEM_CHANNELS];
uint32_t system_connects;
struct fos_cap system_offer;
bool (*system_peer)(void);

static struct system_channel *channel_make(void *window, uint32_t ring_pages,
                                           uint64_t mailbox,
                                           struct fos_channel_info *out)
{
    for (struct system_channel *c = system_channels;
         c < system_channels + SYSTEM_CHANNELS; c++)
        if (!c->window) {
            *c = (struct system_channel){.cap = cap_new(), .window = window};
            c->ring_pages = ring_pages;
            *out = (struct fos_channel_info){.channel = c->cap,
                                             .mailbox = mailbox,
                                             .peer = SYSTEM_PEER,
                                             .ring_pages = ring_pages,
                                             .limit = UINT32_MAX};
            return c;
        }
    return NULL;
}

/* What the library names by a capability is its own, and open. */
static struct system_channel *channel_of(struct fos_cap cap)
{
    for (struct system_channel *c = system_channels;
         c < system_channels + SYSTEM_CHANNELS; c++)
        if (c->window && c->cap.id == cap.id && c->cap.secret == cap.secret)
            return c;
    HOLDS(!"a channel that is open");
    return NULL;
}

bool system_lie(struct system_channel *c, uint32_t what, uint64_t where,
                struct input *in)
{
    enum { STATES = 5 }; /* of a doorbell, and one that is none */
    uint32_t slots =
        c ? c->ring_pages * (uint32_t)(FOS_PAGE_SIZE / FOS_PACKET_SIZE) : 1;
    struct fos_packet *slot = c ? &system_ring(c)[where % slots] : NULL;

    if (c && what == LIE_TAG)
        slot->tag = input_number(in, 8);
    else if (c && what == LIE_PAYLOAD)
        memset(slot->payload, (uint8_t)input_number(in, 1), sizeof slot->payload);
    else if (c && what == LIE_DOORBELL)
        ((struct fos_doorbell *)(void *)c->window)->state =
            (uint32_t)where % STATES;
    else if (c && what == LIE_ANSWER)
        c->answer = where < 128 ? (long)where : (long)where - 256;
    return what < LIES;
}

long fos_sys_channel_connect(struct fos_cap mailbox, void *address,
                             uint64_t ring_pages, struct fos_channel_info *out)
{
    if (!system_connects ||
        !channel_make(address, (uint32_t)ring_pages, mailbox.id, out))
        return -FOS_EDQUOT;
    system_connects--;
    out->peer += mailbox.id == SYSTEM_OTHER;
    return 0;
}

long fos_sys_channel_accept(void *address, struct fos_channel_info *out)
{
    enum { RING_PAGES = 1 };
    struct system_channel *made = NULL;

    if (!out) /* offers are for the kernel proper */
        return -FOS_ENOSYS;
    if (system_offer.id)
        made = channel_make(address, RING_PAGES, system_offer.id, out);
    if (!made)
        return -FOS_EAGAIN;
    made->accepted = true;
    system_offer.id = 0;
    return 0;
}

long fos_sys_channel_close(struct fos_cap channel, uint64_t taken)
{
    struct system_channel *c = channel_of(channel);

    if (taken != FOS_TAKEN_NONE && c->answer < 0)
        return c->answer;
    c->window = NULL;
    return 0;
}

long fos_sys_channel_exchange(struct fos_cap channel, void *address, uint64_t pages)
{
    (void)channel, (void)address, (void)pages;
    return -FOS_EAGAIN;
}

long fos_sys_channel_retire(struct fos_cap channel, uint64_t sent)
{
    struct system_channel *c = channel_of(channel);

    if (c->answer < 0)
        return c->answer;
    return c->accepted ? 0 : (long)(uint32_t)(sent - (uint64_t)c->answer);
}

/* ---- time and events ---- */

long fos_sys_kernel_info(struct fos_kernel_info *out)
{
    now_ns += 1000;
    *out = (struct fos_kernel_info){.monotonic_ns = now_ns, .tsc_hz = TSC_HZ};
    return 0;
}

/* A cycle is a nanosecond. */
uint64_t system_tsc(void)
{
    return now_ns += 100;
}

uint64_t fos_now_ns(void)
{
    return now_ns += 1000;
}

void fos_clock_sleep(uint64_t deadline)
{
    now_ns = deadline > now_ns ? deadline : now_ns;
}

long fos_sys_wait(uint64_t deadline)
{
    HOLDS(deadline != FOS_NEVER); /* nobody would end it */
    if (system_peer && system_peer())
        return 0;
    fos_clock_sleep(deadline);
    return -FOS_ETIMEDOUT;
}

long fos_sys_serialize(void)
{
    return 0;
}

long fos_sys_notify(struct fos_cap channel)
{
    (void)channel;
    return 0;
}

uint64_t fos_event_take(uint64_t mask)
{
    return fos_sleeper_take(&fos_thread_self()->sleeper, mask);
}

uint64_t fos_event_wait(uint64_t mask, uint64_t deadline)
{
    return system_event ? system_event(mask, deadline) : 0;
}

/* ---- memory ---- */

/* Of so many addresses none is touched. */
void *fos_pages_reserve(size_t count)
{
    enum { MEMORY_MAX = 1 << 16 };

    return count > MEMORY_MAX ? (void *)0x100000000000 : fos_pages_map(count);
}

void fos_pages_release(void *address, size_t count)
{
    fos_pages_unmap(address, count);
}

void *fos_pages_map(size_t count)
{
    void *address = aligned_alloc(FOS_PAGE_SIZE, count * FOS_PAGE_SIZE);

    if (address)
        memset(address, 0, count * FOS_PAGE_SIZE);
    return address;
}

void fos_pages_unmap(void *address, size_t count)
{
    (void)count;
    free(address);
}

/* ---- spaces, devices, the end ---- */

long fos_sys_space_create(uint64_t frames, uint64_t quota, struct fos_cap *out)
{
    (void)frames, (void)quota;
    *out = cap_new();
    return 0;
}

long fos_sys_space_destroy(struct fos_cap space)
{
    (void)space;
    return 0;
}

long fos_sys_space_map(struct fos_cap space, uint64_t address, uint64_t count,
                       unsigned protection)
{
    (void)space, (void)protection;
    HOLDS(count <= FOS_MAP_PAGES_MAX && address % FOS_PAGE_SIZE == 0);
    return 0;
}

long fos_sys_space_protect(struct fos_cap space, uint64_t address, uint64_t count,
                           unsigned protection)
{
    return fos_sys_space_map(space, address, count, protection);
}

/* The address says what the kernel makes of it. */
long fos_sys_space_share(const struct fos_share *share)
{
    static const long errors[] = {-FOS_EEXIST, -FOS_EFAULT, -FOS_EDQUOT,
                                  -FOS_EPERM};
    uint64_t kind = share->to / FOS_PAGE_SIZE % 16;

    HOLDS(share->pages > 0 && share->pages <= FOS_MAP_PAGES_MAX &&
          share->to % FOS_PAGE_SIZE == 0 && share->from % FOS_PAGE_SIZE == 0);
    return kind < 4 ? errors[kind] : (long)share->pages;
}

long fos_sys_space_control(struct fos_cap space, enum fos_space_control what,
                           uint64_t argument)
{
    (void)space, (void)what, (void)argument;
    return 0;
}

long fos_sys_thread_control(struct fos_cap thread, enum fos_thread_control what,
                            uint64_t argument)
{
    (void)thread, (void)what, (void)argument;
    return 0;
}

long fos_sys_space_write(struct fos_cap space, uint64_t address, const void *from,
                         size_t length)
{
    (void)space, (void)address;
    HOLDS(length <= FOS_COPY_MAX);
    fos_sys_mailbox_send((struct fos_cap){.id = 4}, from, length);
    return 0;
}

/* What another process has there may be anything. */
long fos_sys_space_read(struct fos_cap space, uint64_t address, void *to,
                        size_t length)
{
    (void)space;
    HOLDS(length <= FOS_COPY_MAX);
    if (address / FOS_PAGE_SIZE % 16 == 0)
        return -FOS_EFAULT;
    for (size_t i = 0; i < length; i++)
        ((uint8_t *)to)[i] = (uint8_t)((address + i) * 151 >> 3);
    return 0;
}

long fos_sys_space_copy(const struct fos_copy *copy)
{
    HOLDS(copy->length <= FOS_COPY_MAX);
    return copy->to / FOS_PAGE_SIZE % 16 == 0 ? -FOS_EFAULT : 0;
}

long fos_sys_space_watch(struct fos_cap space, unsigned event)
{
    (void)space;
    HOLDS(event >= FOS_EVENT_FIRST_FREE && event < FOS_EVENT_COUNT);
    return 0;
}

long fos_sys_space_status(struct fos_cap space, struct fos_space_info *out)
{
    *out = (struct fos_space_info){
        .pid = space.id, .frames_quota = 100000, .objects_quota = 10000};
    return 0;
}

long fos_sys_thread_create(struct fos_cap space, const struct fos_thread_args *args,
                           struct fos_cap *out)
{
    (void)space, (void)args;
    *out = cap_new();
    return 0;
}

long fos_sys_device_bind(struct fos_cap device, unsigned event)
{
    (void)device, (void)event;
    return 0;
}

long fos_sys_device_map(struct fos_cap device, void *address)
{
    (void)device;
    system_device_page = address;
    return 0;
}

long fos_sys_device_ack(struct fos_cap device)
{
    (void)device;
    return 0;
}

long fos_sys_device_notify(struct fos_cap device)
{
    (void)device;
    return 0;
}

long fos_sys_console_io(struct fos_cap device, unsigned operation, void *buffer,
                        size_t length)
{
    (void)device;
    return operation
               ? 0
               : fos_sys_mailbox_send((struct fos_cap){.id = 4}, buffer, length);
}

const char *fos_strerror(long error)
{
    (void)error;
    return "an error";
}

struct fos_cap fos_start_extra(unsigned n)
{
    (void)n;
    return (struct fos_cap){0};
}

void system_run(void (*body)(void *), void *argument)
{
    if (setjmp(ended) == 0)
        body(argument);
}

long fos_sys_shutdown(struct fos_cap machine, enum fos_shutdown reason)
{
    (void)machine, (void)reason;
    longjmp(ended, 1);
}

_Noreturn void system_end(void)
{
    longjmp(ended, 1);
}

_Noreturn void fos_sys_exit(int code)
{
    (void)code;
    longjmp(ended, 1);
}
