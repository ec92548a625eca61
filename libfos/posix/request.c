/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fos/proto/fs.h>

enum { SCRIPT_DEPTH = 4, SCRIPT_LINE = 256 };

/* ---- where the program is ---- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool stands_in(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    return !strncmp(path, folder, length) && !strchr(path + length, '/');
}

/* The name in the boot archive, whose files lie in one folder, of a file that is there.
 * Links from elsewhere may have other names than what they lead to. */
static long archive_name(char name[PROC_NAME_MAX], const char *path)
{
    char real[PATH_MAX];

    if (!stands_in(path, "/bin/") && !stands_in(path, "/boot/") &&
        !stands_in(path, "/usr/bin/")) {
        if (!realpath(path, real))
            return -errno;
        path = real;
    }
    if (strlen(last_part(path)) >= PROC_NAME_MAX)
        return -FOS_ENOENT;
    strcpy(name, last_part(path));
    return 0;
}

static long file_map(struct program_request *r, int fd, size_t size)
{
    size_t done = 0;

    r->image = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                    -1, 0);
    if (r->image == MAP_FAILED) {
        r->image = NULL;
        return -FOS_ENOMEM;
    }
    r->image_room = size;
    while (done < size) {
        ssize_t got = read(fd, (char *)r->image + done, size - done);
        if (got <= 0)
            return got ? -errno : -FOS_ENOEXEC;
        done += (size_t)got;
    }
    return 0;
}

static long file_read(struct program_request *r, struct proc_image *what,
                      const char *path, const struct stat *st)
{
    int fd;
    long error;

    if (st->st_size <= 0)
        return -FOS_ENOEXEC;
    if (st->st_size > PROC_IMAGE_MAX)
        return -FOS_ENOMEM;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    error = file_map(r, fd, (size_t)st->st_size);
    close(fd);
    what->image = (uint64_t)r->image;
    what->image_size = (uint32_t)st->st_size;
    strncpy(what->path, last_part(path), sizeof what->path - 1);
    return error;
}

static long program_find(struct program_request *r, struct proc_image *what,
                         const char *path)
{
    struct stat st;

    if (!*path)
        return -FOS_ENOENT;
    if (stat(path, &st)) /* without a filesystem there is the archive alone */
        return errno == ENOSYS ? archive_name(what->path, path) : -errno;
    if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
        return -FOS_EACCES;
    return st.st_dev == FS_DEV_BOOT && !r->whole ? archive_name(what->path, path)
                                                 : file_read(r, what, path, &st);
}

/* ---- scripts ---- */

static void image_forget(struct program_request *r, struct proc_image *what)
{
    if (r->image)
        munmap(r->image, r->image_room);
    r->image = NULL;
    what->image = 0;
    what->image_size = 0;
}

static size_t count_of(char *const strings[])
{
    size_t count = 0;

    while (strings && strings[count])
        count++;
    return count;
}

/* "#! interpreter [argument]", to be called with the script's path and arguments. */
static long script_take(struct program_request *r, const struct proc_image *what,
                        const char *path, char *const argv[])
{
    const char *text = r->image;
    size_t length = what->image_size < SCRIPT_LINE ? what->image_size : SCRIPT_LINE;
    size_t count = count_of(argv), at = 0;
    char **vector = malloc((count + 4) * sizeof *vector);
    char *line = strndup(text + 2, length - 2), *end, *rest;

    free(r->interpreter);
    free(r->argv);
    r->interpreter = line;
    r->argv = vector;
    if (!vector || !line)
        return -FOS_ENOMEM;
    end = strchr(line, '\n');
    if (!end)
        return -FOS_ENOEXEC;
    *end = '\0';
    vector[at++] = strtok_r(line, " \t\r", &rest);
    if (!vector[0])
        return -FOS_ENOEXEC;
    if (rest)
        rest += strspn(rest, " \t\r");
    if (rest && *rest)
        vector[at++] = rest;
    vector[at++] = (char *)path;
    for (size_t i = 1; i < count; i++)
        // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there are `count`
        vector[at++] = argv[i];
    vector[at] = NULL;
    return 0;
}

