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
#include "restarts.h"
#include "tell.h"

/* In a row, about one a second; then nobody will get in. */
enum { LOGINS_REFUSED = 60 };

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

static bool console_try(void)
{
    static const char ring[] = "console\0ring", io[] = "console\0io";
    bool dom0 = fleet.boot->dom0 || !fleet.boot->device_present[FOS_DEVICE_CONSOLE];

    return driver_start("console", ROLE_CONSOLE, dom0 ? io : ring, 2,
                        dom0 ? sizeof io : sizeof ring, FOS_DEVICE_CONSOLE);
}

void console_start(void)
{
    if (console_try() && !ready_wait(ROLE_CONSOLE))
        report("proc: the console does not answer");
}

static bool store_try(void)
{
    static const char text[] = "store";

    return driver_start("store", ROLE_STORE, text, 1, sizeof text,
                        FOS_DEVICE_STORE);
}

void store_start(void)
{
    if (fleet.boot->device_present[FOS_DEVICE_STORE] && store_try())
        ready_wait(ROLE_STORE);
}

static bool fs_try(uint32_t frames)
{
    char text[64];
    int length = snprintf(text, sizeof text, "fs%c%llx%c%llx", 0, LOAD_ARCHIVE, 0,
                          (unsigned long long)fleet.boot->archive_size);

    return fleet_start(&(struct fleet_birth){.name = "fs",
                                             .role = ROLE_FS,
                                             .argc = 3,
                                             .text = text,
                                             .text_size = (uint32_t)length + 1,
                                             .frames = frames,
                                             .objects = quota_of(QUOTA_FS)->objects,
                                             .archive = true});
}

void fs_start(void)
{
    const void *image;
    uint64_t size;

    if (program_find("fs", &image, &size) == 0 &&
        fs_try(quota_of(QUOTA_FS)->frames) && !ready_wait(ROLE_FS))
        report("proc: the filesystem does not answer");
}

/* ---- the app ---- */

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

static void app_refused(const struct birth *birth, const char *why)
{
    char name[PROC_NAME_MAX];

    name_clean(name, birth->name, sizeof name);
    report("proc: cannot start %s: %s", name, why);
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
    app_refused(&birth, why);
    machine_end(PROC_STATUS_NOT_FOUND, FOS_SHUTDOWN_POWEROFF);
}

/* ---- those that have ended ---- */

static bool fs_again(void)
{
    return fs_try(pager_spare(quota_of(QUOTA_FS)->frames));
}

/* Without a member of the memory fleet its memory would be its own business; where the
 * console does not know yet that the last session is over, it would have no terminal. */
static bool login_may(void)
{
    return pager_serves() && fleet.console.id && tell_told(ROLE_CONSOLE);
}

static bool login_again(void)
{
    struct birth birth;
    struct process *p;
    const char *why = "no such program in the boot archive";
    static unsigned refused;

    app_birth(&birth);
    long error =
        program_find(birth.name, &birth.load.image, &birth.load.image_size);
    if (!error)
        error = process_start(&birth, &p, &why);
    refused = error ? refused + 1 : 0;
    if (error)
        app_refused(&birth, why);
    if (refused == LOGINS_REFUSED)
        machine_end(PROC_STATUS_UNUSABLE, FOS_SHUTDOWN_POWEROFF);
    return !error;
}

static struct {
    enum process_role role;
    bool (*may)(void); /* whether it can be started yet; NULL: it can */
    bool (*start)(void);
    bool missing;
    struct restarts restarts;
} singles[] = {
    {.role = ROLE_CONSOLE,
     .start = console_try,
     .restarts.credit = RESTARTS_AT_ONCE},
    {.role = ROLE_FS, .start = fs_again, .restarts.credit = RESTARTS_AT_ONCE},
    {.role = ROLE_STORE, .start = store_try, .restarts.credit = RESTARTS_AT_ONCE},
    {.role = ROLE_APP,
     .may = login_may,
     .start = login_again,
     .restarts.credit = RESTARTS_AT_ONCE}};

void single_ended(enum process_role role)
{
    for (size_t i = 0; i < sizeof singles / sizeof *singles; i++)
        if (singles[i].role == role)
            singles[i].missing = true;
}

/* What it has to wait for wakes this fleet. */
static bool is_due(unsigned i)
{
    return singles[i].missing && (!singles[i].may || singles[i].may());
}

uint64_t singles_work(void)
{
    uint64_t again = FOS_NEVER, now = fos_now_ns();

    for (unsigned i = 0; i < sizeof singles / sizeof *singles; i++) {
        if (!is_due(i))
            continue;
        uint64_t at = restart_take(&singles[i].restarts, now);
        if (at == 0)
            singles[i].missing = !singles[i].start();
        if (singles[i].missing) {
            at = at ? at : now + RESTART_NS;
            again = at < again ? at : again;
        }
    }
    return again;
}
