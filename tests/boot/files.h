/* SPDX-License-Identifier: MIT */
/* Scenarios of files: each case leaves the file system as it found it, which is asked
 * of the file system itself (it keeps frames for later). */
#ifndef TESTS_BOOT_FILES_H
#define TESTS_BOOT_FILES_H

#include <errno.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "scenario.h"

static struct statvfs files_before;

static inline void files_begin(const char *sentence)
{
    case_sentence = sentence;
    case_why[0] = '\0';
    CASE_EQUAL(statvfs("/", &files_before), 0);
}

/* Others, told of the end of a process as the file system is, may still be at it. */
static inline bool files_balanced(struct statvfs *now)
{
    for (int i = 0; i < 100; i++) {
        if (statvfs("/", now) == 0 && now->f_ffree == files_before.f_ffree &&
            now->f_bfree == files_before.f_bfree)
            return true;
        usleep(10000);
    }
    return false;
}

static inline void files_end(void)
{
    struct statvfs now = {0};

    if (!files_balanced(&now))
        case_fail("not given back: %ld files, %ld pages",
                  (long)(files_before.f_ffree - now.f_ffree),
                  (long)(files_before.f_bfree - now.f_bfree));
    if (case_why[0]) {
        printf("FAIL %s: %s\n", case_sentence, case_why);
        case_failures++;
    } else {
        printf("ok %s\n", case_sentence);
    }
    fflush(stdout);
}

#define FAILS(call, error)        \
    do {                          \
        errno = 0;                \
        CASE_EQUAL(call, -1);     \
        CASE_EQUAL(errno, error); \
    } while (0)

#endif
