/* SPDX-License-Identifier: MIT */
/*
 * Users and groups: this system has one of each, root.  A change to another is
 * refused, never pretended.  newlib's getpwent reads /etc/passwd, this /etc/group.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { GROUP_LINE = 512, MEMBERS = 32 };

static struct {
    FILE *file;
    char line[GROUP_LINE];
    char *members[MEMBERS + 1];
    struct group entry;
} groups;

uid_t getuid(void)
{
    return 0;
}

uid_t geteuid(void)
{
    return 0;
}

gid_t getgid(void)
{
    return 0;
}

gid_t getegid(void)
{
    return 0;
}

/* -1 stands for no change where POSIX says so. */
static int only_root(unsigned id, int may_be_kept)
{
    if (id == 0 || (may_be_kept && id == (unsigned)-1))
        return 0;
    errno = ENOSYS;
    return -1;
}

int setuid(uid_t id)
{
    return only_root(id, 0);
}

int seteuid(uid_t id)
{
    return only_root(id, 0);
}

int setgid(gid_t id)
{
    return only_root(id, 0);
}

int setegid(gid_t id)
{
    return only_root(id, 0);
}

int setreuid(uid_t real, uid_t effective)
{
    return only_root(real, 1) | only_root(effective, 1);
}

int setregid(gid_t real, gid_t effective)
{
    return only_root(real, 1) | only_root(effective, 1);
}

int getgroups(int capacity, gid_t *list)
{
    if (capacity < 0) {
        errno = EINVAL;
        return -1;
    }
    if (capacity > 0)
        list[0] = 0;
    return 1;
}

int setgroups(int count, const gid_t *list)
{
    for (int i = 0; i < count; i++)
        if (only_root(list[i], 0))
            return -1;
    return 0;
}

int initgroups(const char *user, gid_t group)
{
    (void)user;
    return only_root(group, 0);
}

void setgrent(void)
{
    if (groups.file)
        rewind(groups.file);
}

void endgrent(void)
{
    if (groups.file)
        fclose(groups.file);
    groups.file = NULL;
}

/* name:password:number:member,member */
static struct group *parse(char *line)
{
    struct group *entry = &groups.entry;
    char *number, *members, *rest = line;
    int n = 0;

    line[strcspn(line, "\n")] = '\0';
    entry->gr_name = strsep(&rest, ":");
    entry->gr_passwd = strsep(&rest, ":");
    number = strsep(&rest, ":");
    members = strsep(&rest, ":");
    if (!number || !*number)
        return NULL;
    entry->gr_gid = (gid_t)strtoul(number, NULL, 10);
    while (members && *members && n < MEMBERS)
        groups.members[n++] = strsep(&members, ",");
    groups.members[n] = NULL;
    entry->gr_mem = groups.members;
    return entry;
}

struct group *getgrent(void)
{
    if (!groups.file)
        groups.file = fopen("/etc/group", "re");
    while (groups.file && fgets(groups.line, GROUP_LINE, groups.file)) {
        struct group *entry = parse(groups.line);
        if (entry)
            return entry;
    }
    return NULL;
}

struct group *getgrnam(const char *name)
{
    struct group *entry;

    setgrent();
    while ((entry = getgrent()) && strcmp(entry->gr_name, name) != 0)
        ;
    endgrent();
    return entry;
}

struct group *getgrgid(gid_t id)
{
    struct group *entry;

    setgrent();
    while ((entry = getgrent()) && entry->gr_gid != id)
        ;
    endgrent();
    return entry;
}

/* The strings of the entry go on in the caller's buffer: those of a line fit any of
 * its size. */
static int copy_out(const struct group *from, struct group *to, char *buffer,
                    size_t capacity, struct group **result)
{
    *result = NULL;
    if (!from)
        return 0;
    size_t name = strlen(from->gr_name) + 1, skip = -(uintptr_t)buffer & 7;
    if (capacity < skip + sizeof(char *) + name + 1)
        return ERANGE;
    char **members = (char **)(void *)(buffer + skip);
    members[0] = NULL;
    *to = *from;
    to->gr_name = memcpy((char *)(members + 1), from->gr_name, name);
    to->gr_passwd = to->gr_name + name - 1;
    to->gr_mem = members;
    *result = to;
    return 0;
}

int getgrnam_r(const char *name, struct group *entry, char *buffer, size_t capacity,
               struct group **result)
{
    return copy_out(getgrnam(name), entry, buffer, capacity, result);
}

int getgrgid_r(gid_t id, struct group *entry, char *buffer, size_t capacity,
               struct group **result)
{
    return copy_out(getgrgid(id), entry, buffer, capacity, result);
}

int getlogin_r(char *name, size_t capacity)
{
    const struct passwd *user = getpwuid(getuid());

    if (!user)
        return ENOENT;
    if (strlen(user->pw_name) >= capacity)
        return ERANGE;
    strcpy(name, user->pw_name);
    return 0;
}

/* Nobody is in any group but his own. */
int getgrouplist(const char *name, gid_t group, gid_t *groups, int *count);
int getgrouplist(const char *name, gid_t group, gid_t *groups, int *count)
{
    int room = *count;

    (void)name;
    *count = 1;
    if (room < 1)
        return -1;
    groups[0] = group;
    return 1;
}
