/* SPDX-License-Identifier: MIT */
/* What there is: the programs of this system, and the keys of its terminal. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROGRAMS_MAX = 1024, COLUMNS = 80, GAP = 2, LABEL_MAX = 300, KIB = 1024 };

static const char folder[] = "/bin";

static const struct topic {
    const char *name, *text;
} topics[] = {
    {"help", "this"},
    {"top", "who runs where and what it does; --json for programs"},
    {"fos-top", "another name of top"},
    {"dmesg", "the log of kernel and fleets; -f goes on with what comes"},
    {"names", "what the naming fleet knows"},
    {"trace", "records what the system does meanwhile: trace PROGRAM"},
    {"echo-bench", "the messaging benchmark; echo-bench help"},
    {"sqlite3", "databases: sqlite3 FILE; .help there, .quit ends it"},
    {"lua", "the interpreter of Lua"},
    {"hello", "two processes that exchange messages: where to start from"},
};

static const char keys[] =
    "Ctrl-C interrupts, Ctrl-Z stops (fg, bg go on), Ctrl-D ends the input, Ctrl-S "
    "and\n"
    "Ctrl-Q stop and start output, Ctrl-V takes the next key as it is.  `exit` "
    "ends the\n"
    "shell and powers off; Ctrl-] leaves tools/run and xl's console.\n";

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Fleets and tests are no commands. */
static int is_command(const char *name)
{
    return name[0] != '.' && strncmp(name, "test-", 5) != 0;
}

/* A program whose source could not be had is not. */
static int is_there(const char *name)
{
    char path[LABEL_MAX];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, X_OK) == 0;
}

/* What is listed of a program, its size in KiB; of another name of one, the name. */
static char *label(const char *name)
{
    char text[LABEL_MAX];
    struct stat st;

    snprintf(text, sizeof text, "%s/%s", folder, name);
    if (lstat(text, &st) || !S_ISREG(st.st_mode))
        return strdup(name);
    snprintf(text, sizeof text, "%s %lluK", name,
             ((unsigned long long)st.st_size + KIB - 1) / KIB);
    return strdup(text);
}

static size_t programs_read(char **names)
{
    DIR *dir = opendir(folder);
    size_t count = 0;
    struct dirent *entry;

    if (!dir)
        return 0;
    while (count < PROGRAMS_MAX && (entry = readdir(dir)))
        if (is_command(entry->d_name) && (names[count] = label(entry->d_name)))
            count++;
    closedir(dir);
    qsort(names, count, sizeof *names, by_name);
    return count;
}

static size_t columns(void)
{
    struct winsize window;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) || !window.ws_col)
        return COLUMNS;
    return window.ws_col;
}

/* In lines that fit the window. */
static void programs_print(char **names, size_t count)
{
    size_t used = 0, most = columns();

    for (size_t i = 0; i < count; i++) {
        size_t width = strlen(names[i]) + GAP;
        if (used && used + width > most) {
            putchar('\n');
            used = 0;
        }
        printf("%s%*s", names[i], GAP, "");
        used += width;
    }
    putchar('\n');
}

int main(void)
{
    static char *names[PROGRAMS_MAX];
    size_t count = programs_read(names);

    printf("fos: services are processes that talk by messages.\n\n");
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        if (is_there(topics[i].name))
            printf("  %-12s%s\n", topics[i].name, topics[i].text);
    printf("\nAll programs, in %s, with their sizes, and their other names:\n",
           folder);
    if (count)
        programs_print(names, count);
    else
        printf("  cannot be read: %s\n", strerror(errno));
    printf("\n%s", keys);
    return 0;
}
