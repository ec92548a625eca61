/* SPDX-License-Identifier: MIT */
/* The kernel's part of messaging, played by Linux.  See host.h. */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <fos/memory.h>

enum {
    ARENA_BYTES = 64 << 20,
    THREADS_MAX = 256,
    MAILBOXES_MAX = 2048,
    CHANNELS_MAX = 1024,
    NS_PER_SECOND = 1000000000,
};

#define SECRET_OF(id) ((id)*0x9e3779b97f4a7c15ull ^ 0x5bd1e995)

/* One thread's pages, as offsets in the arena. */
struct host_thread {
    size_t doorbell, events;
};

struct host_mailbox {
    uint32_t owner; /* index in threads */
    bool open;
    uint32_t limit, renewed;
    struct fos_mailbox_slot *slots;
    uint32_t count;
    _Atomic uint64_t *head;
    uint64_t tail;
};

struct host_channel {
    uint32_t sender, receiver; /* indices in threads */
    uint32_t mailbox, ring_pages;
    size_t ring;
    uint64_t secret; /* of the mailbox, by which it was opened */
    uint32_t uses;   /* of this record: part of its id */
    bool accepted, dead, retired, sealed, counted;
    uint32_t packets; /* as in the kernel */
    void *window[2];  /* sender's, receiver's: addresses in their process */
};

static struct arena {
    _Atomic uint32_t lock;
    _Atomic uint64_t used, notifies;
    uint32_t threads_count, mailboxes_count, channels_count;
    size_t dead_page, retired_page;
    struct host_thread threads[THREADS_MAX];
    struct host_mailbox mailboxes[MAILBOXES_MAX];
    struct host_channel channels[CHANNELS_MAX];
} * arena;

uint32_t host_channels_max = FOS_CHANNELS_MAX;
static int arena_fd;
static uint64_t tsc_hz;
static __thread struct fos_thread self;
static __thread uint32_t self_index;

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static void arena_lock(void)
{
    while (atomic_exchange(&arena->lock, 1))
        __builtin_ia32_pause();
}

static void arena_unlock(void)
{
    atomic_store(&arena->lock, 0);
}

static size_t arena_take(size_t bytes)
{
    size_t pages = (bytes + FOS_PAGE_SIZE - 1) / FOS_PAGE_SIZE;
    size_t at = atomic_fetch_add(&arena->used, pages * FOS_PAGE_SIZE);

    if (at + pages * FOS_PAGE_SIZE > ARENA_BYTES) {
        fprintf(stderr, "host: arena exhausted\n");
        exit(2);
    }
    return at;
}

static void *arena_at(size_t offset)
{
    return (uint8_t *)arena + offset;
}

void *host_shared(size_t bytes)
{
    return arena_at(arena_take(bytes));
}

static uint64_t now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * NS_PER_SECOND + (uint64_t)t.tv_nsec;
}

static void measure_tsc(void)
{
    uint64_t ns = now_ns(CLOCK_MONOTONIC), tsc = fos_tsc();

    usleep(20000);
    tsc = fos_tsc() - tsc;
    ns = now_ns(CLOCK_MONOTONIC) - ns;
    tsc_hz = tsc * NS_PER_SECOND / ns;
}

static long membarrier(int command)
{
    return syscall(SYS_membarrier, command, 0, 0);
}

static size_t doorbell_make(enum fos_doorbell_state state)
{
    size_t page = arena_take(FOS_PAGE_SIZE);

    atomic_store(&((struct fos_doorbell *)arena_at(page))->state, state);
    return page;
}

void host_init(void)
{
    arena_fd = memfd_create("fos-host", 0);
    if (arena_fd < 0 || ftruncate(arena_fd, ARENA_BYTES))
        die("memfd");
    arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_POPULATE, arena_fd, 0);
    if (arena == MAP_FAILED)
        die("mmap arena");
    arena->used = (sizeof *arena + FOS_PAGE_SIZE - 1) & ~(FOS_PAGE_SIZE - 1);
    arena->dead_page = doorbell_make(FOS_DOORBELL_DEAD);
    arena->retired_page = doorbell_make(FOS_DOORBELL_RETIRED);
    measure_tsc();
}

