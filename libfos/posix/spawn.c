/* SPDX-License-Identifier: MIT */
/*
 * posix_spawn without a copy of the caller: the process fleet starts the program with
 * the caller's descriptors and signals, and the child does, before main, what the file
 * actions and the attributes ask for; what of them fails ends it with status 127.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fos/signal.h>
#include <fos/start.h>

#include "fork.h"
#include "request.h"

struct __posix_spawnattr {
    short flags;
    pid_t group;
    sigset_t defaults, mask;
    int policy, priority;
};

enum action_kind { ACTION_CLOSE, ACTION_DUP2, ACTION_OPEN };

struct action {
    uint32_t kind;     /* enum action_kind */
    int32_t fd, other; /* other: of dup2, the new one; of open, the flags */
    uint32_t mode;
    uint32_t path_size; /* bytes behind the struct, with the NUL; padded to 8 */
    uint32_t reserved;
};

struct __posix_spawn_file_actions {
    uint8_t *bytes;
    size_t size;
};

/* What the child does, before the actions. */
struct head {
    uint64_t defaults, mask;
    uint32_t flags;
    uint32_t reserved;
};

/* ---- attributes ---- */

int posix_spawnattr_init(posix_spawnattr_t *attr)
{
    *attr = calloc(1, sizeof **attr);
    return *attr ? 0 : ENOMEM;
}

int posix_spawnattr_destroy(posix_spawnattr_t *attr)
{
    free(*attr);
    return 0;
}

int posix_spawnattr_getflags(const posix_spawnattr_t *restrict attr,
                             short *restrict out)
{
    *out = (*attr)->flags;
    return 0;
}

int posix_spawnattr_setflags(posix_spawnattr_t *attr, short flags)
{
    (*attr)->flags = flags;
    return 0;
}

int posix_spawnattr_getpgroup(const posix_spawnattr_t *restrict attr,
                              pid_t *restrict out)
{
    *out = (*attr)->group;
    return 0;
}

int posix_spawnattr_setpgroup(posix_spawnattr_t *attr, pid_t group)
{
    (*attr)->group = group;
    return 0;
}

int posix_spawnattr_getsigdefault(const posix_spawnattr_t *restrict attr,
                                  sigset_t *restrict out)
{
    *out = (*attr)->defaults;
    return 0;
}

int posix_spawnattr_setsigdefault(posix_spawnattr_t *restrict attr,
                                  const sigset_t *restrict set)
{
    (*attr)->defaults = *set;
    return 0;
}

int posix_spawnattr_getsigmask(const posix_spawnattr_t *restrict attr,
                               sigset_t *restrict out)
{
    *out = (*attr)->mask;
    return 0;
}

int posix_spawnattr_setsigmask(posix_spawnattr_t *restrict attr,
                               const sigset_t *restrict set)
{
    (*attr)->mask = *set;
    return 0;
}

/* There is one way of scheduling. */
int posix_spawnattr_setschedpolicy(posix_spawnattr_t *attr, int policy)
{
    (void)attr, (void)policy;
    return ENOSYS;
}

int posix_spawnattr_setschedparam(posix_spawnattr_t *restrict attr,
                                  const struct sched_param *restrict param)
{
    (void)attr, (void)param;
    return ENOSYS;
}

/* ---- file actions ---- */

int posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions)
{
    *actions = calloc(1, sizeof **actions);
    return *actions ? 0 : ENOMEM;
}

int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions)
{
    free((*actions)->bytes);
    free(*actions);
    return 0;
}

static size_t padded(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

static int action_add(struct __posix_spawn_file_actions *to,
                      const struct action *action, const char *path)
{
    size_t more = sizeof *action + padded(action->path_size);
    uint8_t *bytes;

    if (action->fd < 0)
        return EBADF;
    bytes = realloc(to->bytes, to->size + more);
    if (!bytes)
        return ENOMEM;
    to->bytes = bytes;
    memset(bytes + to->size, 0, more);
    memcpy(bytes + to->size, action, sizeof *action);
    if (path)
        memcpy(bytes + to->size + sizeof *action, path, action->path_size);
    to->size += more;
    return 0;
}

int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *actions, int fd)
{
    return action_add(*actions, &(struct action){.kind = ACTION_CLOSE, .fd = fd},
                      NULL);
}

int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int fd,
                                     int other)
{
    if (other < 0)
        return EBADF;
    return action_add(
        *actions, &(struct action){.kind = ACTION_DUP2, .fd = fd, .other = other},
        NULL);
}

int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *restrict actions,
                                     int fd, const char *restrict path, int flags,
                                     mode_t mode)
{
    return action_add(*actions,
                      &(struct action){.kind = ACTION_OPEN,
                                       .fd = fd,
                                       .other = flags,
                                       .mode = mode,
                                       .path_size = (uint32_t)strlen(path) + 1},
                      path);
}

/* ---- the child ---- */

static int file_open(const struct action *a, const char *path)
{
    int fd = open(path, a->other, (mode_t)a->mode);

    if (fd < 0 || fd == a->fd)
        return fd;
    int result = dup2(fd, a->fd);
    close(fd);
    return result;
}

