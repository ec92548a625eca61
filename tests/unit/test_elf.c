/* SPDX-License-Identifier: MIT */
/* The check of program images: what is accepted, each refusal, and mutated images.
 */
#include <fos/format/elf.h>

#include "unit.h"

enum { LOADS = 4, HEADERS = LOADS + 1, IMAGE = 640 };

/* A small valid program: text, constants, data with bss, a note segment, a stack
 * mark. */
struct image {
    struct elf_header header;
    struct elf_program_header ph[HEADERS];
    uint8_t bytes[IMAGE - sizeof(struct elf_header) -
                  HEADERS * sizeof(struct elf_program_header)];
};
_Static_assert(sizeof(struct image) == IMAGE, "no padding");

static struct elf_program_header load_header(int i, uint32_t flags, uint64_t bss)
{
    uint64_t offset = 400 + 50 * (uint64_t)i;
    return (struct elf_program_header){
        .type = ELF_PT_LOAD,
        .flags = flags,
        .offset = offset,
        .vaddr = 0x400000 + (uint64_t)i * FOS_PAGE_SIZE + offset,
        .filesz = 50,
        .memsz = 50 + bss,
        .align = FOS_PAGE_SIZE,
    };
}

static struct image image_make(void)
{
    struct image m = {
        .header = {.ident = "\177ELF\2\1\1",
                   .type = ELF_TYPE_EXECUTABLE,
                   .machine = ELF_MACHINE_X86_64,
                   .version = ELF_VERSION,
                   .phoff = sizeof(struct elf_header),
                   .ehsize = sizeof(struct elf_header),
                   .phentsize = sizeof(struct elf_program_header),
                   .phnum = HEADERS},
        .ph = {load_header(0, ELF_FLAG_READ, 0),
               load_header(1, ELF_FLAG_READ | ELF_FLAG_EXEC, 0),
               load_header(2, ELF_FLAG_READ, 0),
               load_header(3, ELF_FLAG_READ | ELF_FLAG_WRITE, 9000),
               {.type = ELF_PT_GNU_STACK, .flags = ELF_FLAG_READ | ELF_FLAG_WRITE}},
    };
    m.header.entry = m.ph[1].vaddr + 16;
    return m;
}

/* Keeps the image at the very end of a heap block, at an odd address, so that the
 * sanitizer sees any access past it and any that wants alignment. */
static int check_bytes(const void *bytes, uint64_t size, struct elf_plan *plan,
                       const char **why)
{
    static uint8_t *block;
    if (!block)
        block = malloc(2 * IMAGE + 1);
    uint8_t *at = block + 2 * IMAGE + 1 - size;
    memcpy(at, bytes, size);
    return elf_check(at, size, plan, why);
}

static const char *image_refused(const struct image *m)
{
    struct elf_plan plan;
    const char *why = "accepted";
    int result = check_bytes(m, sizeof *m, &plan, &why);
    CHECK_EQ(result, strcmp(why, "accepted") ? -FOS_ENOEXEC : 0);
    return why;
}

CASE("elf_check plans every segment of a well-made program")
{
    struct image m = image_make();
    struct elf_plan plan;
    const char *why = "";
    REQUIRE(check_bytes(&m, sizeof m, &plan, &why) == 0);
    CHECK_EQ(plan.count, LOADS);
    CHECK_EQ(plan.entry, 0x401000 + 450 + 16);
    CHECK_EQ(plan.segments[0].prot, FOS_PROT_READ);
    CHECK_EQ(plan.segments[1].prot, FOS_PROT_READ | FOS_PROT_EXEC);
    CHECK_EQ(plan.segments[3].prot, FOS_PROT_READ | FOS_PROT_WRITE);
    CHECK_EQ(plan.segments[3].va, 0x403000 + 550);
    CHECK_EQ(plan.segments[3].file_offset, 550);
    CHECK_EQ(plan.segments[3].file_size, 50);
    CHECK_EQ(plan.segments[3].mem_size, 9050);
    CHECK_EQ(plan.segments[3].first_page, 0x403000);
    CHECK_EQ(plan.segments[3].end_page, 0x406000);
    CHECK_EQ(plan.image_end, 0x406000);
}

CASE("elf_check passes over empty segments and headers it need not know")
{
    struct image m = image_make();
    struct elf_plan plan;
    const char *why = "";
    m.ph[0].memsz = m.ph[0].filesz = 0;
    m.ph[2].type = 4; /* PT_NOTE */
    REQUIRE(check_bytes(&m, sizeof m, &plan, &why) == 0);
    CHECK_EQ(plan.count, 2);
}

