/* SPDX-License-Identifier: MIT */
/* The archive reader: well-made archives, each refusal, and mutated archives. */
#include <fos/format/cpio.h>

#include "unit.h"

enum {
    ARCHIVE_MAX = 4096,
    FILE_MODE = CPIO_MODE_FILE | 0644,
    FOLDER_MODE = 0040755
};

struct archive {
    uint64_t size;
    char bytes[ARCHIVE_MAX];
};

static void archive_pad(struct archive *a)
{
    while (a->size % 4)
        a->bytes[a->size++] = 0;
}

/* `name_size` counts the NUL, and whatever else a test wants to put there. */
static void archive_add(struct archive *a, const char *name, size_t name_size,
                        uint32_t mode, const char *data, size_t data_size)
{
    char header[CPIO_HEADER + 1];
    snprintf(header, sizeof header,
             "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zX%08x", 1,
             mode, 0, 0, 1, 0x65000000, data_size, 0, 0, 0, 0, name_size, 0);
    memcpy(a->bytes + a->size, header, CPIO_HEADER);
    a->size += CPIO_HEADER;
    memcpy(a->bytes + a->size, name, name_size);
    a->size += name_size;
    archive_pad(a);
    memcpy(a->bytes + a->size, data, data_size);
    a->size += data_size;
    archive_pad(a);
}

#define ADD(a, name, mode, data) \
    archive_add(a, name, sizeof(name), mode, data, sizeof(data) - 1)
#define END(a) ADD(a, "TRAILER!!!", 0, "")

/* proc (5 bytes), a folder, dir/app (8 bytes), an empty file. */
static struct archive archive_make(void)
{
    struct archive a = {0};
    ADD(&a, "proc", FILE_MODE, "first");
    ADD(&a, "dir", FOLDER_MODE, "");
    ADD(&a, "dir/app", FILE_MODE, "12345678");
    ADD(&a, "empty", FILE_MODE, "");
    END(&a);
    return a;
}

/* A copy that ends where its heap block ends, at any alignment. */
static const char *at_end_of_block(const void *bytes, uint64_t size)
{
    static char *block;
    if (!block)
        block = malloc(ARCHIVE_MAX + 1);
    return memcpy(block + ARCHIVE_MAX + 1 - size, bytes, size);
}

/* The walk's result: entries seen before the end mark, or the reason of a refusal.
 */
static int archive_walk(const void *bytes, uint64_t size, const char **why)
{
    const char *archive = at_end_of_block(bytes, size);
    struct cpio_entry e = {0};
    uint64_t at = 0;
    int result, entries = 0;
    while ((result = cpio_next(archive, size, &at, &e, why)) == 0)
        entries++;
    return result < 0 ? result : entries;
}

CASE("cpio_next gives every entry in order, then the end")
{
    struct archive a = archive_make();
    struct cpio_entry e = {0};
    const char *why = "";
    uint64_t at = 0;
    REQUIRE(cpio_next(a.bytes, a.size, &at, &e, &why) == 0);
    CHECK_TEXT(e.name, "proc");
    CHECK_EQ(e.name_length, 4);
    CHECK_EQ(e.mode, FILE_MODE);
    CHECK(e.size == 5 && memcmp(e.data, "first", 5) == 0);
    REQUIRE(cpio_next(a.bytes, a.size, &at, &e, &why) == 0);
    CHECK_TEXT(e.name, "dir");
    CHECK_EQ(e.mode, FOLDER_MODE);
    REQUIRE(cpio_next(a.bytes, a.size, &at, &e, &why) == 0);
    CHECK_TEXT(e.name, "dir/app");
    CHECK(e.size == 8 && memcmp(e.data, "12345678", 8) == 0);
    REQUIRE(cpio_next(a.bytes, a.size, &at, &e, &why) == 0);
    CHECK_EQ(e.size, 0);
    CHECK_EQ(cpio_next(a.bytes, a.size, &at, &e, &why), 1);
    CHECK_EQ(at, a.size);
}

