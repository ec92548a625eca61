/* SPDX-License-Identifier: MIT */
/*
 * The process table, the accounts processes are paid from, and their places.
 *
 * A process: FREE -> RUNNING (process_begin) -> ENDED (process_end, somebody may
 * still ask for its status) -> FREE (process_release).  An ENDED one holds no
 * kernel object.
 *
 * Invariants
 *  T1. An account's frames, objects and processes plus those of its RUNNING
 *      processes (processes: RUNNING and ENDED) are what it was opened with.
 *  T2. load[v] counts the RUNNING processes of vCPU v, proc itself included.
 *  T3. The parent of a RUNNING process is RUNNING, or is this fleet itself.
 *  T4. A process whose parent is not the app, or became so by another's end, is made, and
 *      given more by exec, only while its account has more than its reserve: a shell that
 *      is the app can start what ends a fork bomb.  So it is with the memory fleet's reserve
 *      (pager.h, A3).
 */
#ifndef PROC_TABLE_H
#define PROC_TABLE_H

#include <stdbool.h>

#include <fos/proto/proc.h>
#include <fos/service.h>

enum { PROCESS_MAX = 128, VCPU_MAX = 64 };

enum process_state { PROCESS_FREE, PROCESS_RUNNING, PROCESS_ENDED };
enum process_role {
    ROLE_ORDINARY,
    ROLE_CONSOLE,
    ROLE_STORE,
    ROLE_NAME,
    ROLE_FS,
    ROLE_PAGE,
    ROLE_MEM,
    ROLE_APP,
    ROLE_COUNT
};

struct account {
    uint64_t frames, objects;
    uint32_t processes;
    uint32_t processes_paid; /* for those there are */
    struct {                 /* of that: for the app's own children alone (T4) */
        uint32_t frames, objects, processes;
    } reserve;
};

struct process {
    enum process_state state;
    enum process_role role;
    uint64_t pid, parent;
    uint64_t group, session;
    bool orphan; /* its first parent is gone: nobody asks for its status */
    uint32_t vcpu;
    uint64_t places;          /* vCPUs it may run on, as bits; 0: all */
    uint32_t frames, objects; /* to go back to the account */
    struct account *account;
    struct fos_cap space, thread; /* the first one */
    struct fos_cap mailbox;       /* of a fleet that said it is ready */
    bool ready;
    struct fleet_load load; /* as it said last */
    uint32_t silent;        /* looks since it was heard of (alive.h) */
    uint32_t slot;          /* in its fleet */
    uint32_t mem_slot;      /* its member of the memory fleet, and */
    uint64_t mem_pid;       /* that one's pid; 0: its memory is its own business */
    uint64_t family;        /* of the memory fleet's accounts; 0: none */
    uint64_t told;          /* of the ends (tell.h) */
    uint64_t told_view;     /* number of the last one (views.h) */
    bool lost;              /* ended for lack of its memory (login.h) */
    char name[PROC_NAME_MAX];

    int32_t status; /* valid when ENDED */
    struct fos_space_info info;

    /* What fork and exec hand on. */
    uint64_t heap_start;
    uint32_t argc, envc, text_size, inherit_size, extra;
    bool executed; /* has called exec */
    bool paged;    /* the memory fleet looks after the present program's memory */

    uint32_t wait_status; /* valid when ENDED */
    uint32_t change;      /* status to be waited for: stopped, gone on; or 0 */
    uint32_t children;    /* PROC_CHILDREN_... */
    struct proc_usage children_usage;

    uint32_t
        processes_max; /* it makes no more while its account has paid so many */
    uint32_t processes_most;        /* to which it may raise that */
    uint64_t alarm_at, alarm_every; /* nanoseconds; 0: none, once */
    bool stopped;
    bool suspended; /* its suspend request waits for an answer */
    struct fos_caller suspender;

    bool awaited;
    uint64_t waiter_pid;
    struct fos_caller waiter;
};

extern struct process processes[PROCESS_MAX];
extern struct account system_account, family_account;

void table_init(uint32_t vcpus, uint32_t own_vcpu);
uint32_t table_vcpus(void);

struct process *process_find(uint64_t pid);
/* The running process that holds this capability of its own space, or NULL. */
struct process *process_authentic(struct fos_cap space);
struct process *process_of_role(enum process_role role);
bool process_is_descendant(const struct process *p, uint64_t ancestor);

/* A FREE entry for a child of `parent` (NULL: this fleet), paid for; NULL: the table or
 * the account has none left. */
struct process *process_reserve(struct account *account,
                                const struct process *parent, uint32_t frames,
                                uint32_t objects);
/* Whether the reserve is for `p` too: it is the app, or the app has made it (T4). */
bool process_is_near(const struct process *p);
/* Whether its account has so many frames more for `p`, a RUNNING one (T4). */
bool process_may_grow(const struct process *p, uint32_t frames);
/* Sets what `p` and its children to come have of processes_max and processes_most.  0;
 * -FOS_EINVAL `now` is above `most`; -FOS_EPERM `most` is above what it was. */
long process_limit(struct process *p, uint32_t now, uint32_t most);
/* Gives back a reserved entry that never ran. */
void process_cancel(struct process *p);
void process_begin(struct process *p);
/* The space is gone: returns what was paid; children lose their parent. */
void process_end(struct process *p, int32_t status);
void process_release(struct process *p);

/* Of the vCPUs of `set`, as bits (0: all), the one with the fewest processes, the lowest
 * number among equals. */
uint32_t vcpu_choose(uint64_t set);
/* `p` runs there from now on. */
void vcpu_move(struct process *p, uint32_t vcpu);

unsigned process_event(const struct process *p);

#endif
