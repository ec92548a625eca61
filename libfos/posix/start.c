/* SPDX-License-Identifier: MIT */
/* From the first instruction to main, and from its return to exit. */
#include <fos/start.h>

#include <alloca.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fos/part.h>
#include <fos/syscall.h>
#include <fos/thread.h>
#include <fos/trace.h>

#include "fd.h"
#include "fork.h"
#include "signals.h"

struct fos_start *fos_start_page;
char **environ = (char *[]){NULL};

extern void (*__preinit_array_start[])(void), (*__preinit_array_end[])(void);
extern void (*__init_array_start[])(void), (*__init_array_end[])(void);

/* newlib's exit calls it after the destructors of .fini_array; there is nothing
 * else. */
void _fini(void);
void _fini(void)
{
}

struct fos_cap fos_start_extra(unsigned n)
{
    if (n >= fos_start_page->extra || n >= FOS_START_CAPS - FOS_START_EXTRA)
        return (struct fos_cap){0};
    return fos_start_page->caps[FOS_START_EXTRA + n];
}

static void run(void (**from)(void), void (**end)(void))
{
    while (from < end)
        (*from++)();
}

/* The next of the block's strings: in the block, or empty when there is none. */
static char *string_next(char **text, const char *end)
{
    char *string = *text;

    if (string >= end)
        return "";
    *text += strnlen(string, (size_t)(end - string) - 1) + 1;
    return string;
}

static void strings_take(char **to, uint32_t count, char **text, const char *end)
{
    for (uint32_t i = 0; i < count; i++)
        to[i] = string_next(text, end);
    to[count] = NULL;
}

/* Whatever the block holds, strings end inside it. */
static void text_seal(const struct fos_start *page)
{
    if (page->block && page->text_size)
        ((char *)page->block)[page->text_size - 1] = '\0';
}

/* The first thread's storage lies at the beginning of its stack, so that a forked child
 * has a copy of it.  Nothing thread-local may be touched before. */
static void thread_begin(void *storage)
{
    struct fos_thread_identity identity = fos_thread_first();
    void *tls;

    memset(storage, 0, fos_tls_size());
    tls = fos_tls_lay(storage);
    if (fos_sys_thread_control(identity.cap, FOS_THREAD_TLS, (uint64_t)tls) < 0)
        fos_sys_exit(126);
    fos_thread_bind(&identity);
}

_Noreturn void fos_start_main(struct fos_start *page,
                              int (*main)(int, char **, char **))
{
    char *text = (char *)page->block, *end = text + (text ? page->text_size : 0);
    char **vector = alloca((page->argc + page->envc + 2ul) * sizeof *vector);

    fos_start_page = page;
    thread_begin(alloca(fos_tls_size()));
    signals_begin();
    if (page->trace)
        fos_trace_begin((const struct fos_trace_control *)page->trace,
                        (struct fos_events_page *)page->events, page->name,
                        fos_sys_null);
    text_seal(page);
    strings_take(vector, page->argc, &text, end);
    environ = vector + page->argc + 1;
    strings_take(environ, page->envc, &text, end);
    run(__preinit_array_start, __preinit_array_end);
    run(__init_array_start, __init_array_end);
    if (page->inherit_size) {
        fos_inherit_take();
        fos_spawn_begin();
        fos_fd_close_on_exec();
    }
    exit(main((int)page->argc, vector, environ));
}
