/* SPDX-License-Identifier: MIT */
#include <sys/utime.h>