static int action_do(const struct action *a)
{
    switch (a->kind) {
    case ACTION_CLOSE:
        close(a->fd);
        return 0;
    case ACTION_DUP2:
        if (a->fd == a->other)
            return fcntl(a->fd, F_SETFD, 0);
        return dup2(a->fd, a->other);
    default:
        return file_open(a, (const char *)(a + 1));
    }
}

static void signals_do(const struct head *head)
{
    struct sigaction action = {.sa_handler = SIG_DFL};

    for (int n = 1; n < NSIG; n++)
        if (head->flags & POSIX_SPAWN_SETSIGDEF && head->defaults >> (n - 1) & 1)
            sigaction(n, &action, NULL);
    if (head->flags & POSIX_SPAWN_SETSIGMASK)
        sigprocmask(SIG_SETMASK, &(sigset_t){head->mask}, NULL);
}

/* The item was written by another process: nothing of it is beyond its end. */
void fos_spawn_begin(void)
{
    uint32_t size, at = sizeof(struct head);
    const uint8_t *item = fos_inherit_get(FOS_INHERIT_ACTIONS, &size);

    if (!item || size < sizeof(struct head))
        return;
    signals_do((const struct head *)item);
    while (size - at >= sizeof(struct action)) {
        const struct action *a = (const void *)(item + at);
        at += (uint32_t)sizeof *a;
        if (a->path_size > size - at || padded(a->path_size) > size - at ||
            (a->kind == ACTION_OPEN &&
             (!a->path_size || ((const char *)(a + 1))[a->path_size - 1])))
            _exit(127);
        if (action_do(a) < 0)
            _exit(127);
        at += (uint32_t)padded(a->path_size);
    }
}

/* ---- the parent ---- */

struct wanted {
    struct proc_spawn_req req;
    struct proc_spawn_rep rep;
};

static long spawn_send(const struct proc_image *what, void *argument)
{
    struct wanted *w = argument;

    w->req.what = *what;
    return proc_spawn_call(fos_proc_peer(), &w->req, &w->rep, FOS_NEVER);
}

static uint64_t group_of(const struct __posix_spawnattr *attr)
{
    if (!attr || !(attr->flags & POSIX_SPAWN_SETPGROUP))
        return PROC_GROUP_SAME;
    return attr->group ? (uint64_t)attr->group : PROC_GROUP_NEW;
}

static uint8_t *item_make(const struct __posix_spawn_file_actions *actions,
                          const struct __posix_spawnattr *attr, uint32_t *size)
{
    size_t more = actions ? actions->size : 0;
    struct head *head = calloc(1, sizeof *head + more);

    if (!head)
        return NULL;
    if (attr) {
        head->defaults = attr->defaults;
        head->mask = attr->mask;
        head->flags = (uint32_t)attr->flags;
    }
    if (more)
        memcpy(head + 1, actions->bytes, more);
    *size = (uint32_t)(sizeof *head + more);
    return (uint8_t *)head;
}

int posix_spawn(pid_t *restrict pid, const char *restrict path,
                const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *restrict attr, char *const argv[],
                char *const envp[])
{
    struct wanted w = {.req = {.self = fos_own_space(),
                               .group = group_of(attr ? *attr : NULL),
                               .vcpu = PROC_VCPU_ANY}};
    struct program_item item = {.kind = FOS_INHERIT_ACTIONS};
    struct program_call call = {
        .path = path, .argv = argv, .envp = envp, .extra = &item};
    uint8_t *bytes =
        item_make(actions ? *actions : NULL, attr ? *attr : NULL, &item.size);

    if (!bytes)
        return ENOMEM;
    item.data = bytes;
    fos_signals_hold();
    long error = program_send(&call, spawn_send, &w);
    fos_signals_release();
    free(bytes);
    if (error < 0)
        return error == -FOS_EDQUOT ? EAGAIN : (int)-error;
    if (pid)
        *pid = (pid_t)w.rep.pid;
    return 0;
}

static const char *path_next(const char **list, char *to, size_t size,
                             const char *name)
{
    const char *from = *list, *end;
    size_t length;

    if (!from)
        return NULL;
    end = strchr(from, ':');
    if (!end)
        end = from + strlen(from);
    length = (size_t)(end - from);
    *list = *end ? end + 1 : NULL;
    if (length + strlen(name) + 2 > size)
        return "";
    memcpy(to, from, length);
    strcpy(to + length, length ? "/" : "");
    return strcat(to, name);
}

int posix_spawnp(pid_t *restrict pid, const char *restrict file,
                 const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *restrict attr, char *const argv[],
                 char *const envp[])
{
    const char *list = getenv("PATH"), *path;
    int error = ENOENT, result;
    char buffer[1024];

    if (strchr(file, '/'))
        return posix_spawn(pid, file, actions, attr, argv, envp);
    if (!list)
        list = "/bin";
    while ((path = path_next(&list, buffer, sizeof buffer, file))) {
        result = *path ? posix_spawn(pid, path, actions, attr, argv, envp) : ENOENT;
        if (result == 0 ||
            (result != ENOENT && result != EACCES && result != ENOTDIR))
            return result;
        if (result == EACCES)
            error = EACCES;
    }
    return error;
}