void host_thread_begin(void)
{
    struct host_thread *t;

    if (membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED))
        die("membarrier");
    arena_lock();
    self_index = arena->threads_count++;
    arena_unlock();
    if (self_index >= THREADS_MAX) {
        fprintf(stderr, "host: too many threads\n");
        exit(2);
    }
    t = &arena->threads[self_index];
    t->doorbell = arena_take(FOS_PAGE_SIZE);
    t->events = arena_take(FOS_PAGE_SIZE);
    memset(&self, 0, sizeof self);
    self.number = self_index + 1;
    self.cap = (struct fos_cap){self.number, SECRET_OF(self.number)};
    fos_sleeper_init(&self.sleeper, arena_at(t->doorbell), arena_at(t->events));
}

struct fos_thread *fos_thread_self(void)
{
    return &self;
}

uint32_t fos_thread_number(void)
{
    return self.number;
}

uint64_t host_notifies(void)
{
    return atomic_load(&arena->notifies);
}

/* ---- events ---- */

static void events_set(struct fos_events *events, uint64_t bits)
{
    atomic_fetch_or(&events->pending, bits);
    syscall(SYS_futex, &events->pending, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void thread_wake(uint32_t index, enum fos_event event)
{
    events_set(arena_at(arena->threads[index].events), 1ull << event);
}

void host_event(struct fos_thread *thread, uint64_t bits)
{
    events_set(thread->sleeper.events, bits);
}

/* RAISE only. */
long fos_sys_thread_control(struct fos_cap thread, enum fos_thread_control what,
                            uint64_t argument)
{
    if (thread.id < 1 || thread.id > THREADS_MAX ||
        thread.secret != SECRET_OF(thread.id) || what != FOS_THREAD_RAISE)
        return -FOS_EPERM;
    thread_wake((uint32_t)thread.id - 1, (enum fos_event)argument);
    return 0;
}

/*
 * The futex looks at the low half: bits above 31 are not used on the host.  Some
 * virtual machines lose a futex's wake-up under load: the word is looked at again
 * every LOOK_AGAIN_NS.
 */
long fos_sys_wait(uint64_t deadline)
{
    enum { LOOK_AGAIN_NS = 20000000 };
    struct fos_events *events = self.sleeper.events;

    while (atomic_load(&events->pending) == 0) {
        uint64_t now = now_ns(CLOCK_MONOTONIC);
        struct timespec left = {.tv_nsec = LOOK_AGAIN_NS};
        if (now >= deadline)
            return -FOS_ETIMEDOUT;
        if (deadline - now < LOOK_AGAIN_NS)
            left.tv_nsec = (long)(deadline - now);
        syscall(SYS_futex, &events->pending, FUTEX_WAIT, 0, &left, NULL, 0);
    }
    return 0;
}

long fos_sys_serialize(void)
{
    return membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED);
}

long fos_sys_kernel_info(struct fos_kernel_info *out)
{
    *out = (struct fos_kernel_info){.monotonic_ns = now_ns(CLOCK_MONOTONIC),
                                    .wall_ns = now_ns(CLOCK_REALTIME),
                                    .tsc_hz = tsc_hz};
    return 0;
}

/* ---- mailboxes: ids from 1 ---- */

static uint64_t mailbox_secret(uint64_t id)
{
    return SECRET_OF(id) + arena->mailboxes[id - 1].renewed;
}

static struct host_mailbox *mailbox_find(struct fos_cap cap)
{
    if (cap.id < 1 || cap.id > arena->mailboxes_count ||
        cap.secret != mailbox_secret(cap.id))
        return NULL;
    return arena->mailboxes[cap.id - 1].open ? &arena->mailboxes[cap.id - 1] : NULL;
}

long fos_sys_mailbox_create(struct fos_mailbox_slot *slots, uint64_t count,
                            _Atomic uint64_t *head, uint64_t limit,
                            struct fos_cap *out)
{
    arena_lock();
    if (arena->mailboxes_count == MAILBOXES_MAX) {
        arena_unlock();
        return -FOS_ENOMEM;
    }
    arena->mailboxes[arena->mailboxes_count++] =
        (struct host_mailbox){.owner = self_index,
                              .open = true,
                              .limit = (uint32_t)limit,
                              .slots = slots,
                              .count = (uint32_t)count,
                              .head = head};
    *out =
        (struct fos_cap){arena->mailboxes_count, SECRET_OF(arena->mailboxes_count)};
    arena_unlock();
    return 0;
}

long fos_sys_mailbox_close(struct fos_cap mailbox)
{
    struct host_mailbox *m = mailbox_find(mailbox);

    if (!m)
        return -FOS_EPERM;
    m->open = false;
    return 0;
}

static void mailbox_put(struct host_mailbox *m, const uint8_t *from,
                        uint32_t length)
{
    uint32_t left = length;

    for (uint32_t i = 0; i < fos_slots_for(length); i++) {
        struct fos_mailbox_slot *slot = &m->slots[m->tail % m->count];
        uint32_t bytes = left < FOS_MAILBOX_PAYLOAD ? left : FOS_MAILBOX_PAYLOAD;
        memcpy(slot->payload, from, bytes);
        from += bytes;
        left -= bytes;
        fos_store_release(&slot->tag, fos_slot_lap(m->tail, m->count) | length |
                                          (i == 0 ? FOS_SLOT_FIRST : 0));
        m->tail++;
    }
}

long fos_sys_mailbox_send(struct fos_cap mailbox, const void *message,
                          size_t length)
{
    struct host_mailbox *m = mailbox_find(mailbox);
    long result = 0;

    if (!m)
        return -FOS_EPERM;
    if (length > FOS_MESSAGE_MAX || length > m->limit ||
        length > m->count * FOS_MAILBOX_PAYLOAD / 2)
        return -FOS_EMSGSIZE;
    arena_lock();
    if (m->tail + fos_slots_for((uint32_t)length) - fos_load_acquire(m->head) >
        m->count)
        result = -FOS_EAGAIN;
    else
        mailbox_put(m, message, (uint32_t)length);
    arena_unlock();
    if (!result)
        thread_wake(m->owner, FOS_EVENT_NOTIFY);
    return result;
}

/* ---- channels ---- */

/* By the bare system call: to ThreadSanitizer mmap() is a write to what it maps. */
static void map_at(void *address, size_t bytes, int protection, int flags, int fd,
                   size_t offset)
{
    if (syscall(SYS_mmap, address, bytes, protection, flags | MAP_FIXED, fd,
                offset) != (long)address)
        die("mmap");
}

static void window_map(void *address, size_t doorbell, size_t ring,
                       uint32_t ring_pages)
{
    map_at(address, FOS_PAGE_SIZE, PROT_READ, MAP_SHARED, arena_fd, doorbell);
    map_at((uint8_t *)address + FOS_PAGE_SIZE, ring_pages * FOS_PAGE_SIZE,
           PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, arena_fd, ring);
}

static uint64_t channel_id(const struct host_channel *c)
{
    return (uint64_t)(c - arena->channels) + (uint64_t)c->uses * CHANNELS_MAX;
}

static struct fos_channel_info channel_info(uint32_t index, uint32_t peer)
{
    struct host_channel *c = &arena->channels[index];

    return (struct fos_channel_info){.channel = {channel_id(c), SECRET_OF(index)},
                                     .mailbox = c->mailbox + 1,
                                     .peer = peer,
                                     .ring_pages = c->ring_pages,
                                     .limit = arena->mailboxes[c->mailbox].limit};
}

/* Channels to a thread.  The arena is locked. */
static uint32_t channels_to(uint32_t receiver)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < arena->channels_count; i++) {
        const struct host_channel *c = &arena->channels[i];
        count += c->receiver == receiver && (c->window[1] || !c->accepted);
    }
    return count;
}

