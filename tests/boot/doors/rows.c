/* SPDX-License-Identifier: MIT */
#include "rows.h"

#include <fos/console.h>
#include <fos/fs.h>
#include <fos/name.h>
#include <fos/proto/console.h>
#include <fos/proto/fleet.h>
#include <fos/proto/page.h>
#include <fos/ticket.h>

#include "../family.h"

FOS_CLIENT_CALLS(mem, MEM_OPS)
FOS_CLIENT_CALLS(page, PAGE_OPS)
FOS_CLIENT_CALLS(fs, FS_OPS)
FOS_CLIENT_CALLS(fleet, FLEET_OPS)
FOS_CLIENT_CALLS(name, NAME_OPS)
FOS_CLIENT_CALLS(console, CONSOLE_OPS)

enum { PAGE = 4096, BITS = 64, HANDLES = 64 };

/* An op with these fields in its request is refused so. */
#define REFUSED(to, service, op, error, ...)                                    \
    do {                                                                        \
        struct service##_##op##_req req_ = {__VA_ARGS__};                       \
        struct service##_##op##_rep rep_;                                       \
        CHILD_EQUAL(service##_##op##_call(to, &req_, &rep_, family_deadline()), \
                    error);                                                     \
    } while (0)

/* A row: such a try at an op.  A name of `t` may stand in its fields. */
#define DOOR(type, service, op, error, ...)                               \
    static void service##_##op##_door(struct fos_peer *to, const type *t) \
    {                                                                     \
        (void)t;                                                          \
        REFUSED(to, service, op, error, __VA_ARGS__);                     \
    }

