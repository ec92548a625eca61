/* SPDX-License-Identifier: MIT */
/* What the threads of a process share in libfos and newlib: the heap, stdio, fleets. */
#include "crew.h"

#include <fos/name.h>

enum { PIECES = 40, TURNS = 300, LOOKUPS = 20, LINES = 50 };

static void *heap_body(void *argument)
{
    struct dice dice = dice_of((uintptr_t)argument);
    unsigned char *pieces[PIECES] = {0};
    size_t sizes[PIECES] = {0};
    const char *wrong = NULL;

    for (unsigned turn = 0; turn < TURNS; turn++) {
        uint32_t n = dice_below(&dice, PIECES);
        for (size_t i = 0; i < sizes[n]; i++)
            if (pieces[n][i] != (unsigned char)(n + (uintptr_t)argument))
                wrong = "overwritten";
        free(pieces[n]);
        sizes[n] = dice_below(&dice, 2000);
        pieces[n] = malloc(sizes[n]);
        if (!pieces[n]) {
            wrong = "no memory";
            break;
        }
        memset(pieces[n], (int)(n + (uintptr_t)argument), sizes[n]);
    }
    for (unsigned n = 0; n < PIECES; n++)
        free(pieces[n]);
    return (void *)wrong;
}

static void *text_body(void *argument)
{
    char text[64], want[64];

    for (int i = 0; i < LINES; i++) {
        snprintf(text, sizeof text, "%d:%.3f:%s", i, (double)i / 8, "abc");
        snprintf(want, sizeof want, "%d:%d.%03d:abc", i, i / 8, i % 8 * 125);
        if (strcmp(text, want) != 0)
            return "formats are mixed";
    }
    printf("# thread %d has formatted its lines\n", (int)(uintptr_t)argument);
    return NULL;
}

static void *fleet_body(void *argument)
{
    struct proc_entry entries[4];

    (void)argument;
    for (int i = 0; i < LOOKUPS; i++) {
        struct name_value value;
        if (fos_name_lookup(fos_alias("/no/such/name"), &value) != -FOS_ENOENT)
            return "a name that nobody has was found";
        if (fos_process_list(entries, 4) <= 0)
            return "no processes";
    }
    return NULL;
}

void test_shared(void)
{
    crew_run(CREW, heap_body); /* the heap grows to what it needs */
    case_begin("threads share the heap");
    crew_run(CREW, heap_body);
    case_end();
    case_begin("threads share stdio");
    crew_run(CREW, text_body);
    case_end();
    crew_run(CREW, fleet_body);
    case_begin("each thread calls fleets by mailboxes of its own, and leaves none");
    crew_run(CREW, fleet_body);
    case_end();
}