/* A record that both sides have let go, or a new one.  The arena is locked. */
static struct host_channel *channel_take(uint32_t ring_pages)
{
    struct host_channel *c;

    for (uint32_t i = 0; i < arena->channels_count; i++) {
        c = &arena->channels[i];
        if (c->accepted && !c->window[0] && !c->window[1] &&
            c->ring_pages == ring_pages) {
            memset(arena_at(c->ring), 0, ring_pages * FOS_PAGE_SIZE);
            *c = (struct host_channel){.ring = c->ring, .uses = c->uses + 1};
            return c;
        }
    }
    if (arena->channels_count == CHANNELS_MAX)
        return NULL;
    c = &arena->channels[arena->channels_count++];
    c->uses = 1;
    c->ring = arena_take(ring_pages * FOS_PAGE_SIZE);
    return c;
}

static long channel_make(struct host_mailbox *m, uint64_t secret, void *address,
                         uint32_t ring_pages, struct fos_channel_info *out)
{
    struct host_channel *c;

    if (channels_to(m->owner) >= host_channels_max) {
        thread_wake(m->owner, FOS_EVENT_ROOM);
        return -FOS_EAGAIN;
    }
    c = channel_take(ring_pages);
    if (!c)
        return -FOS_ENOMEM;
    c->ring_pages = ring_pages;
    c->secret = secret;
    c->sender = self_index;
    c->receiver = m->owner;
    c->mailbox = (uint32_t)(m - arena->mailboxes);
    c->window[0] = address;
    window_map(address, arena->threads[m->owner].doorbell, c->ring, c->ring_pages);
    *out = channel_info((uint32_t)(c - arena->channels), c->receiver);
    return 0;
}

