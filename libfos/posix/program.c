/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <string.h>

#include <fos/start.h>

const char *fos_program_name(void)
{
    const struct fos_start *page = fos_start_page;
    const char *path, *slash;

    if (!page || !page->block || page->argc == 0)
        return "?";
    path = (const char *)page->block;
    slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}
