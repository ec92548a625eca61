/* SPDX-License-Identifier: MIT */
/* Error numbers, expanded from errors.def: FOS_EPERM, FOS_EAGAIN, ... */
#ifndef FOS_ABI_ERRORS_H
#define FOS_ABI_ERRORS_H

enum fos_error {
#define ERROR(name, number, sentence) FOS_##name = number,
#include <fos/abi/errors.def>
#undef ERROR
};

#endif