long fos_sys_channel_connect(struct fos_cap mailbox, void *address,
                             uint64_t ring_pages, struct fos_channel_info *out)
{
    struct host_mailbox *m = mailbox_find(mailbox);
    long result;

    if (!m)
        return -FOS_EPERM;
    arena_lock();
    result = channel_make(m, mailbox.secret, address, (uint32_t)ring_pages, out);
    arena_unlock();
    if (result == 0)
        thread_wake(m->owner, FOS_EVENT_CHANNEL);
    return result;
}

static void channel_attach(struct host_channel *c, void *address)
{
    c->accepted = true;
    c->window[1] = address;
    window_map(address,
               c->dead ? arena->dead_page : arena->threads[c->sender].doorbell,
               c->ring, c->ring_pages);
}

long fos_sys_channel_accept(void *address, struct fos_channel_info *out)
{
    long left = -FOS_EAGAIN;

    if (!out) /* offers are for the kernel proper */
        return -FOS_ENOSYS;
    arena_lock();
    for (uint32_t i = 0; i < arena->channels_count; i++) {
        struct host_channel *c = &arena->channels[i];
        if (c->receiver != self_index || c->accepted)
            continue;
        if (left < 0) {
            channel_attach(c, address);
            *out = channel_info(i, c->sender);
            left = 0;
        } else {
            left++;
        }
    }
    arena_unlock();
    return left;
}

static struct host_channel *channel_find(struct fos_cap cap)
{
    struct host_channel *c = &arena->channels[cap.id % CHANNELS_MAX];

    return cap.secret == SECRET_OF(cap.id % CHANNELS_MAX) && channel_id(c) == cap.id
               ? c
               : NULL;
}

/* The other side's doorbell becomes the dead page (in this process only). */
static void channel_kill(struct host_channel *c, int from)
{
    void *other = c->window[!from];

    c->window[from] = NULL;
    if (other)
        map_at(other, FOS_PAGE_SIZE, PROT_READ, MAP_SHARED, arena_fd,
               arena->dead_page);
    c->dead = true;
    thread_wake(from ? c->sender : c->receiver, FOS_EVENT_CHANNEL);
}

static int side_of(const struct host_channel *c)
{
    return c->receiver == self_index && (c->sender != self_index || !c->window[0]);
}

/* The receiver has taken so many packets: may it close?  As in the kernel. */
static long channel_count(struct host_channel *c, uint32_t taken)
{
    if (c->dead)
        return -FOS_EPIPE;
    if (c->sealed && c->packets != taken)
        return -FOS_EAGAIN;
    c->counted = true;
    c->packets = taken;
    return 0;
}

