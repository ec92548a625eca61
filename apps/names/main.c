/* SPDX-License-Identifier: MIT */
/*
 * names: what the naming fleet knows.
 *
 *     names                       lists what is registered, and the members
 *     names lookup PATH...        what each stands for
 *     names link PATH TARGET SECONDS     registers a link for that time
 *     names serve PATH SECONDS    registers a public mailbox and prints what comes
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fos/clock.h>
#include <fos/error.h>
#include <fos/name.h>
#include <fos/proc.h>

enum { LIST_MAX = 2048, SLOTS = 64, TEXT_MAX = 512 };

static int complain(const char *what, long error)
{
    printf("names: %s: %s\n", what, fos_strerror(error));
    return 1;
}

static void value_print(uint32_t kind, const uint64_t word[2])
{
    if (kind == NAME_LINK)
        printf("link to %016llx%016llx", (unsigned long long)word[0],
               (unsigned long long)word[1]);
    else
        printf("host %llu mailbox %llu", (unsigned long long)word[0],
               (unsigned long long)word[1]);
}

static void entry_print(const struct name_listed *e)
{
    char lease[32] = "";

    if (e->left_ns != NAME_NEVER)
        snprintf(lease, sizeof lease, ", %llu s left",
                 (unsigned long long)(e->left_ns / FOS_SECOND));
    if (e->path[0])
        printf("%-24s ", e->path);
    else
        printf("%016llx%016llx ", (unsigned long long)e->alias.word[0],
               (unsigned long long)e->alias.word[1]);
    value_print(e->kind, e->word);
    printf("%s, process %llu%s\n", e->flags & NAME_PUBLIC ? ", public" : "",
           (unsigned long long)e->pid, lease);
}

static int members_print(void)
{
    static const char *const states[] = {"down", "joining", "active"};
    struct proc_members_req req = {.fleet = "name"};
    struct proc_members_rep rep = {0};
    long error = proc_members_call(fos_proc_peer(), &req, &rep,
                                   fos_now_ns() + 10 * FOS_SECOND);

    if (error < 0)
        return complain("asking for the members", error);
    printf("view %llu:", (unsigned long long)rep.view.number);
    for (uint32_t i = 0; i < rep.view.slots && i < PROC_MEMBERS_MAX; i++)
        printf(" member %u %s (process %llu)", (unsigned)i,
               states[rep.view.members[i].state % 3],
               (unsigned long long)rep.view.members[i].pid);
    putchar('\n');
    return 0;
}

static int list(void)
{
    static struct name_listed entries[LIST_MAX];
    long count = fos_name_list(entries, LIST_MAX);

    if (count < 0)
        return complain("listing", count);
    for (long i = 0; i < count; i++)
        entry_print(&entries[i]);
    printf("%ld names\n", count);
    return members_print();
}

static int lookup(char **paths)
{
    struct name_value value;
    int failed = 0;

    for (; *paths; paths++) {
        long error = fos_name_lookup(fos_alias(*paths), &value);
        if (error) {
            failed = complain(*paths, error);
            continue;
        }
        printf("%s: ", *paths);
        value_print(value.kind, value.word);
        puts(value.secret ? ", its capability is deposited" : "");
    }
    return failed;
}

static int link_make(const char *path, const char *target, unsigned seconds)
{
    struct fos_registration made;
    long error =
        fos_name_link(path, fos_alias(target), seconds * FOS_SECOND, &made);

    if (error)
        return complain(path, error);
    fos_clock_sleep(fos_now_ns() + seconds * FOS_SECOND);
    return 0;
}

static int serve(const char *path, unsigned seconds)
{
    static struct fos_mailbox inbox;
    struct fos_registration made;
    uint64_t deadline = fos_now_ns() + seconds * FOS_SECOND;
    char text[TEXT_MAX];
    uint32_t length;
    long error = fos_mailbox_create(&inbox, SLOTS);

    if (!error)
        error = fos_name_serve(path, inbox.cap, &made);
    if (error)
        return complain(path, error);
    while ((error = fos_msg_recv(&inbox, text, sizeof text, &length, deadline)) !=
           -FOS_ETIMEDOUT) {
        if (error == -FOS_EMSGSIZE)
            fos_msg_discard(&inbox);
        else if (!error)
            printf("%s: %.*s\n", path, (int)length, text);
    }
    error = fos_name_unregister(&made, &inbox);
    return error ? complain(path, error) : 0;
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return list();
    if (argc > 2 && !strcmp(argv[1], "lookup"))
        return lookup(argv + 2);
    if (argc == 5 && !strcmp(argv[1], "link"))
        return link_make(argv[2], argv[3], (unsigned)strtoul(argv[4], NULL, 10));
    if (argc == 4 && !strcmp(argv[1], "serve"))
        return serve(argv[2], (unsigned)strtoul(argv[3], NULL, 10));
    puts("usage: names [lookup PATH... | link PATH TARGET SECONDS | serve PATH "
         "SECONDS]");
    return 2;
}