CASE("elf_check refuses every truncation of the headers or of a segment")
{
    struct image m = image_make();
    uint64_t end = m.ph[3].offset + m.ph[3].filesz;
    for (uint64_t size = 0; size <= sizeof m; size++) {
        struct elf_plan plan;
        const char *why = 0;
        int result = check_bytes(&m, size, &plan, &why);
        if (!CHECK_EQ(result, size < end ? -FOS_ENOEXEC : 0))
            return;
        CHECK((result != 0) == (why != 0));
    }
}

/* One case for one refusal: a good image `m`, the change that spoils it, the
 * reason. */
#define REFUSED(sentence, reason, change)      \
    CASE("elf_check refuses " sentence)        \
    {                                          \
        struct image m = image_make();         \
        change;                                \
        CHECK_TEXT(image_refused(&m), reason); \
    }

REFUSED("a wrong magic number", "not an ELF file", m.header.ident[0] = 'M')
REFUSED("a 32-bit file", "not a 64-bit little-endian file", m.header.ident[4] = 1)
REFUSED("a big-endian file", "not a 64-bit little-endian file",
        m.header.ident[5] = 2)
REFUSED("another ident version", "unknown ELF version", m.header.ident[6] = 0)
REFUSED("another system's ABI", "made for another system's ABI",
        m.header.ident[7] = 9)
REFUSED("another ABI version", "made for another system's ABI",
        m.header.ident[8] = 1)
REFUSED("another processor", "not for x86-64", m.header.machine = 183)
REFUSED("processor flags", "not for x86-64", m.header.flags = 1)
REFUSED("a relocatable object", "not a static non-PIE executable",
        m.header.type = 1)
REFUSED("a shared object or PIE", "not a static non-PIE executable",
        m.header.type = 3)
REFUSED("another file version", "header sizes are wrong", m.header.version = 2)
REFUSED("another header size", "header sizes are wrong", m.header.ehsize = 52)
REFUSED("another program header size", "header sizes are wrong",
        m.header.phentsize = 57)
REFUSED("no program headers", "no program headers, or too many", m.header.phnum = 0)
REFUSED("33 program headers", "no program headers, or too many",
        m.header.phnum = 33)
REFUSED("65535 program headers", "no program headers, or too many",
        m.header.phnum = 0xffff)
REFUSED("program headers over the file header",
        "program headers lie outside the file", m.header.phoff = 63)
REFUSED("program headers past the end", "program headers lie outside the file",
        m.header.phoff = sizeof m - 100)
REFUSED("a program header offset that wraps",
        "program headers lie outside the file", m.header.phoff = UINT64_MAX - 55)
REFUSED("more file bytes than memory",
        "a segment has more bytes in the file than in memory", m.ph[1].filesz = 51)
REFUSED("a segment that runs past the file", "a segment lies outside the file",
        m.ph[3].filesz = 1000)
REFUSED("a segment offset past the file", "a segment lies outside the file",
        m.ph[1].offset = sizeof m + 1)
REFUSED("a segment offset and size that wrap", "a segment lies outside the file",
        m.ph[1].offset = UINT64_MAX - 10)
REFUSED("a segment at address 0", "a segment lies outside a program's addresses",
        m.ph[0].vaddr = m.ph[0].offset)
REFUSED("a segment below the first user address",
        "a segment lies outside a program's addresses",
        m.ph[0].vaddr = FOS_USER_BASE - 1)
REFUSED("a segment in the kernel's half",
        "a segment lies outside a program's addresses",
        m.ph[3].vaddr = 0xffff800000000000)
REFUSED("a segment that reaches past the limit",
        "a segment lies outside a program's addresses",
        m.ph[3].vaddr = FOS_ELF_END - 50)
REFUSED("a segment whose size wraps",
        "a segment lies outside a program's addresses",
        m.ph[3].memsz = UINT64_MAX - 0x403000)
REFUSED("an alignment below a page", "a segment is not aligned to pages",
        m.ph[1].align = 16)
REFUSED("an alignment of 0", "a segment is not aligned to pages", m.ph[1].align = 0)
REFUSED("an alignment that is no power of two", "a segment is not aligned to pages",
        m.ph[1].align = 3 * FOS_PAGE_SIZE)
REFUSED("an address that does not agree with its offset",
        "a segment's address and offset do not agree", m.ph[1].offset--)
