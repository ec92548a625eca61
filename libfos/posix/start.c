/* SPDX-License-Identifier: MIT */
/* From the first instruction to main, and from its return to exit. */
#include <fos/start.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fos/syscall.h>
#include <fos/trace.h>

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

/* argv points into the start page's text. */
static char **arguments(struct fos_start *page)
{
    char **argv = calloc(page->argc + 1, sizeof *argv);
    char *text = page->text, *end = page->text + FOS_START_TEXT;

    if (!argv)
        fos_sys_exit(126);
    for (uint32_t i = 0; i < page->argc; i++) {
        if (text == end)
            fos_sys_exit(126);
        argv[i] = text;
        text += strnlen(text, (size_t)(end - text) - 1) + 1;
    }
    return argv;
}

_Noreturn void fos_start_main(struct fos_start *page,
                              int (*main)(int, char **, char **))
{
    fos_start_page = page;
    if (page->trace)
        fos_trace_begin((const struct fos_trace_control *)page->trace,
                        (struct fos_events_page *)page->events, page->text,
                        fos_sys_null);
    run(__preinit_array_start, __preinit_array_end);
    run(__init_array_start, __init_array_end);
    exit(main((int)page->argc, arguments(page), environ));
}
