/* SPDX-License-Identifier: MIT */
/*
 * A thief who knows a process's number, but holds no right over it, tries what the
 * fleets would do for that process, or for another fleet: with tickets, sessions, words
 * of control and capabilities of spaces that are the thief's own with something changed.
 * All is refused with the error that says so, and the victim finds its memory, files and
 * mailbox as they were.  (What the kernel refuses: tests/boot/capability.)
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fos/fs.h>
#include <fos/proto/fleet.h>
#include <fos/proto/page.h>
#include <fos/ticket.h>

#include "../family.h"

FOS_CLIENT_CALLS(mem, MEM_OPS)
FOS_CLIENT_CALLS(page, PAGE_OPS)
FOS_CLIENT_CALLS(fs, FS_OPS)
FOS_CLIENT_CALLS(fleet, FLEET_OPS)

enum { PAGE = 4096, SECRET = 0x5ec7e7, BITS = 64, STEPS = 8, HANDLES = 64 };

#define PATH "/tmp/secret"

static struct fos_mailbox inbox;

/* ---- the victim ---- */

static int part_victim(uint64_t a, uint64_t b)
{
    static struct fos_mailbox mailbox;
    int fd = open(PATH, O_RDWR | O_CREAT | O_TRUNC, 0600), value = SECRET;
    uint32_t length;
    uint64_t word = 0;

    (void)a, (void)b;
    CHILD_CHECK(fd >= 0);
    CHILD_EQUAL(write(fd, &value, sizeof value), sizeof value);
    CHILD_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    int *at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHILD_CHECK(at != MAP_FAILED);
    *at = SECRET;
    umask(027);
    CHILD_EQUAL(fos_mailbox_create(&mailbox, 64), 0);
    family_report(&mailbox);

    /* As long as the thief may take. */
    CHILD_EQUAL(fos_msg_recv(&mailbox, &word, sizeof word, &length, FOS_NEVER), 0);
    CHILD_EQUAL(word, SECRET);
    CHILD_EQUAL(*at, SECRET);
    at[PAGE / sizeof *at] = 1; /* a page is still brought */
    value = 0;
    CHILD_EQUAL(read(fd, &value, sizeof value), sizeof value);
    CHILD_EQUAL(value, SECRET);
    CHILD_EQUAL(umask(022), 027);
    CHILD_EQUAL(fos_msg_recv(&mailbox, &word, sizeof word, &length, 0),
                -FOS_ETIMEDOUT);
    return 0;
}

/* ---- the thief ---- */

static uint64_t victim;

/* What stands for the victim, or for a fleet, but for a secret nobody told. */
static struct fos_cap forged(uint64_t id, int n)
{
    struct fos_cap cap = {id, fos_ticket().secret};

    cap.secret ^= n ? 1ull << n % BITS : 0;
    return cap;
}

static struct fos_cap forged_space(int n)
{
    struct fos_cap own = fos_own_space();

    return n % 2 ? (struct fos_cap){own.id + (uint64_t)n - STEPS / 2, own.secret}
                 : (struct fos_cap){own.id, own.secret ^ 1ull << n};
}

static struct proc_view view_of(const char *name)
{
    struct proc_members_req req = {0};
    struct proc_members_rep rep = {0};

    strncpy(req.fleet, name, sizeof req.fleet - 1);
    CHILD_EQUAL(proc_members_call(fos_proc_peer(), &req, &rep, family_deadline()),
                0);
    return rep.view;
}

/* An op with these fields in its request is refused so. */
#define REFUSED(to, service, op, error, ...)                                    \
    do {                                                                        \
        struct service##_##op##_req req_ = {__VA_ARGS__};                       \
        struct service##_##op##_rep rep_;                                       \
        CHILD_EQUAL(service##_##op##_call(to, &req_, &rep_, family_deadline()), \
                    error);                                                     \
    } while (0)

