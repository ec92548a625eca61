/* SPDX-License-Identifier: MIT */
/* ps: the processes there are; -a also the system's fleets. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <fos/clock.h>
#include <fos/error.h>
#include <fos/proc.h>

enum { ENTRIES_MAX = 256 };

static const char *state_of(const struct proc_entry *e)
{
    if (e->ended)
        return "Z";
    if (e->stopped)
        return "T";
    return e->info.thread_state == FOS_THREAD_WAITING ? "S" : "R";
}

static void entry_print(const struct proc_entry *e)
{
    printf("%6llu %6llu %6llu %6llu %s %4u %8llu.%02llu %7u  %s\n",
           (unsigned long long)e->pid, (unsigned long long)e->parent,
           (unsigned long long)e->group, (unsigned long long)e->session,
           state_of(e), (unsigned)e->vcpu,
           (unsigned long long)(e->info.ns_running / FOS_SECOND),
           (unsigned long long)(e->info.ns_running % FOS_SECOND / 10000000),
           (unsigned)e->info.mapped, e->name);
}

int main(int argc, char **argv)
{
    static struct proc_entry entries[ENTRIES_MAX];
    bool all = argc > 1 && strchr(argv[1], 'a');
    long count = fos_process_list(entries, ENTRIES_MAX);

    if (count < 0) {
        fprintf(stderr, "ps: %s\n", fos_strerror(count));
        return 1;
    }
    puts("   PID   PPID   PGID    SID S VCPU        TIME   PAGES  NAME");
    for (long i = 0; i < count; i++)
        if (all || entries[i].session == (uint64_t)getsid(0) ||
            entries[i].stopped || entries[i].ended)
            entry_print(&entries[i]);
    return 0;
}