CASE("cpio_find finds regular files by their whole name")
{
    struct archive a = archive_make();
    struct cpio_entry e = {0};
    CHECK_EQ(cpio_find(a.bytes, a.size, "dir/app", &e), 0);
    CHECK_EQ(e.size, 8);
    CHECK_EQ(cpio_find(a.bytes, a.size, "dir", &e), -FOS_ENOENT);
    CHECK_EQ(cpio_find(a.bytes, a.size, "pro", &e), -FOS_ENOENT);
    CHECK_EQ(cpio_find(a.bytes, a.size, "process", &e), -FOS_ENOENT);
    CHECK_EQ(cpio_find(a.bytes, a.size, "TRAILER!!!", &e), -FOS_ENOENT);
    CHECK_EQ(cpio_find(a.bytes, 0, "proc", &e), -FOS_EINVAL);
}

CASE("cpio_next ignores what follows the end mark")
{
    struct archive a = archive_make();
    const char *why = "";
    memset(a.bytes + a.size, 'x', 100);
    CHECK_EQ(archive_walk(a.bytes, a.size + 100, &why), 4);
}

CASE("cpio_next refuses every truncation")
{
    struct archive a = archive_make();
    for (uint64_t size = 0; size < a.size; size++) {
        const char *why = 0;
        if (!CHECK_EQ(archive_walk(a.bytes, size, &why), -FOS_EINVAL))
            return;
        CHECK(why != 0);
    }
}

CASE("cpio_next reads names of 255 bytes and refuses 256")
{
    for (size_t length = 255; length <= 256; length++) {
        struct archive a = {0};
        char name[257];
        const char *why = "";
        memset(name, 'n', length);
        name[length] = 0;
        archive_add(&a, name, length + 1, FILE_MODE, "", 0);
        END(&a);
        CHECK_EQ(archive_walk(a.bytes, a.size, &why),
                 length == 255 ? 1 : -FOS_EINVAL);
    }
}

/* One case for one refusal: a good archive `a`, the change that spoils it. */
#define REFUSED(sentence, reason, change)                           \
    CASE("cpio_next refuses " sentence)                             \
    {                                                               \
        struct archive a = archive_make();                          \
        const char *why = "";                                       \
        change;                                                     \
        CHECK_EQ(archive_walk(a.bytes, a.size, &why), -FOS_EINVAL); \
        CHECK_TEXT(why, reason);                                    \
    }
#define NAMED(name)       (a.size = 0, ADD(&a, name, FILE_MODE, "x"), END(&a))
#define FIELD(at, digits) memcpy(a.bytes + (at), digits, 8)

REFUSED("another magic number", "an entry does not begin with 070701",
        a.bytes[5] = '2')
REFUSED("a blank in a number", "a header field is not hexadecimal",
        FIELD(CPIO_FIELD_FILE_SIZE, "       5"))
REFUSED("a sign in a number", "a header field is not hexadecimal",
        FIELD(CPIO_FIELD_MODE, "-0000005"))
REFUSED("a letter past f", "a header field is not hexadecimal",
        FIELD(6, "0000000g"))
REFUSED("a bad digit in the last field", "a header field is not hexadecimal",
        FIELD(102, "0000000/"))
REFUSED("a name of no bytes", "a name is empty or too long",
        FIELD(CPIO_FIELD_NAME_SIZE, "00000000"))
REFUSED("a name of 4 GiB", "a name is empty or too long",
        FIELD(CPIO_FIELD_NAME_SIZE, "ffffffff"))
REFUSED("a file of 4 GiB", "the archive ends inside a file",
        FIELD(CPIO_FIELD_FILE_SIZE, "FFFFFFFF"))
REFUSED("an empty name", "an entry has no name", NAMED(""))
REFUSED("a name that is not terminated", "a name is not terminated",
        a.bytes[CPIO_HEADER + 4] = 'x')
REFUSED("a name with a NUL inside", "a name has a NUL inside", NAMED("a\0b"))
REFUSED("an absolute name", "a name begins with a slash", NAMED("/proc"))
REFUSED("the name ..", "a name climbs with \"..\"", NAMED(".."))
REFUSED("a name that begins with ../", "a name climbs with \"..\"", NAMED("../x"))
REFUSED("a name with /../ inside", "a name climbs with \"..\"", NAMED("a/../b"))
REFUSED("a name that ends in /..", "a name climbs with \"..\"", NAMED("a/.."))
REFUSED("an archive without its end mark", "the archive ends without its end mark",
        a.size = 0;
        ADD(&a, "x", FILE_MODE, "x"))