static void proc_doors(int n)
{
    struct fos_peer *proc = fos_proc_peer();
    struct fos_cap self = forged_space(n);
    int64_t pid = (int64_t)victim;

    REFUSED(proc, proc, kill, -FOS_EPERM, .self = self, .pid = victim);
    REFUSED(proc, proc, kill, -FOS_EPERM, .self = fos_own_space(), .pid = victim);
    REFUSED(proc, proc, wait, -FOS_EPERM, .self = self, .pid = victim);
    REFUSED(proc, proc, waitpid, -FOS_EPERM, .self = self, .pid = pid);
    REFUSED(proc, proc, signal, -FOS_EPERM, .self = self, .pid = pid, .signal = 9);
    REFUSED(proc, proc, exec, -FOS_EPERM, .self = self);
    REFUSED(proc, proc, fork, -FOS_EPERM, .self = self);
    REFUSED(proc, proc, spawn, -FOS_EPERM, .self = self);
    REFUSED(proc, proc, group, -FOS_EPERM, .self = self, .pid = victim);
    REFUSED(proc, proc, place, -FOS_EPERM, .self = self, .pid = victim, .set = 1);
    REFUSED(proc, proc, timer, -FOS_EPERM, .self = self, .left_ns = 1, .set = 1);
    REFUSED(proc, proc, suspend, -FOS_EPERM, .self = self, .signal = 19);
    REFUSED(proc, proc, children, -FOS_EPERM, .self = self);
    REFUSED(proc, proc, usage, -FOS_EPERM, .self = self);
    /* As a fleet, which it is not. */
    REFUSED(proc, proc, ready, -FOS_EPERM, .self = fos_own_space());
    REFUSED(proc, proc, stop, -FOS_EPERM, .self = fos_own_space());
}

static void mem_doors(struct fos_peer *mem, int n)
{
    struct fos_cap ticket = forged(victim, n), control = forged(n, n);
    uint64_t at = FOS_STACK_TOP - PAGE;

    REFUSED(mem, mem, map, -FOS_EACCES, .ticket = ticket, .length = PAGE,
            .prot = FOS_PROT_READ, .flags = MEM_PRIVATE);
    REFUSED(mem, mem, unmap, -FOS_EACCES, .ticket = ticket, .address = at,
            .length = PAGE);
    REFUSED(mem, mem, protect, -FOS_EACCES, .ticket = ticket, .address = at,
            .length = PAGE);
    REFUSED(mem, mem, advise, -FOS_EACCES, .ticket = ticket, .address = at,
            .length = PAGE, .advice = MEM_DONTNEED);
    REFUSED(mem, mem, sync, -FOS_EACCES, .ticket = ticket, .address = at,
            .length = PAGE);
    REFUSED(mem, mem, brk, -FOS_EACCES, .ticket = ticket, .end = PAGE);
    REFUSED(mem, mem, usage, -FOS_EACCES, .ticket = ticket);
    REFUSED(mem, mem, attach, -FOS_EACCES, .control = control,
            .layout.pid = victim);
    REFUSED(mem, mem, reset, -FOS_EACCES, .control = control, .layout.pid = victim);
    REFUSED(mem, mem, fork, -FOS_EACCES, .control = control, .parent = victim,
            .child = fos_pid(), .space = fos_own_space());
    /* Would have pages come from here. */
    struct mem_fleets_req req = {.control = control, .pages = {inbox.cap}};
    CHILD_EQUAL(mem_fleets_post(mem, &req, family_deadline()), 0);
}

static void page_doors(struct fos_peer *page, int n)
{
    struct fos_cap control = forged(n, n), space = fos_own_space();

    REFUSED(page, page, take, -FOS_EACCES, .control = control, .space = space,
            .address = MEM_BASE, .pages = 1);
    REFUSED(page, page, grant, -FOS_EACCES, .control = control, .space = space,
            .frames = 1000);
}