long fos_sys_channel_close(struct fos_cap channel, uint64_t taken)
{
    struct host_channel *c = channel_find(channel);
    long error = 0;
    int side;

    if (!c)
        return -FOS_EPERM;
    arena_lock();
    side = side_of(c);
    if (side == 1 && c->retired && taken != FOS_TAKEN_NONE)
        error = channel_count(c, (uint32_t)taken);
    if (error) {
        arena_unlock();
        return error;
    }
    map_at(c->window[side], (1 + c->ring_pages) * FOS_PAGE_SIZE, PROT_NONE,
           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    channel_kill(c, side);
    arena_unlock();
    return 0;
}

static long channel_seal(struct host_channel *c, uint32_t sent)
{
    if (c->counted)
        return c->packets;
    if (c->dead)
        return c->secret != mailbox_secret(c->mailbox + 1) ? -FOS_EPERM
                                                           : -FOS_EPIPE;
    if (!c->retired)
        return -FOS_EINVAL;
    c->sealed = true;
    c->packets = sent;
    thread_wake(c->receiver, FOS_EVENT_NOTIFY);
    return -FOS_EAGAIN;
}

/* The mapping's change interrupts the sender's thread, as the kernel's does. */
static long channel_retire(struct host_channel *c)
{
    if (c->dead)
        return -FOS_EPIPE;
    if (!c->retired)
        map_at(c->window[0], FOS_PAGE_SIZE, PROT_READ, MAP_SHARED, arena_fd,
               arena->retired_page);
    c->retired = true;
    return fos_sys_serialize();
}

/* Pages do not change places here: what could go so is streamed. */
long fos_sys_channel_exchange(struct fos_cap channel, void *address, uint64_t pages)
{
    (void)channel, (void)address, (void)pages;
    return -FOS_EAGAIN;
}

long fos_sys_channel_retire(struct fos_cap channel, uint64_t sent)
{
    struct host_channel *c = channel_find(channel);
    long result;

    if (!c)
        return -FOS_EPERM;
    arena_lock();
    result = side_of(c) ? channel_retire(c) : channel_seal(c, (uint32_t)sent);
    arena_unlock();
    return result;
}

/* Channels not yet accepted are left alone: tests accept them first. */
long fos_sys_mailbox_renew(struct fos_cap mailbox, struct fos_cap *out)
{
    struct host_mailbox *m = mailbox_find(mailbox);

    if (!m || m->owner != self_index)
        return -FOS_EPERM;
    m->renewed++;
    *out = (struct fos_cap){mailbox.id, mailbox_secret(mailbox.id)};
    return 0;
}

void host_thread_end(void)
{
    arena_lock();
    for (uint32_t i = 0; i < arena->channels_count; i++) {
        struct host_channel *c = &arena->channels[i];
        if (c->sender == self_index && c->window[0])
            channel_kill(c, 0);
        if (c->receiver == self_index && c->window[1])
            channel_kill(c, 1);
    }
    arena_unlock();
}

long fos_sys_notify(struct fos_cap channel)
{
    struct host_channel *c = channel_find(channel);
    uint32_t to;
    bool dead;

    if (!c)
        return -FOS_EPIPE;
    arena_lock();
    dead = c->dead;
    to = c->sender == self_index ? c->receiver : c->sender;
    arena_unlock();
    if (dead)
        return -FOS_EPIPE;
    atomic_fetch_add(&arena->notifies, 1);
    thread_wake(to, FOS_EVENT_NOTIFY);
    return 0;
}

/* ---- pages ---- */

void *fos_pages_reserve(size_t pages)
{
    void *address = mmap(NULL, pages * FOS_PAGE_SIZE, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return address == MAP_FAILED ? NULL : address;
}

void fos_pages_release(void *address, size_t pages)
{
    munmap(address, pages * FOS_PAGE_SIZE);
}

void *fos_pages_map(size_t pages)
{
    return host_shared(pages * FOS_PAGE_SIZE);
}

void fos_pages_unmap(void *address, size_t pages)
{
    (void)address;
    (void)pages;
}
