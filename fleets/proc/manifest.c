/* SPDX-License-Identifier: MIT */
/* What runs besides this fleet: console, store, and the app of the command line. */
#include <stdio.h>
#include <string.h>

#include <fos/clock.h>
#include <fos/error.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "fleet.h"
#include "login.h"
#include "pager.h"
#include "quotas.h"

enum {
    CONSOLE_STARTS_MAX = 4,
    FS_STARTS_MAX = 16,
};

struct process *fleet_start(const struct fleet_birth *what)
{
    struct birth birth = {
        .name = what->name,
        .role = what->role,
        .parent = fos_pid(),
        .account = &system_account,
        .vcpu = PROC_VCPU_ANY,
        .frames = what->frames,
        .objects = what->objects,
        .load = {.argc = what->argc,
                 .text_size = what->text_size,
                 .block = (uint64_t)what->text,
                 .block_space = fos_own_space(),
                 .extra = what->ncaps,
                 .caps = what->caps,
                 .archive = what->archive},
    };
    struct process *p = NULL;
    const char *why = "it is not in the boot archive";
    long error =
        program_find(what->name, &birth.load.image, &birth.load.image_size);

    if (!error)
        error = process_start(&birth, &p, &why);
    if (error)
        report("proc: cannot start %s: %s", what->name, why);
    return error ? NULL : p;
}

/* One that drives a device. */
static bool driver_start(const char *name, enum process_role role, const char *text,
                         uint32_t argc, size_t text_size,
                         enum fos_boot_device device)
{
    return fleet_start(
        &(struct fleet_birth){.name = name,
                              .role = role,
                              .argc = argc,
                              .text = text,
                              .text_size = (uint32_t)text_size,
                              .frames = quota_of(QUOTA_DRIVER)->frames,
                              .objects = quota_of(QUOTA_DRIVER)->objects,
                              .caps = &fleet.boot->devices[device],
                              .ncaps = 1});
}

static bool ready_wait(enum process_role role)
{
    uint64_t deadline = fos_now_ns() + 5 * FOS_SECOND;

    for (;;) {
        struct process *p = process_of_role(role);
        if (!p || p->ready)
            return p;
        if (fos_now_ns() >= deadline)
            return false;
        fleet_turn(deadline);
    }
}

/* A console that keeps ending is given up; programs then run unheard. */
void console_start(void)
{
    static const char ring[] = "console\0ring", io[] = "console\0io";
    static int starts;
    bool dom0 = fleet.boot->dom0 || !fleet.boot->device_present[FOS_DEVICE_CONSOLE];

    if (++starts > CONSOLE_STARTS_MAX) {
        report("proc: the console ended %d times: giving it up",
               CONSOLE_STARTS_MAX);
        return;
    }
    bool started = driver_start("console", ROLE_CONSOLE, dom0 ? io : ring, 2,
                                dom0 ? sizeof io : sizeof ring, FOS_DEVICE_CONSOLE);
    if (started && starts == 1 && !ready_wait(ROLE_CONSOLE))
        report("proc: the console does not answer");
}

void store_start(void)
{
    static const char text[] = "store";

    if (!fleet.boot->device_present[FOS_DEVICE_STORE])
        return;
    if (driver_start("store", ROLE_STORE, text, 1, sizeof text, FOS_DEVICE_STORE))
        ready_wait(ROLE_STORE);
}

void fs_start(void)
{
    static int starts;
    uint32_t frames = quota_of(QUOTA_FS)->frames;
    const void *image;
    uint64_t size;
    char text[64];
    int length = snprintf(text, sizeof text, "fs%c%llx%c%llx", 0, LOAD_ARCHIVE, 0,
                          (unsigned long long)fleet.boot->archive_size);

    if (program_find("fs", &image, &size) < 0)
        return;
    if (++starts > FS_STARTS_MAX) {
        report("proc: the filesystem ended %d times: giving it up", FS_STARTS_MAX);
        return;
    }
    bool started = fleet_start(
        &(struct fleet_birth){.name = "fs",
                              .role = ROLE_FS,
                              .argc = 3,
                              .text = text,
                              .text_size = (uint32_t)length + 1,
                              .frames = starts > 1 ? pager_spare(frames) : frames,
                              .objects = quota_of(QUOTA_FS)->objects,
                              .archive = true});
    if (started && starts == 1 && !ready_wait(ROLE_FS))
        report("proc: the filesystem does not answer");
}

/* Who holds it sees what every process does, so nobody else has it. */
static bool app_traces(const struct cmdline *line)
{
    return line->trace || strcmp(line->text, "trace") == 0;
}

static void app_birth(struct birth *birth)
{
    struct cmdline *line = &fleet.cmdline;

    *birth = (struct birth){
        .role = ROLE_APP,
        .parent = fos_pid(),
        .account = &family_account,
        .vcpu = PROC_VCPU_ANY,
        .frames = (uint32_t)(family_account.frames / 2),
        .objects = (uint32_t)(family_account.objects / 2),
    };
    birth->name = login_prepare(line, &birth->load);
    if (line->insider)
        birth->load.control = fleet.control;
    if (app_traces(line)) {
        birth->load.extra = 1;
        birth->load.caps = &fleet.boot->devices[FOS_DEVICE_TRACE];
    }
}

void app_start(void)
{
    struct birth birth;
    struct process *p;
    const char *why = "no such program in the boot archive";

    app_birth(&birth);
    long error =
        program_find(birth.name, &birth.load.image, &birth.load.image_size);
    if (!error)
        error = load_check(&birth.load, &why);
    if (!error && !pager_wanted(&family_account, &birth.load.plan)) {
        pager_yield();
        birth.frames = (uint32_t)(family_account.frames / 2);
    }
    balance_begin();
    if (!error)
        error = process_start(&birth, &p, &why);
    if (!error)
        return;
    char name[PROC_NAME_MAX];
    name_clean(name, birth.name, sizeof name);
    report("proc: cannot start %s: %s", name, why);
    machine_end(PROC_STATUS_NOT_FOUND, FOS_SHUTDOWN_POWEROFF);
}