static void fs_doors(struct fos_peer *fs, uint64_t session, int n)
{
    struct fos_cap ticket = forged(victim, n), system = fos_ticket();
    uint64_t other =
        n % 2 ? session + (uint64_t)n - STEPS / 2 : session ^ 1ull << n * 3 % BITS;
    const long refused = FS_ERROR - FOS_EACCES, unknown = FS_ERROR - FOS_ESRCH;

    system.id |= FOS_TICKET_SYSTEM;
    REFUSED(fs, fs, attach, refused, .ticket = ticket, .space = fos_own_space());
    REFUSED(fs, fs, inherit, refused, .control = forged(n, n), .parent = victim,
            .child = fos_pid());
    REFUSED(fs, fs, page, refused, .ticket = fos_ticket(), .word = {n});
    REFUSED(fs, fs, page, refused, .ticket = system, .word = {n});
    REFUSED(fs, fs, read, unknown, .session = other, .handle = (uint32_t)n,
            .length = 4);
    REFUSED(fs, fs, seek, unknown, .session = other, .handle = (uint32_t)n);
    REFUSED(fs, fs, close, unknown, .session = other, .handle = (uint32_t)n);
    REFUSED(fs, fs, process, unknown, .session = other, .what = FS_PROCESS_UMASK);
}

/* Handles are numbers of the one who has them. */
static void handle_doors(struct fos_peer *fs, uint64_t session)
{
    for (uint32_t n = 0; n < HANDLES; n++)
        REFUSED(fs, fs, read, FS_ERROR - FOS_EBADF, .session = session, .handle = n,
                .length = 4);
}

/* Would have the fleet forget what the victim has, or end. */
static void fleet_doors(const char *name, int n)
{
    struct proc_view view = view_of(name);

    for (unsigned slot = 0; slot < PROC_MEMBERS_MAX; slot++) {
        struct fos_peer peer;
        if (view.members[slot].state != PROC_MEMBER_ACTIVE)
            continue;
        CHILD_EQUAL(
            fos_peer_open(&peer, view.members[slot].mailbox, FOS_TRANSPORT_KERNEL),
            0);
        struct fleet_ended_req req = {
            .control = forged(n, n), .count = 1, .pids = {victim}};
        CHILD_EQUAL(fleet_ended_post(&peer, &req, family_deadline()), 0);
        REFUSED(&peer, fleet, stop, -FOS_EPERM, .self = forged_space(n));
        REFUSED(&peer, fleet, stop, -FOS_EPERM, .self = fos_own_space());
        if (!strcmp(name, "mem"))
            mem_doors(&peer, n);
        if (!strcmp(name, "page"))
            page_doors(&peer, n);
        fos_peer_close(&peer);
    }
}

static int part_thief(uint64_t pid, uint64_t b)
{
    static const char *const fleets[] = {"name", "page", "mem", "fs"};
    struct fos_peer *fs;
    uint64_t session, word;
    uint32_t length;

    (void)b;
    victim = pid;
    CHILD_EQUAL(fos_mailbox_create(&inbox, 64), 0);
    CHILD_EQUAL(fos_fs_way(&fs, &session), 0);
    for (int n = 0; n < STEPS; n++) {
        proc_doors(n);
        fs_doors(fs, session, n);
        for (size_t i = 0; i < sizeof fleets / sizeof *fleets; i++)
            fleet_doors(fleets[i], n);
    }
    handle_doors(fs, session);
    CHILD_EQUAL(fos_msg_recv(&inbox, &word, sizeof word, &length, 0),
                -FOS_ETIMEDOUT);
    return 0;
}

/* ---- the judge ---- */

static const struct part parts[] = {{"victim", part_victim}, {"thief", part_thief}};

static void test_doors(void)
{
    struct child host = {.part = "victim", .caps = {inbox.cap}};
    uint64_t word = SECRET;

    case_begin("what a process was not given stays out of its reach");
    child_start(&host);
    struct fos_cap mailbox = family_await(&inbox, &host);
    struct child thief = {.part = "thief", .a = host.pid};
    child_start(&thief);
    child_expect(&thief, 0);
    CASE_EQUAL(fos_post(mailbox, &word, sizeof word, family_deadline()), 0);
    child_expect(&host, 0);
    unlink(PATH);
    case_end();
}

int main(int argc, char **argv)
{
    family_program = argv[0];
    if (argc > 3)
        return family_child(argv, parts, sizeof parts / sizeof *parts);
    setvbuf(stdout, NULL, _IOLBF, 0);
    case_fleets_grow = true;
    if (fos_mailbox_create(&inbox, 64)) {
        printf("FAIL a mailbox: none\n");
        return 1;
    }
    test_doors();
    return cases_status();
}
