/* SPDX-License-Identifier: MIT */
/* Byte order by the names Linux and BSD have. */
#ifndef FOS_POSIX_ENDIAN_H
#define FOS_POSIX_ENDIAN_H

#include <machine/endian.h>

#define __LITTLE_ENDIAN 1234
#define __BIG_ENDIAN    4321
#define __BYTE_ORDER    __LITTLE_ENDIAN
#define htobe16(x)      __builtin_bswap16(x)
#define htobe32(x)      __builtin_bswap32(x)
#define htobe64(x)      __builtin_bswap64(x)
#define be16toh(x)      __builtin_bswap16(x)
#define be32toh(x)      __builtin_bswap32(x)
#define be64toh(x)      __builtin_bswap64(x)
#define htole16(x)      (x)
#define htole32(x)      (x)
#define htole64(x)      (x)
#define le16toh(x)      (x)
#define le32toh(x)      (x)
#define le64toh(x)      (x)

#endif