REFUSED("unknown segment flags", "a segment has unknown flags", m.ph[1].flags |= 8)
REFUSED("an unreadable segment", "a segment is not readable",
        m.ph[1].flags = ELF_FLAG_EXEC)
REFUSED("a writable executable segment",
        "a segment is both writable and executable", m.ph[1].flags = 7)
REFUSED("an empty segment with file bytes", "an empty segment has file bytes",
        m.ph[2].memsz = 0)
REFUSED("segments in descending order",
        "segments overlap, share a page or do not ascend",
        struct elf_program_header p = m.ph[1];
        m.ph[1] = m.ph[2]; m.ph[2] = p)
REFUSED("overlapping segments", "segments overlap, share a page or do not ascend",
        m.ph[2] = m.ph[1])
REFUSED("segments that share a page",
        "segments overlap, share a page or do not ascend",
        m.ph[2].vaddr -= FOS_PAGE_SIZE)
REFUSED("a segment that grows into the next",
        "segments overlap, share a page or do not ascend",
        m.ph[1].memsz = FOS_PAGE_SIZE)
REFUSED("more than 256 MiB in one segment", "takes too much memory",
        m.ph[3].memsz = FOS_ELF_MEMORY_MAX)
REFUSED("more than 256 MiB in all", "takes too much memory",
        m.ph[2].vaddr = 0x500000 + 500;
        m.ph[2].memsz = FOS_ELF_MEMORY_MAX - 0x2000;
        m.ph[3].vaddr = 0x20000000 + 550)
REFUSED("a PT_INTERP header", "needs a dynamic linker",
        m.ph[4].type = ELF_PT_INTERP)
REFUSED("a PT_DYNAMIC header", "needs a dynamic linker",
        m.ph[4].type = ELF_PT_DYNAMIC)
REFUSED("an executable stack", "wants an executable stack", m.ph[4].flags = 7)
REFUSED("an entry in data", "the entry point is not executable",
        m.header.entry = m.ph[3].vaddr)
REFUSED("an entry at 0", "the entry point lies outside the program",
        m.header.entry = 0)
REFUSED("an entry just behind the text", "the entry point lies outside the program",
        m.header.entry = m.ph[1].vaddr + m.ph[1].filesz)
REFUSED("an entry just before the text", "the entry point lies outside the program",
        m.header.entry = m.ph[1].vaddr - 1)
REFUSED("a program without segments", "the entry point lies outside the program",
        for (int i = 0; i < LOADS; i++) m.ph[i].type = 0)

CASE("elf_check accepts 8 segments and refuses 9")
{
    uint8_t bytes[1024] = {0};
    struct image m = image_make();
    m.header.phnum = 9;
    for (int i = 0; i < 9; i++) {
        struct elf_program_header p =
            load_header(i, ELF_FLAG_READ | ELF_FLAG_EXEC, 0);
        p.vaddr -= p.offset - 600, p.offset = 600;
        memcpy(bytes + 64 + 56 * i, &p, sizeof p);
    }
    struct elf_plan plan;
    const char *why = "";
    m.header.entry = 0x400000 + 600;
    memcpy(bytes, &m.header, sizeof m.header);
    CHECK_EQ(elf_check(bytes, sizeof bytes, &plan, &why), -FOS_ENOEXEC);
    CHECK_TEXT(why, "too many segments");
    bytes[offsetof(struct elf_header, phnum)] = 8;
    CHECK_EQ(elf_check(bytes, sizeof bytes, &plan, &why), 0);
    CHECK_EQ(plan.count, 8);
}

/* ---- Mutated images ---- */

/* What an accepted plan promises, worked out again in wider arithmetic. */
static const char *segment_breach(const struct elf_segment *s, uint64_t size)
{
    __int128 end = (__int128)s->va + s->mem_size;
    if (s->mem_size == 0 || s->file_size > s->mem_size)
        return "sizes";
    if ((__int128)s->file_offset + s->file_size > size)
        return "file range";
    if (s->va < 0x10000 || end > 0x80000000)
        return "address range";
    if (s->first_page != s->va / 4096 * 4096 ||
        s->end_page != (end + 4095) / 4096 * 4096)
        return "page bounds";
    if (s->prot != 1 && s->prot != 3 && s->prot != 5)
        return "protection";
    return 0;
}