static bool is_script(const struct program_request *r,
                      const struct proc_image *what)
{
    return r->image && what->image_size > 2 && !memcmp(r->image, "#!", 2);
}

/* ---- the block ---- */

static long strings_size(char *const strings[], uint32_t *count, uint64_t *size)
{
    *count = 0;
    for (; strings && strings[*count]; ++*count) {
        *size += strlen(strings[*count]) + 1;
        if (*count >= PROC_ARGS_MAX || *size > PROC_TEXT_MAX)
            return -FOS_E2BIG;
    }
    return 0;
}

static char *strings_put(char *at, char *const strings[], uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        at = stpcpy(at, strings[i]) + 1;
    return at;
}

static long block_make(struct program_request *r, struct proc_image *what,
                       char *const argv[], char *const envp[])
{
    uint64_t size = 0, text;
    long error = strings_size(argv, &what->argc, &size);

    if (!error)
        error = strings_size(envp, &what->envc, &size);
    if (error)
        return error;
    text = (size + FOS_START_ALIGN - 1) & ~(uint64_t)(FOS_START_ALIGN - 1);
    if (text + r->inherit.size > FOS_START_BLOCK_MAX)
        return -FOS_E2BIG;
    r->block = calloc(1, text + r->inherit.size + FOS_START_ALIGN);
    if (!r->block)
        return -FOS_ENOMEM;
    strings_put(strings_put((char *)r->block, argv, what->argc), envp, what->envc);
    if (r->inherit.size)
        memcpy(r->block + text, r->inherit.bytes, r->inherit.size);
    what->block = (uint64_t)r->block;
    what->text_size = (uint32_t)size;
    what->inherit_size = r->inherit.size;
    return 0;
}

static long inherit_make(struct program_request *r,
                         const struct program_item *extra)
{
    long error = fos_inherit_gather(&r->inherit);

    if (!error && extra)
        error = fos_inherit_put(&r->inherit, extra->kind, extra->data, extra->size);
    return error;
}

/* ---- the whole ---- */

static long program_resolve(struct program_request *r, struct proc_image *what,
                            const char *path, char *const **argv)
{
    long error = program_find(r, what, path);

    for (int depth = 0; !error && is_script(r, what); depth++) {
        if (depth == SCRIPT_DEPTH)
            return -FOS_ELOOP;
        error = script_take(r, what, path, *argv);
        image_forget(r, what);
        if (error)
            return error;
        *argv = r->argv;
        path = r->argv[0];
        error = program_find(r, what, path);
    }
    return error;
}

long program_request(struct program_request *r, struct proc_image *what,
                     const struct program_call *call, bool read)
{
    char *const *argv = call->argv;
    long error;

    *r = (struct program_request){.whole = read};
    *what = (struct proc_image){0};
    error = program_resolve(r, what, call->path, &argv);
    if (!error)
        error = inherit_make(r, call->extra);
    if (!error)
        error = block_make(r, what, argv, call->envp);
    if (error)
        program_request_end(r);
    return error;
}

static long send_once(const struct program_call *call,
                      long (*send)(const struct proc_image *what, void *argument),
                      void *argument, bool read, bool *named)
{
    struct program_request r;
    struct proc_image what;
    long error = program_request(&r, &what, call, read);

    *named = false;
    if (error)
        return error;
    *named = !what.image_size;
    error = send(&what, argument);
    program_request_end(&r);
    return error;
}

long program_send(const struct program_call *call,
                  long (*send)(const struct proc_image *what, void *argument),
                  void *argument)
{
    bool named;
    long error = send_once(call, send, argument, false, &named);

    if (error == -FOS_ENOEXEC && named)
        error = send_once(call, send, argument, true, &named);
    return error;
}

void program_request_end(struct program_request *r)
{
    if (r->image)
        munmap(r->image, r->image_room);
    free(r->inherit.bytes);
    free(r->block);
    free(r->interpreter);
    free(r->argv);
    *r = (struct program_request){0};
}
