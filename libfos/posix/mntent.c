/* SPDX-License-Identifier: MIT */
/* The list of what is mounted: lines of six words. */
#include <mntent.h>

#include <stdlib.h>
#include <string.h>

enum { LINE = 1024 };

FILE *setmntent(const char *path, const char *mode)
{
    return fopen(path, mode);
}

int endmntent(FILE *file)
{
    fclose(file);
    return 1;
}

struct mntent *getmntent(FILE *file)
{
    static char line[LINE];
    static struct mntent entry;
    char *word[6], *rest;

    while (fgets(line, LINE, file)) {
        int n = 0;
        for (char *at = strtok_r(line, " \t\n", &rest); at && n < 6;
             at = strtok_r(NULL, " \t\n", &rest))
            word[n++] = at;
        if (n < 4 || word[0][0] == '#')
            continue;
        entry = (struct mntent){word[0],
                                word[1],
                                word[2],
                                word[3],
                                n > 4 ? atoi(word[4]) : 0,
                                n > 5 ? atoi(word[5]) : 0};
        return &entry;
    }
    return NULL;
}

char *hasmntopt(const struct mntent *entry, const char *option)
{
    size_t length = strlen(option);

    for (char *at = entry->mnt_opts; (at = strstr(at, option)); at += length)
        if ((at == entry->mnt_opts || at[-1] == ',') &&
            (!at[length] || at[length] == ',' || at[length] == '='))
            return at;
    return NULL;
}