REFUSED("an end in the middle of a name", "the archive ends inside a name",
        a.size = CPIO_HEADER + 3)

CASE("cpio_next allows names that only look like climbing")
{
    struct archive a = {0};
    const char *why = "";
    ADD(&a, "...", FILE_MODE, "x");
    ADD(&a, "..x/x..", FILE_MODE, "x");
    ADD(&a, "./a", FILE_MODE, "x");
    END(&a);
    CHECK_EQ(archive_walk(a.bytes, a.size, &why), 3);
}

/* ---- Mutated archives ---- */

static void mutate_once(struct archive *a, uint64_t *random)
{
    static const char *extremes[] = {"00000000", "00000001", "00000004", "000000ff",
                                     "00000101", "00001000", "7fffffff", "80000000",
                                     "fffffffc", "FFFFFFFF"};
    uint64_t r = unit_random(random);
    uint64_t at = (r >> 8) % a->size;
    switch (r >> 61) {
    case 0:
        a->size = at;
        break;
    case 1 ... 4:
        a->bytes[at] ^= 1 << (r & 7);
        break;
    case 5:
        a->bytes[at] = "0123456789abcdef/.\0\n"[r % 20];
        break;
    default: /* a field of the first, third or last header */
        at = (uint64_t[]){0, 240, 484}[r % 3] + 6 + (r >> 8) % 13 * 8;
        memcpy(a->bytes + at, extremes[(r >> 32) % 10], 8);
    }
}

static const char *entry_breach(const char *archive, uint64_t size, uint64_t before,
                                uint64_t at, const struct cpio_entry *e)
{
    uintptr_t begin = (uintptr_t)archive, end = begin + size;
    uintptr_t name = (uintptr_t)e->name, data = (uintptr_t)e->data;
    if (at < before + CPIO_HEADER || at % 4 != 0)
        return "progress";
    if (name < begin + before || name + e->name_length >= end ||
        e->name_length == 0 || strlen(e->name) != e->name_length ||
        e->name_length > 255)
        return "name";
    if (data < name || data > end || e->size > end - data)
        return "data";
    char path[300];
    snprintf(path, sizeof path, "/%s/", e->name);
    if (strstr(path, "/../") || e->name[0] == '/')
        return "path";
    return 0;
}

/* Entries accepted, or -1 for an archive refused. */
static int fuzz_one(uint64_t seed)
{
    uint64_t random = seed, at = 0, before = 0;
    struct archive a = archive_make();
    struct cpio_entry e = {0};
    const char *why = 0;
    int entries = 0, result;
    unit_seed_is(seed);
    for (uint64_t n = 1 + unit_random(&random) % 3; n && a.size; n--)
        mutate_once(&a, &random);
    const char *archive = at_end_of_block(a.bytes, a.size);
    while ((result = cpio_next(archive, a.size, &at, &e, &why)) == 0) {
        const char *breach = entry_breach(archive, a.size, before, at, &e);
        if (breach)
            FAIL("accepted against the rules (%s), seed %#" PRIx64, breach, seed);
        before = at;
        entries++;
    }
    if (result < 0 ? result != -FOS_EINVAL || !why : result != 1)
        FAIL("odd answer %d, seed %#" PRIx64, result, seed);
    return result < 0 ? -1 : entries;
}

CASE("cpio_next keeps its promises on mutated archives")
{
    uint64_t seed = unit_setting("FOS_SEED", 0x5eedc910);
    uint64_t cases = unit_setting("FOS_CASES", 300000), accepted = 0, refused = 0;
    for (uint64_t i = 0; i < cases; i++) {
        int entries = fuzz_one(seed + i);
        accepted += entries >= 0;
        refused += entries < 0;
    }
    unit_seed_is(0);
    printf("# %" PRIu64 " archives from FOS_SEED=%#" PRIx64 ": %" PRIu64
           " accepted\n",
           cases, seed, accepted);
    if (cases >= 100000)
        CHECK(accepted > cases / 20 && refused > cases / 20);
}
