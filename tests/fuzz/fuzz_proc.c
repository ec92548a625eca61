/* SPDX-License-Identifier: MIT */
/*
 * The process fleet: records are requests, by an app (whose space is {1000, 1}) or
 * by the console or store fleet ({1004, 2}, {1008, 3}); an empty record lets all
 * processes be looked at for their end.
 */
#include "fuzz.h"

#define main proc_main
int proc_main(void);
#include "fleets/proc/main.c"
#undef main

#include <string.h>

static char archive[4096] __attribute__((aligned(4096)));

static void process_add(enum process_role role, struct fos_cap space,
                        struct account *account)
{
    struct process *p = process_reserve(account, NULL, 1000, 100);

    HOLDS(p);
    p->role = role;
    p->pid = space.id;
    p->parent = fos_pid();
    p->space = space;
    process_begin(p);
}

/* The table, as it is when an app runs. */
static void system_start(void)
{
    static struct fos_boot_info boot;

    memset(processes, 0, sizeof processes);
    boot.archive = (uint64_t)archive;
    fleet.boot = &boot;
    system_account =
        (struct account){.frames = 5000, .objects = 1000, .processes = 8};
    family_account =
        (struct account){.frames = 50000, .objects = 10000, .processes = 100};
    table_init(4, 0);
    process_add(ROLE_APP, (struct fos_cap){1000, 1}, &family_account);
    process_add(ROLE_CONSOLE, (struct fos_cap){1004, 2}, &system_account);
    process_add(ROLE_STORE, (struct fos_cap){1008, 3}, &system_account);
}

static void all_records(void *argument)
{
    struct input *in = argument;
    const uint8_t *data;
    uint32_t length;

    while (input_record(in, &data, &length)) {
        if (length)
            system_serve(&fleet.service, data, length);
        else
            ends_look(~0ull);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};

    fleet.service.stop = system_end;
    if (!fleet.service.buffer)
        HOLDS(fos_service_open(&fleet.service, MAILBOX_SLOTS) == 0);
    system_start();
    system_run(all_records, &in);
    return 0;
}
