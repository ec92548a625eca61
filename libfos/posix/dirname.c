/* SPDX-License-Identifier: MIT */
/* newlib's takes only one of several slashes away. */
#include <libgen.h>
#include <string.h>

static char *without_slashes(char *path, char *end)
{
    while (end > path && end[-1] == '/')
        end--;
    return end;
}

char *dirname(char *path)
{
    static char here[] = ".", root[] = "/";
    char *end;

    if (!path || !*path)
        return here;
    end = without_slashes(path, path + strlen(path));
    if (end == path)
        return root;
    while (end > path && end[-1] != '/')
        end--;
    if (end == path)
        return here;
    end = without_slashes(path, end);
    if (end == path)
        return root;
    *end = '\0';
    return path;
}
