/* SPDX-License-Identifier: MIT */
/*
 * A thief who knows a process's number, but holds no right over it, tries what the
 * fleets would do for that process, or for another fleet: with tickets, sessions, words
 * of control, secrets of registrations and capabilities of spaces that are the thief's own
 * with something changed.  All is refused with the error that says so, and the victim finds
 * its memory, files, mailbox and name as they were.  (What the kernel refuses: tests/boot/capability.)
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <fos/fs.h>
#include <fos/name.h>

#include "../family.h"
#include "rows.h"

enum { PAGE = 4096, SECRET = 0x5ec7e7 };

#define PATH "/tmp/secret"

static struct fos_mailbox inbox;

/* ---- the victim ---- */

/* It stands for this mailbox, and the registration's secret is the right one. */
static void name_check(const struct fos_registration *name, struct fos_cap mailbox)
{
    struct name_value value = {0};

    CHILD_EQUAL(fos_name_lookup(name->alias, &value), 0);
    CHILD_EQUAL(value.kind, NAME_MAILBOX);
    CHILD_EQUAL(value.word[1], mailbox.id);
    CHILD_EQUAL(fos_name_update(name, mailbox, 0, NULL), 0);
}

static int part_victim(uint64_t a, uint64_t b)
{
    static struct fos_mailbox mailbox;
    struct fos_registration name, another;
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
    CHILD_EQUAL(fos_name_register(VICTIM_NAME, mailbox.cap, 0, 0, &name), 0);
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
    name_check(&name, mailbox.cap);
    CHILD_EQUAL(fos_name_register(VICTIM_NAME "/2", mailbox.cap, 0, 0, &another),
                0);
    CHILD_EQUAL(fos_msg_recv(&mailbox, &word, sizeof word, &length, 0),
                -FOS_ETIMEDOUT);
    return 0;
}

/* ---- the thief ---- */

static struct proc_view view_of(const char *name)
{
    struct proc_members_req req = {0};
    struct proc_members_rep rep = {0};

    strncpy(req.fleet, name, sizeof req.fleet - 1);
    CHILD_EQUAL(proc_members_call(fos_proc_peer(), &req, &rep, family_deadline()),
                0);
    return rep.view;
}

static void members_doors(const char *name, const struct try *t)
{
    struct proc_view view = view_of(name);

    for (unsigned slot = 0; slot < PROC_MEMBERS_MAX; slot++) {
        struct fos_peer peer;
        if (view.members[slot].state != PROC_MEMBER_ACTIVE)
            continue;
        CHILD_EQUAL(
            fos_peer_open(&peer, view.members[slot].mailbox, FOS_TRANSPORT_KERNEL),
            0);
        if (!strcmp(name, "name"))
            name_doors(&peer, &view, slot, t);
        fleet_doors(&peer, t); /* answers behind all that has none */
        if (!strcmp(name, "mem"))
            mem_doors(&peer, t);
        if (!strcmp(name, "page"))
            page_doors(&peer, t);
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
    CHILD_EQUAL(fos_mailbox_create(&inbox, 64), 0);
    CHILD_EQUAL(fos_fs_way(&fs, &session), 0);
    for (int n = 0; n < STEPS; n++) {
        struct try t = {.n = n, .victim = pid, .inbox = inbox.cap};
        proc_doors(&t);
        if (n < 2) /* it is slow, and looks at tickets in one place */
            console_doors(&t);
        fs_doors(fs, session, &t);
        for (size_t i = 0; i < sizeof fleets / sizeof *fleets; i++)
            members_doors(fleets[i], &t);
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
    CASE_EQUAL(tcgetsid(1), getpid()); /* the terminal is this session's */
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