static const char *plan_breach(const struct elf_plan *plan, uint64_t size)
{
    uint64_t total = 0, end = 0;
    int entries = 0;
    if (plan->count < 1 || plan->count > 8)
        return "count";
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct elf_segment *s = &plan->segments[i];
        const char *breach = segment_breach(s, size);
        if (breach)
            return breach;
        if (s->first_page < end)
            return "order";
        end = s->end_page;
        total += s->end_page - s->first_page;
        entries += (s->prot & FOS_PROT_EXEC) && plan->entry >= s->va &&
                   plan->entry < s->va + s->file_size;
    }
    if (entries != 1)
        return "entry";
    if (plan->image_end != end)
        return "image end";
    return total > 0x10000000 ? "total" : 0;
}

static uint64_t extreme_value(uint64_t *random, uint64_t old)
{
    static const uint64_t extremes[] = {
        0,          1,
        7,          IMAGE,
        4095,       4096,
        0xffff,     FOS_USER_BASE,
        0x400000,   FOS_ELF_MEMORY_MAX,
        0x7fffffff, FOS_ELF_END,
        0xffffffff, FOS_USER_END,
        INT64_MAX,  1ull << 63,
        UINT64_MAX,
    };
    uint64_t r = unit_random(random);
    uint64_t near = r >> 32 & 1 ? 0 : (r >> 33) % 5 - 2;
    if (r >> 40 & 1)
        return old + (r >> 41 & 1 ? near : ((r >> 42) % 7 - 3) * FOS_PAGE_SIZE);
    return extremes[r % (sizeof extremes / sizeof *extremes)] + near;
}

static void mutate_field(struct image *m, uint64_t *random)
{
    uint64_t r = unit_random(random);
    unsigned width = 1u << r % 4;
    unsigned headers = offsetof(struct image, bytes) / width;
    uint64_t value = 0;
    uint8_t *field = (uint8_t *)m + (r >> 8) % headers * width;
    memcpy(&value, field, width);
    value = extreme_value(random, value);
    memcpy(field, &value, width);
}

static void mutate_once(struct image *m, uint64_t *size, uint64_t *random)
{
    uint64_t r = unit_random(random);
    switch (r >> 60) {
    case 0:
        *size = (r >> 8) % (IMAGE + 1);
        break;
    case 1:
        m->ph[(r >> 8) % HEADERS] = m->ph[(r >> 16) % HEADERS];
        break;
    case 2 ... 6:
        ((uint8_t *)m)[(r >> 8) % offsetof(struct image, bytes)] ^= 1 << (r & 7);
        break;
    default:
        mutate_field(m, random);
    }
}

enum { REASONS_MAX = 64 };

static void reason_count(const char **seen, const char *why)
{
    for (int i = 0; i < REASONS_MAX; i++)
        if (!seen[i] || strcmp(seen[i], why) == 0) {
            seen[i] = why;
            return;
        }
}

static bool fuzz_one(uint64_t seed, const char **reasons)
{
    uint64_t random = seed, size = IMAGE;
    struct image m = image_make();
    struct elf_plan plan;
    const char *why = 0;
    unit_seed_is(seed);
    for (uint64_t n = 1 + unit_random(&random) % 3; n; n--)
        mutate_once(&m, &size, &random);
    int result = check_bytes(&m, size, &plan, &why);
    if (result == 0) {
        const char *breach = plan_breach(&plan, size);
        if (breach)
            FAIL("accepted against the rules (%s), seed %#" PRIx64, breach, seed);
        return true;
    }
    if (result != -FOS_ENOEXEC || !why)
        FAIL("odd answer %d, seed %#" PRIx64, result, seed);
    else
        reason_count(reasons, why);
    return false;
}

CASE("elf_check keeps its promises on mutated images")
{
    uint64_t seed = unit_setting("FOS_SEED", 0x5eed0e1f);
    uint64_t cases = unit_setting("FOS_CASES", 400000), accepted = 0;
    const char *reasons[REASONS_MAX] = {0};
    for (uint64_t i = 0; i < cases; i++)
        accepted += fuzz_one(seed + i, reasons);
    unit_seed_is(0);
    int kinds = 0;
    while (kinds < REASONS_MAX && reasons[kinds])
        kinds++;
    printf("# %" PRIu64 " images from FOS_SEED=%#" PRIx64 ": %" PRIu64
           " accepted, %d reasons to refuse\n",
           cases, seed, accepted, kinds);
    if (cases >= 100000)
        CHECK(accepted > cases / 50 && kinds >= 20);
}
