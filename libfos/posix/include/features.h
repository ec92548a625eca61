/* SPDX-License-Identifier: MIT */
/* Some programs ask for it by this name. */
#ifndef FOS_POSIX_FEATURES_H
#define FOS_POSIX_FEATURES_H

#include <sys/features.h>

#endif
