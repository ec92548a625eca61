/* SPDX-License-Identifier: MIT */
/*
 * Reading a cpio archive of the "newc" format, as the boot archive is: headers of
 * 13 hexadecimal fields, each followed by the file's name and bytes, both padded to
 * four.  Zero bytes, a multiple of four, may stand before a header.
 *
 *     struct cpio_entry e;
 *     uint64_t at = 0;
 *     while ((result = cpio_next(archive, size, &at, &e, &why)) == 0)
 *         use(e.name, e.data, e.size);
 *
 * Nothing outside the archive is read, nothing is allocated.  Every entry handed
 * out has a NUL-terminated name of 1 to CPIO_NAME_MAX bytes, relative and without
 * "..", and its size bytes at data lie inside the archive.
 */
#ifndef FOS_FORMAT_CPIO_H
#define FOS_FORMAT_CPIO_H

#include <fos/abi/errors.h>
#include <stdint.h>

enum {
    CPIO_HEADER = 110,
    CPIO_NAME_MAX = 255,
    CPIO_MODE_TYPE = 0170000,
    CPIO_MODE_FILE = 0100000,
    CPIO_MODE_LINK = 0120000, /* its bytes are the target */
};

/* Offsets of the header's fields, eight hexadecimal digits each. */
enum cpio_field {
    CPIO_FIELD_MODE = 14,
    CPIO_FIELD_FILE_SIZE = 54,
    CPIO_FIELD_NAME_SIZE = 94,
};

struct cpio_entry {
    const char *name; /* NUL-terminated, inside the archive */
    const void *data;
    uint64_t size; /* bytes */
    uint32_t name_length;
    uint32_t mode; /* st_mode */
};

static inline int cpio_refuse(const char **why, const char *reason)
{
    *why = reason;
    return -FOS_EINVAL;
}

/* Eight hexadecimal digits; false for anything else. */
static inline int cpio_hex(const char *digits, uint32_t *value)
{
    uint32_t v = 0;
    for (int i = 0; i < 8; i++) {
        unsigned char c = (unsigned char)digits[i];
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            digit = (c | 32) - 'a' + 10;
        else
            return 0;
        v = v << 4 | digit;
    }
    *value = v;
    return 1;
}

static inline int cpio_header_is_sound(const char *h)
{
    uint32_t ignored;
    for (int at = 6; at < CPIO_HEADER; at += 8)
        if (!cpio_hex(h + at, &ignored))
            return 0;
    return 1;
}

/* `name` has `length` bytes and a NUL behind them. */
static inline int cpio_check_name(const char *name, uint32_t length,
                                  const char **why)
{
    if (length == 0)
        return cpio_refuse(why, "an entry has no name");
    if (name[0] == '/')
        return cpio_refuse(why, "a name begins with a slash");
    uint32_t part = 0; /* where the present component begins */
    for (uint32_t i = 0; i <= length; i++) {
        if (i < length && name[i] == '\0')
            return cpio_refuse(why, "a name has a NUL inside");
        if (i < length && name[i] != '/')
            continue;
        if (i - part == 2 && name[part] == '.' && name[part + 1] == '.')
            return cpio_refuse(why, "a name climbs with \"..\"");
        part = i + 1;
    }
    return 0;
}

static inline uint64_t cpio_pad(uint64_t offset)
{
    return (offset + 3) & ~3ull;
}

/* Takes the entry apart whose header, of `left` bytes, is at `offset`. */
static inline int cpio_read(const char *archive, uint64_t size, uint64_t *offset,
                            struct cpio_entry *entry, const char **why)
{
    const char *h = archive + *offset;
    uint32_t name_size = 0, file_size = 0, mode = 0;
    if (__builtin_memcmp(h, "070701", 6) != 0)
        return cpio_refuse(why, "an entry does not begin with 070701");
    if (!cpio_header_is_sound(h))
        return cpio_refuse(why, "a header field is not hexadecimal");
    cpio_hex(h + CPIO_FIELD_MODE, &mode);
    cpio_hex(h + CPIO_FIELD_FILE_SIZE, &file_size);
    cpio_hex(h + CPIO_FIELD_NAME_SIZE, &name_size);

    uint64_t name_at = *offset + CPIO_HEADER;
    if (name_size == 0 || name_size > CPIO_NAME_MAX + 1)
        return cpio_refuse(why, "a name is empty or too long");
    if (name_size > size - name_at)
        return cpio_refuse(why, "the archive ends inside a name");
    uint64_t data_at = cpio_pad(name_at + name_size);
    if (data_at > size || file_size > size - data_at)
        return cpio_refuse(why, "the archive ends inside a file");
    if (archive[name_at + name_size - 1] != '\0')
        return cpio_refuse(why, "a name is not terminated");
    *entry = (struct cpio_entry){
        .name = archive + name_at,
        .data = archive + data_at,
        .size = file_size,
        .name_length = name_size - 1,
        .mode = mode,
    };
    *offset = cpio_pad(data_at + file_size);
    return cpio_check_name(entry->name, entry->name_length, why);
}

static inline int cpio_is_named(const struct cpio_entry *entry, const char *name)
{
    uint32_t i = 0;
    while (name[i] != '\0' && entry->name[i] == name[i])
        i++;
    return entry->name[i] == name[i];
}

static inline void cpio_skip_zeros(const char *archive, uint64_t size,
                                   uint64_t *offset)
{
    uint32_t word = 0;

    while (*offset < size && size - *offset >= sizeof word) {
        __builtin_memcpy(&word, archive + *offset, sizeof word);
        if (word)
            return;
        *offset += sizeof word;
    }
}

/*
 * The entry at *offset (0 at first), which is moved behind it.  Gives 0, or 1 at
 * the archive's end mark, or -FOS_EINVAL with a short sentence in *why.
 */
static inline int cpio_next(const void *archive, uint64_t size, uint64_t *offset,
                            struct cpio_entry *entry, const char **why)
{
    cpio_skip_zeros(archive, size, offset);
    if (*offset > size || size - *offset < CPIO_HEADER)
        return cpio_refuse(why, "the archive ends without its end mark");
    int error = cpio_read(archive, size, offset, entry, why);
    if (error)
        return error;
    return cpio_is_named(entry, "TRAILER!!!");
}

/*
 * The first regular file called `name`.  Gives 0, -FOS_ENOENT, or -FOS_EINVAL when
 * the archive is malformed before such a file.
 */
static inline int cpio_find(const void *archive, uint64_t size, const char *name,
                            struct cpio_entry *entry)
{
    uint64_t offset = 0;
    const char *why;
    int result;
    while ((result = cpio_next(archive, size, &offset, entry, &why)) == 0)
        if ((entry->mode & CPIO_MODE_TYPE) == CPIO_MODE_FILE &&
            cpio_is_named(entry, name))
            return 0;
    return result < 0 ? result : -FOS_ENOENT;
}

#endif