/* An op without an answer: the victim's state, or the caller's mailbox, tells. */
#define SILENT_TRY(type, service, op, ...)                                  \
    static void service##_##op##_door(struct fos_peer *to, const type *t)   \
    {                                                                       \
        struct service##_##op##_req req = {__VA_ARGS__};                    \
        (void)t;                                                            \
        CHILD_EQUAL(service##_##op##_post(to, &req, family_deadline()), 0); \
    }
#define SILENT(service, op, ...) SILENT_TRY(struct try, service, op, __VA_ARGS__)

/* An op that anybody may ask, about nobody. */
#define ANYBODY_TRY(type, service, op)                                    \
    static void service##_##op##_door(struct fos_peer *to, const type *t) \
    {                                                                     \
        (void)to, (void)t;                                                \
    }
#define ANYBODY(service, op) ANYBODY_TRY(struct try, service, op)

#define DOOR_OF(number, service, op, ...) service##_##op##_door(to, t);

/* What stands for the victim, or for a fleet, but for a secret nobody told. */
static struct fos_cap forged(uint64_t id, int n)
{
    struct fos_cap cap = {id, fos_ticket().secret};

    cap.secret ^= n ? 1ull << n % BITS : 0;
    return cap;
}

static struct fos_cap control_of(const struct try *t)
{
    return forged((uint64_t)t->n, t->n);
}

static struct fos_cap self_of(const struct try *t)
{
    struct fos_cap own = fos_own_space();

    return t->n % 2
               ? (struct fos_cap){own.id + (uint64_t)t->n - STEPS / 2, own.secret}
               : (struct fos_cap){own.id, own.secret ^ 1ull << t->n};
}

/* ---- proc: the capability of another's space, or an ordinary process's own ---- */

#define PROC(op, ...) \
    DOOR(struct try, proc, op, -FOS_EPERM, .self = self_of(t), __VA_ARGS__)
/* As a fleet, which it is not. */
#define PROC_FLEET(op, ...) \
    DOOR(struct try, proc, op, -FOS_EPERM, .self = fos_own_space(), __VA_ARGS__)

PROC(spawn, .vcpu = PROC_VCPU_ANY)
PROC(wait, .pid = t->victim)
PROC(kill, .pid = t->victim)
PROC(list, .from = 0)
PROC_FLEET(ready, .mailbox = t->inbox)
PROC(console, .head = {0})
PROC_FLEET(stop, .reason = FOS_SHUTDOWN_POWEROFF)
SILENT(proc, beat, .self = self_of(t), .load = {.served = 1})
ANYBODY(proc, members)
PROC_FLEET(joined, .number = (uint64_t)t->n)
PROC(exec, .what = {.argc = 0})
PROC(fork, .entry = (uint64_t)exit)
PROC(waitpid, .pid = (int64_t)t->victim)
PROC(signal, .pid = (int64_t)t->victim, .signal = 9)
PROC(group, .pid = t->victim)
PROC(ids, .pid = t->victim)
PROC(usage, .head = {0})
PROC(children, .flags = PROC_CHILDREN_FORGET)
PROC(suspend, .signal = 19)
PROC(place, .pid = t->victim, .set = 1)
PROC(timer, .left_ns = 1, .set = 1)
PROC(limit, .now = 1, .most = 1)

void proc_doors(const struct try *t)
{
    struct fos_peer *to = fos_proc_peer();

    PROC_OPS(DOOR_OF)
    REFUSED(to, proc, kill, -FOS_EPERM, .self = fos_own_space(), .pid = t->victim);
    REFUSED(to, proc, wait, -FOS_EPERM, .self = fos_own_space(), .pid = t->victim);
}

/* ---- mem: a ticket of the victim's, or a fleet's word ---- */

#define MEM(op, ...)                                                          \
    DOOR(struct try, mem, op, -FOS_EACCES, .ticket = forged(t->victim, t->n), \
         __VA_ARGS__)
#define MEM_PROC(op, ...) \
    DOOR(struct try, mem, op, -FOS_EACCES, .control = control_of(t), __VA_ARGS__)
#define IN_STACK .address = FOS_STACK_TOP - PAGE, .length = PAGE

MEM(map, .length = PAGE, .prot = FOS_PROT_READ, .flags = MEM_PRIVATE)
MEM(unmap, IN_STACK)
MEM(protect, IN_STACK)
MEM(advise, IN_STACK, .advice = MEM_DONTNEED)
MEM(sync, IN_STACK)
MEM(brk, .end = PAGE)
MEM(usage, .pid = t->victim)
ANYBODY(mem, state)
MEM_PROC(attach, .layout.pid = t->victim)
MEM_PROC(reset, .layout.pid = t->victim)
MEM_PROC(fork, .parent = t->victim, .child = fos_pid(), .space = fos_own_space())
/* Would have pages come from here. */
SILENT(mem, fleets, .control = control_of(t), .pages = {t->inbox})
MEM_PROC(leave, .pid = t->victim)

void mem_doors(struct fos_peer *to, const struct try *t){MEM_OPS(DOOR_OF)}

/* ---- page: a fleet's word ---- */

#define PAGES(op, ...) \
    DOOR(struct try, page, op, -FOS_EACCES, .control = control_of(t), __VA_ARGS__)

PAGES(take, .space = fos_own_space(), .address = MEM_BASE,
      .pages = 1) PAGES(grant, .space = fos_own_space(), .frames = 1000)
    ANYBODY(page, state) PAGES(promise, .wanted = 1000)

        void page_doors(struct fos_peer *to, const struct try *t){PAGE_OPS(DOOR_OF)}

/* ---- any member: the capability of its space, or a fleet's word ---- */

ANYBODY(fleet, ping) ANYBODY(fleet, stats)
    DOOR(struct try, fleet, stop, -FOS_EPERM, .self = self_of(t))
    /* Would have the fleet forget what the victim has. */
    SILENT(fleet, ended, .control = control_of(t), .count = 1, .pids = {t->victim})
    /* That no such view is believed is looked at in tests/boot/members. */
    SILENT(fleet, view, .control = control_of(t), .number = UINT64_MAX)

        void fleet_doors(struct fos_peer *to, const struct try *t)
{
    FLEET_OPS(DOOR_OF)
    REFUSED(to, fleet, stop, -FOS_EPERM, .self = fos_own_space());
}

/* ---- name: a ticket, the secret of a registration, or a fleet's word ---- */

struct name_try {
    struct try by;
    const struct proc_view *view;
    uint32_t slot; /* of the member that is tried */
    struct fos_registration forged;
};

/* The client finds the alias's authority. */
#define NAME(op, ...)                                                           \
    static void name_##op##_door(struct fos_peer *to, const struct name_try *t) \
    {                                                                           \
        (void)to;                                                               \
        CHILD_EQUAL(fos_name_##op(&t->forged, ##__VA_ARGS__), -FOS_EPERM);      \
    }

#define NAME_SILENT(op, ...)                                             \
    SILENT_TRY(struct name_try, name, op, .control = name_control_of(t), \
               __VA_ARGS__)

static struct name_control name_control_of(const struct name_try *t)
{
    struct fos_cap forged = control_of(&t->by);

    return (struct name_control){{forged.id, forged.secret}};
}

DOOR(struct name_try, name, register, -FOS_EACCES, .view = t->view->number,
     .ticket = forged(t->by.victim, t->by.n), .alias = {{1, 1}},
     .value = {.kind = NAME_MAILBOX, .word = {0, t->by.inbox.id}})
NAME(update, t->by.inbox, NAME_PUBLIC, NULL)
NAME(unregister, NULL)
NAME(renew, 1)

/* Which mailbox it is, anybody is told; not with which right. */
static void name_lookup_door(struct fos_peer *to, const struct name_try *t)
{
    struct name_value value = {0};
    struct fos_peer peer;

    (void)to, (void)t;
    CHILD_EQUAL(fos_name_lookup(fos_alias(VICTIM_NAME), &value), 0);
    CHILD_EQUAL(value.kind, NAME_MAILBOX);
    CHILD_EQUAL(value.secret, 0);
    CHILD_EQUAL(fos_peer_open_alias(&peer, fos_alias(VICTIM_NAME), FOS_PUBLIC,
                                    FOS_TRANSPORT_KERNEL),
                -FOS_EPERM);
}

/* What is registered is public; no secret is in the answer. */
ANYBODY_TRY(struct name_try, name, list)

/* In it the member is alone. */
static struct proc_view view_made(const struct name_try *t)
{
    struct proc_view view = {.number = t->view->number + 1000,
                             .slots = t->slot + 1};

    view.members[t->slot] = t->view->members[t->slot];
    return view;
}

NAME_SILENT(view, .view = view_made(t))
NAME_SILENT(ended, .last = t->by.victim) /* none lives */

/* Would have the victim's name stand for the thief's mailbox. */
static void name_copy_door(struct fos_peer *to, const struct name_try *t)
{
    struct {
        struct name_copy_req req;
        struct name_entry entry;
    } copy = {
        .req = {.head.tag = FOS_TAG(name, copy),
                .control = name_control_of(t),
                .view = t->view->number,
                .from = t->slot,
                .count = 1},
        .entry = {.alias = t->forged.alias,
                  .value = {.kind = NAME_MAILBOX, .word = {0, t->by.inbox.id}},
                  .owner = fos_ticket().id,
                  .secret = t->forged.secret,
                  .expires = NAME_NEVER,
                  .path = VICTIM_NAME}};

    CHILD_EQUAL(fos_msg_send_until(to, &copy, sizeof copy, family_deadline()), 0);
}

/* While no write is under way and no member joins, this one and `filled` below would
 * change nothing even if they were believed. */
NAME_SILENT(copied, .view = t->view->number, .sequence = (uint64_t)t->by.n,
            .from = t->slot)
NAME_SILENT(filled, .view = t->view->number, .from = t->slot ^ 1)

void name_doors(struct fos_peer *to, const struct proc_view *view, uint32_t slot,
                const struct try *by)
{
    static struct fos_registration own;
    struct fos_cap system = fos_ticket();
    struct name_value mailbox = {.kind = NAME_MAILBOX, .word = {0, by->inbox.id}};
    struct fos_alias alias = fos_alias(VICTIM_NAME);

    if (!own.secret)
        CHILD_EQUAL(fos_name_register_alias((struct fos_alias){{2, fos_pid()}},
                                            by->inbox, 0, 0, &own),
                    0);
    const struct name_try *t = &(struct name_try){
        .by = *by,
        .view = view,
        .slot = slot,
        .forged = {alias, by->n == 1 ? 0 : own.secret ^ 1ull << by->n * 9 % BITS}};

    NAME_OPS(DOOR_OF)
    system.id |= FOS_TICKET_SYSTEM;
    REFUSED(to, name, register, -FOS_EACCES, .ticket = system, .value = mailbox);
    REFUSED(to, name, register, -FOS_EACCES, .ticket = fos_ticket(),
            .value = mailbox, .alias = fos_alias("/sys/doors"),
            .path = "/sys/doors");
    mailbox.word[0] = 1; /* another host */
    REFUSED(to, name, register, -FOS_EACCES, .ticket = fos_ticket(),
            .value = mailbox);
    CHILD_EQUAL(fos_name_register(VICTIM_NAME, by->inbox, 0, 0,
                                  &(struct fos_registration){0}),
                -FOS_EEXIST);
}

/* ---- console: a ticket; the terminal is every process's that has one ---- */

#define CONSOLE(op, ...)                                                        \
    DOOR(struct try, console, op, -FOS_EACCES,                                  \
         .who = {.ticket = forged(t->victim, t->n), .flags = CONSOLE_NONBLOCK}, \
         __VA_ARGS__)

/* The log is anybody's to write and read; a line is kept whole by a stream's number,
 * of which there is no list. */
ANYBODY(console, write)
/* Typed lines are whoever's that asks, as by fetch with any ticket. */
ANYBODY(console, read)
ANYBODY(console, flush)
CONSOLE(state, .head = {0})
CONSOLE(attributes, .when = (uint32_t)t->n % 3)
CONSOLE(window, .window = {1, 1, 1, 1})
CONSOLE(foreground, .group = fos_pid())
CONSOLE(session, .what = (uint32_t)t->n % 2)
CONSOLE(fetch, .capacity = 1)
CONSOLE(send, .head = {0})
CONSOLE(poll, .events = 1)
CONSOLE(queue, .what = (uint32_t)t->n % (CONSOLE_BREAK + 1))
ANYBODY(console, log)

static struct console_state_rep console_now(const struct console_who *who)
{
    struct console_state_req req = {.who = *who};
    struct console_state_rep rep = {0};

    CHILD_EQUAL(
        console_state_call(fos_console_peer(), &req, &rep, family_deadline()), 0);
    return rep;
}

void console_doors(const struct try *t)
{
    struct fos_peer *to = fos_console_peer();
    struct console_who who = {.ticket = fos_ticket(), .group = fos_pid()};
    struct console_state_rep before = console_now(&who), after;

    CHILD_CHECK(before.session && before.session != fos_pid());
    CONSOLE_OPS(DOOR_OF)
    who.session = before.session + 1; /* another's terminal */
    REFUSED(to, console, foreground, -FOS_EACCES, .who = who, .group = fos_pid());
    REFUSED(to, console, session, -FOS_EACCES, .who = who, .what = 1);
    who.session = before.session; /* who does not lead it gives nothing up */
    REFUSED(to, console, session, 0, .who = who, .what = 1);
    after = console_now(&who);
    CHILD_CHECK(!memcmp(&after.termios, &before.termios, sizeof after.termios));
    CHILD_CHECK(!memcmp(&after.window, &before.window, sizeof after.window));
    CHILD_EQUAL(after.foreground, before.foreground);
    CHILD_EQUAL(after.session, before.session);
}

/* ---- fs: another's session, or in one's own another's handle ---- */

struct file_try {
    struct try by;
    uint64_t session;
    uint32_t handle, dir;
    long refused; /* with which error */
};

#define FS(op, ...) \
    DOOR(struct file_try, fs, op, t->refused, .session = t->session, __VA_ARGS__)
#define FS_OWN(op, ...) \
    DOOR(struct file_try, fs, op, FS_ERROR - FOS_EACCES, __VA_ARGS__)

FS_OWN(attach, .ticket = forged(t->by.victim, t->by.n), .space = fos_own_space())
FS(open, .dir = t->dir, .flags = FS_READ)
FS(close, .handle = t->handle)
FS(read, .handle = t->handle, .length = 4)
FS(write, .handle = t->handle)
FS(seek, .handle = t->handle)
FS(stat, .dir = t->dir)
FS(control, .handle = t->handle, .what = FS_GET_FLAGS)
FS(entries, .handle = t->handle, .length = FS_READ_MAX)
FS(unlink, .dir = t->dir)
FS(make, .dir = t->dir, .mode = FS_IFREG)
FS(link, .from_dir = t->dir, .to_dir = t->dir, .what = FS_LINK_HARD)
FS(text, .dir = t->dir, .what = FS_TEXT_REAL)
FS(change, .dir = t->dir, .what = FS_CHANGE_MODE, .mode = 0777)
FS(pipe, .flags = 0)
FS(process, .dir = t->dir, .what = FS_PROCESS_CHDIR)
FS(lock, .handle = t->handle, .type = FS_LOCK_EXCLUSIVE)
FS(poll, .count = 0)
FS(statvfs, .dir = t->dir)
FS(access, .dir = t->dir)
FS(transfer, .handle = t->handle, .length = 4, .address = (uint64_t)t)
FS_OWN(page, .ticket = fos_ticket(), .word = {(uint64_t)t->by.n})
FS_OWN(inherit, .control = control_of(&t->by), .parent = t->by.victim,
       .child = fos_pid())
FS(map, .handle = t->handle, .prot = FOS_PROT_READ)
FS(share, .handle = t->handle, .address = MEM_BASE)
FS(kick, .handle = t->handle)

/* Those that name a handle. */
#define FS_HANDLE_OPS(OP) \
    OP(, fs, open)        \
    OP(, fs, close)       \
    OP(, fs, read)        \
    OP(, fs, write)       \
    OP(, fs, seek)        \
    OP(, fs, stat)        \
    OP(, fs, control)     \
    OP(, fs, entries)     \
    OP(, fs, unlink)      \
    OP(, fs, make)        \
    OP(, fs, link)        \
    OP(, fs, text)        \
    OP(, fs, change)      \
    OP(, fs, process)     \
    OP(, fs, lock)        \
    OP(, fs, statvfs)     \
    OP(, fs, access)      \
    OP(, fs, transfer)    \
    OP(, fs, map)         \
    OP(, fs, share)       \
    OP(, fs, kick)

void fs_doors(struct fos_peer *to, uint64_t session, const struct try *by)
{
    struct fos_cap system = fos_ticket();
    const struct file_try *t = &(struct file_try){
        .by = *by,
        .session = by->n % 2 ? session + (uint64_t)by->n - STEPS / 2
                             : session ^ 1ull << by->n * 3 % BITS,
        .handle = (uint32_t)by->n,
        .dir = FS_CWD,
        .refused = FS_ERROR - FOS_ESRCH,
    };

    FS_OPS(DOOR_OF)
    system.id |= FOS_TICKET_SYSTEM;
    REFUSED(to, fs, page, FS_ERROR - FOS_EACCES, .ticket = system,
            .word = {(uint64_t)by->n});
    REFUSED(to, fs, process, t->refused, .session = t->session,
            .what = FS_PROCESS_UMASK);
}

void handle_doors(struct fos_peer *to, uint64_t session)
{
    for (uint32_t n = 0; n < HANDLES; n++) {
        const struct file_try *t =
            &(struct file_try){.session = session,
                               .handle = n,
                               .dir = n,
                               .refused = FS_ERROR - FOS_EBADF};
        FS_HANDLE_OPS(DOOR_OF)
    }
}
