/* SPDX-License-Identifier: MIT */
/* Prints the log: what kernel and fleets have written, each line with its time.  -f: and
 * goes on with what comes. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <fos/clock.h>
#include <fos/console.h>
#include <fos/error.h>

enum { LOOK_MICROSECONDS = 250000 };

/* What there is from *from on.  0, or a negated error. */
static long log_print(uint64_t *from)
{
    char text[2048];
    long length;

    while ((length = fos_console_log(from, text, sizeof text)) > 0)
        fwrite(text, 1, (size_t)length, stdout);
    fflush(stdout);
    return length;
}

int main(int argc, char **argv)
{
    bool follow = argc == 2 && strcmp(argv[1], "-f") == 0;
    uint64_t from = 0;
    long error;

    if (argc > 1 && !follow) {
        fprintf(stderr, "usage: dmesg [-f]\n");
        return 2;
    }
    while ((error = log_print(&from)) == 0 && follow)
        usleep(LOOK_MICROSECONDS);
    if (error)
        fprintf(stderr, "dmesg: %s\n", fos_strerror(error));
    return error != 0;
}
