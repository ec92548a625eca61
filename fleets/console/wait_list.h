/* SPDX-License-Identifier: MIT */
/* What the lists of waiting calls share: in the order they came. */
#ifndef CONSOLE_WAIT_LIST_H
#define CONSOLE_WAIT_LIST_H

#include <string.h>

#include "wait.h"

#define LIST_REMOVE(list, count, i) \
    ((count)--,                     \
     memmove((list) + (i), (list) + (i) + 1, ((count) - (i)) * sizeof *(list)))

/* Whether the call waited here; it does no more. */
bool wait_input_cancel(const struct fos_caller *caller);
bool wait_output_cancel(const struct fos_caller *caller);

#endif
