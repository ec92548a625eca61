/* SPDX-License-Identifier: MIT */
/*
 * The system calls of sleeping and waking, as far as they take part in a model.  Time
 * passes when nothing else can happen: a wait with a deadline ends at once.  The id of a
 * channel is here the thread at its other end, but with MODEL_OWN_NOTIFY.
 */
#ifndef MODEL_KERNEL_H
#define MODEL_KERNEL_H

#include <fos/abi/types.h>

/* The events of a thread, in the model's memory. */
struct fos_events *model_events(uint32_t thread);

/* Sets one of them. */
void model_event(int thread, enum fos_event event);

#endif
