/* SPDX-License-Identifier: MIT */
/*
 * The parts of the process fleet:
 *
 *     main.c      what the kernel gave; the order of starting; the loop
 *     manifest.c  the fleets of the boot archive and the app: starting, restarting
 *     archive.c   programs by name
 *     names.c     the naming fleet; members.c  views of it; alive.c  who hangs;
 *                 restarts.c  how often what has ended is started again
 *     tell.c      who is told of processes' ends; views.c  of fleets' members
 *     spawn.c     requests to start a process, checked; exec.c  exec and fork
 *     fetch.c     what they bring with them; load.c  from there into a space
 *     wait.c      waitpid, SIGCHLD; signals.c  kill, stopping; groups.c  job control;
 *     timers.c    alarm; place.c  affinity; quotas.c  what fleets are given
 *     pager.c     the memory fleet; files.c  the filesystem
 *     request.c   the other requests
 *     end.c       how processes, and the machine, end
 *     table.c report.c cmdline.c
 */
#ifndef PROC_FLEET_H
#define PROC_FLEET_H

#include <fos/abi/boot.h>

#include "archive.h"
#include "cmdline.h"
#include "load.h"
#include "report.h"
#include "table.h"

/* What the system has, all but what this fleet has come to use. */
struct balance {
    struct fos_kernel_info info;
    int64_t frames, channels;
};

/* Owned by the one thread of this fleet. */
struct fleet {
    const struct fos_boot_info *boot;
    struct cmdline cmdline;
    struct fos_service service;
    struct fos_cap console; /* its mailbox; id 0 while there is none */
    struct fos_cap fs;      /* the same of the filesystem */
    struct fos_cap control; /* by which fleets know this one */
    struct balance before;  /* when the app was started */
    bool balance_known;
};

extern struct fleet fleet; /* request.c */

/* One turn of the main loop: a message, an event, or the deadline. */
void fleet_turn(uint64_t deadline);

/* manifest.c */
/* A member of a fleet of the boot archive: arguments as in struct load. */
struct fleet_birth {
    const char *name;
    enum process_role role;
    uint32_t argc, text_size;
    const char *text;
    uint32_t frames, objects;
    const struct fos_cap *caps;
    uint32_t ncaps;
    bool archive; /* it sees the boot archive */
};
/* NULL: it cannot be started, which has been reported. */
struct process *fleet_start(const struct fleet_birth *what);
void console_start(void);
void store_start(void);
void fs_start(void);
/* Console, filesystem, store client or login shell has ended: it is started anew
 * (restarts.h). */
void single_ended(enum process_role role);
/* Does so; gives when to look again. */
uint64_t singles_work(void);
/* Starts the program of the command line; ends the machine if that cannot be. */
void app_start(void);

/* spawn.c: what every start of a process has in common. */
struct birth {
    const char *name;
    enum process_role role;
    uint64_t parent, group, session; /* 0: its own */
    struct account *account;
    uint32_t vcpu; /* or PROC_VCPU_ANY */
    uint32_t frames, objects;
    struct load load;
};
long process_start(struct birth *birth, struct process **made, const char **why);

/* Whether such a program's memory is the memory fleet's business; frames that a process
 * is given for it. */
bool pager_wanted(const struct account *account, const struct elf_plan *plan);
uint32_t frames_needed(const struct account *account, const struct elf_plan *plan);

/* What a process of the memory fleet's is given for itself. */
uint32_t frames_share(const struct account *account);
uint32_t objects_share(const struct account *account);

/* The handler of its requests. */
void spawn_handle(const struct fos_caller *caller, const struct proc_spawn_req *req,
                  size_t length);

/* request.c: tells the waiter of an ENDED process, which becomes FREE. */
void process_answer(struct process *p);

/* end.c */
void ends_look(uint64_t event_bits);
void process_kill(struct process *p, int32_t status);
void balance_begin(void); /* just before the app is started */
_Noreturn void machine_end(int status, enum fos_shutdown reason);

#endif
