/* SPDX-License-Identifier: MIT */
/*
 * The process fleet: the first process.  It starts all others from the boot
 * archive, knows who descends from whom, and ends the machine when the app has
 * ended.
 */
#include <stdlib.h>

#include <fos/call.h>
#include <fos/console.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "alive.h"
#include "archive.h"
#include "fleet.h"
#include "names.h"
#include "pager.h"
#include "quotas.h"
#include "tell.h"
#include "timers.h"
#include "views.h"

enum {
    MAILBOX_SLOTS = 4096,
    SYSTEM_PROCESSES = 24,
    OWN_FRAMES = 256, /* what this fleet may still need */
    OWN_OBJECTS = 32,
    FRAMES_NEEDED = 1024, /* for an app, after the system has its share */
    RESERVE_PROCESSES = 4,
    RESERVE_FRAMES = 1024,
    RESERVE_OBJECTS = 256,
    RESERVE_SHARE = 16, /* but not more than one in so many */
};

static void stdout_report(const char *text, size_t length)
{
    report("%.*s", (int)length, text);
}

/* The kernel writes it on the page behind the start page. */
static const struct fos_boot_info *boot_info(void)
{
    return (const void *)((const char *)fos_start_page + FOS_PAGE_SIZE);
}

static void give_up(const char *what, const char *why)
{
    report("proc: %s: %s", what, why);
    machine_end(PROC_STATUS_UNUSABLE, FOS_SHUTDOWN_POWEROFF);
}

static void archive_open(void)
{
    const char *why;

    if (archive_index(fleet.boot->archive, fleet.boot->archive_size, &why) < 0)
        give_up("the boot archive cannot be used", why);
}

static void service_open(void)
{
    if (fos_service_open(&fleet.service, MAILBOX_SLOTS) < 0 ||
        !fos_call_mailbox().id)
        give_up("too little memory", "there is none for this fleet's mailboxes");
    fleet.service.membership =
        (struct fos_membership){.members = 1, .view = fos_pid()};
}

/* Adds what so many members of a fleet take. */
static void account_add(struct account *a, enum quota_kind kind, uint32_t members)
{
    a->frames += (uint64_t)members * quota_of(kind)->frames;
    a->objects += (uint64_t)members * quota_of(kind)->objects;
}

/* What the fleets take but page and mem. */
static struct account fleets_need(void)
{
    struct account a = {.processes = SYSTEM_PROCESSES};
    bool store = fleet.boot->device_present[FOS_DEVICE_STORE];
    const void *image;
    uint64_t size;

    account_add(&a, QUOTA_NAME, fleet.cmdline.names);
    account_add(&a, QUOTA_DRIVER, 1 + store);
    account_add(&a, QUOTA_FS, program_find("fs", &image, &size) == 0);
    return a;
}

/* What a few commands of the shell's take. */
static void reserve_open(struct account *a)
{
    a->reserve.processes = RESERVE_PROCESSES;
    a->reserve.frames = a->frames / RESERVE_SHARE < RESERVE_FRAMES
                            ? (uint32_t)(a->frames / RESERVE_SHARE)
                            : RESERVE_FRAMES;
    a->reserve.objects = a->objects / RESERVE_SHARE < RESERVE_OBJECTS
                             ? (uint32_t)(a->objects / RESERVE_SHARE)
                             : RESERVE_OBJECTS;
}

/* The kernel carves the quotas of others out of this fleet's own. */
static void accounts_open(void)
{
    struct fos_space_info own = {0};

    fos_sys_space_status(fos_own_space(), &own);
    uint64_t left = own.frames_quota - own.frames_used;
    quotas_open(left, own.objects_quota);
    struct account system = fleets_need();
    uint32_t pager_frames, pager_objects;
    if (left > system.frames + OWN_FRAMES + FRAMES_NEEDED) {
        pager_quota(left - system.frames - OWN_FRAMES - FRAMES_NEEDED,
                    table_vcpus(), &pager_frames, &pager_objects);
        system.frames += pager_frames;
        system.objects += pager_objects;
    }
    uint64_t taken = system.frames + OWN_FRAMES;
    if (left < taken + FRAMES_NEEDED) {
        report("proc: %llu KiB of memory are free, %llu KiB are needed",
               (unsigned long long)left * 4,
               (unsigned long long)(taken + FRAMES_NEEDED) * 4);
        give_up("too little memory", "give the guest more");
    }
    system_account = system;
    /* Each space counts as an object beside its quota. */
    uint64_t rest = own.objects_quota - own.objects_used - system.objects -
                    OWN_OBJECTS - PROCESS_MAX;
    family_account = (struct account){.frames = left - taken,
                                      .objects = (uint32_t)rest,
                                      .processes = PROCESS_MAX - SYSTEM_PROCESSES};
    reserve_open(&family_account);
}

void fleet_turn(uint64_t deadline)
{
    uint64_t again = names_work(), tell = tell_work(), pager = pager_work(),
             timers = timers_work(), alive = alive_work(), singles = singles_work(),
             views = views_work();

    if (tell < again)
        again = tell;
    if (pager < again)
        again = pager;
    if (timers < again)
        again = timers;
    if (alive < again)
        again = alive;
    if (singles < again)
        again = singles;
    if (views < again)
        again = views;
    fos_service_run(&fleet.service, again < deadline ? again : deadline);
}

int main(void)
{
    struct fos_kernel_info info = {0};

    fleet.boot = boot_info();
    report_init(fleet.boot->devices[FOS_DEVICE_CONSOLE]);
    fos_console_divert(stdout_report);
    cmdline_parse(&fleet.cmdline, fleet.boot->cmdline);
    fos_sys_kernel_info(&info);
    table_init(info.vcpus, info.vcpu_current);
    service_open();
    archive_open();
    accounts_open();
    alive_init(fleet.cmdline.hang);
    names_init(fleet.cmdline.names);
    names_start();
    pager_start();
    fs_start();
    console_start();
    store_start();
    if (info.vcpus < 4)
        report("proc: %u vCPU%s: processes share; give the guest 4 or more for "
               "figures "
               "that mean something",
               (unsigned)info.vcpus, info.vcpus == 1 ? "" : "s");
    if (fleet.cmdline.panic)
        fos_sys_exit(1);
    app_start();
    for (;;)
        fleet_turn(FOS_NEVER);
}
