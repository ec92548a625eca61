/* SPDX-License-Identifier: MIT */
#include <fos/error.h>

#include <errno.h>

const char *fos_strerror(long error)
{
    switch (error < 0 ? -error : error) {
    case 0:
        return "no error";
#define ERROR(name, number, sentence) \
    case number:                      \
        return sentence;
#include <fos/abi/errors.def>
#undef ERROR
    default:
        return "unknown error";
    }
}

long fos_errno(long result)
{
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}

/* "newlib's numbers": kept so by the compiler. */
#define ERROR(name, number, sentence) _Static_assert(name == number, #name);
#include <fos/abi/errors.def>
#undef ERROR
