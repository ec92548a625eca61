/* SPDX-License-Identifier: MIT */
/* The loader meets images that are malformed, one rule at a time and at random. */
#include <stdlib.h>

#include <fos/format/elf.h>
#include <fos/error.h>
#include <fos/proc.h>

#include "../scenario.h"

enum { BASE = 0x400000, EXIT_STATUS = 7, MUTANTS = 200 };

/* The smallest program: one segment, which exits. */
struct image {
    struct elf_header header;
    struct elf_program_header segments[3];
    uint8_t code[24];
};

static const struct image good = {
    .header = {.ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
               .type = 2,
               .machine = 62,
               .version = 1,
               .entry = BASE + offsetof(struct image, code),
               .phoff = offsetof(struct image, segments),
               .ehsize = sizeof(struct elf_header),
               .phentsize = sizeof(struct elf_program_header),
               .phnum = 3},
    .segments = {{.type = 1,
                  .flags = 5,
                  .vaddr = BASE,
                  .filesz = sizeof(struct image),
                  .memsz = sizeof(struct image),
                  .align = 4096},
                 {.type = 1,
                  .flags = 6,
                  .vaddr = BASE + 0x2000,
                  .memsz = 100,
                  .align = 4096},
                 {.type = ELF_PT_GNU_STACK, .flags = 6, .memsz = 0x40000}},
    /* mov $1, %eax (exit); mov $7, %edi; syscall; ud2 */
    .code = {0xb8, FOS_SYS_exit, 0, 0, 0, 0xbf, EXIT_STATUS, 0, 0, 0, 0x0f, 0x05,
             0x0f, 0x0b},
};

static long image_spawn(const void *image, size_t size, uint64_t *pid)
{
    struct fos_spawn what = {.path = "image", .image = image, .image_size = size};

    return fos_spawn(&what, pid);
}

static int pid_wait(uint64_t pid)
{
    int status = -1;
    long error = fos_process_wait(pid, &status, NULL);

    return error ? (int)error : status;
}

static void test_good(void)
{
    uint64_t pid;

    case_begin("an image in memory of 200 bytes is a program");
    CASE_EQUAL(image_spawn(&good, sizeof good, &pid), 0);
    CASE_EQUAL(pid_wait(pid), EXIT_STATUS);
    case_end();
}

/* One field changed: offset in the image, its size and new value. */
struct change {
    const char *sentence;
    uint32_t at, size;
    uint64_t value;
};

#define FIELD(member)   offsetof(struct image, member), sizeof good.member
#define SEGMENT0(field) FIELD(segments[0].field)
#define SEGMENT1(field) FIELD(segments[1].field)

static const struct change changes[] = {
    {"an image without ELF's mark is refused", FIELD(header.ident[1]), 'F'},
    {"a 32-bit image is refused", FIELD(header.ident[4]), 1},
    {"a big-endian image is refused", FIELD(header.ident[5]), 2},
    {"another system's ABI is refused", FIELD(header.ident[7]), 9},
    {"a shared object is refused", FIELD(header.type), 3},
    {"another machine's image is refused", FIELD(header.machine), 183},
    {"an unknown version is refused", FIELD(header.version), 2},
    {"an entry outside every segment is refused", FIELD(header.entry),
     BASE + 0x9000},
    {"an entry in data is refused", FIELD(header.entry), BASE + 0x2000},
    {"an entry in the kernel is refused", FIELD(header.entry), ~0ull},
    {"program headers behind the end are refused", FIELD(header.phoff), 1ull << 20},
    {"program headers that wrap around are refused", FIELD(header.phoff),
     ~0ull - 8},
    {"program headers of another size are refused", FIELD(header.phentsize), 32},
    {"an image without segments is refused", FIELD(header.phnum), 0},
    {"an image of 65535 segments is refused", FIELD(header.phnum), 65535},
    {"file bytes behind the end are refused", SEGMENT0(filesz), 1 << 16},
    {"an offset that wraps around is refused", SEGMENT0(offset), ~0ull - 4095},
    {"more file bytes than memory are refused", SEGMENT0(memsz), 8},
    {"a segment at address 0 is refused", SEGMENT0(vaddr), 0},
    {"a segment in the kernel is refused", SEGMENT1(vaddr), 0xffff800000000000},
    {"a segment over the stack is refused", SEGMENT1(vaddr), FOS_STACK_TOP - 4096},
    {"a segment that wraps around is refused", SEGMENT1(memsz), ~0ull - BASE},
    {"a segment of a terabyte is refused", SEGMENT1(memsz), 1ull << 40},
    {"overlapping segments are refused", SEGMENT1(vaddr), BASE},
    {"a writable and executable segment is refused", SEGMENT0(flags), 7},
    {"a segment that cannot be read is refused", SEGMENT1(flags), 2},
    {"a segment off its alignment is refused", SEGMENT0(vaddr), BASE + 8},
    {"an image that asks for a dynamic linker is refused", SEGMENT1(type), 3},
};

static void test_change(const struct change *c)
{
    struct image image = good;
    uint64_t pid;

    case_begin(c->sentence);
    memcpy((char *)&image + c->at, &c->value, c->size);
    CASE_EQUAL(image_spawn(&image, sizeof image, &pid), -FOS_ENOEXEC);
    case_end();
}

static void test_truncated(void)
{
    uint64_t pid;

    case_begin("an image cut off at any byte is refused");
    for (size_t size = 1; size < sizeof good; size += 7)
        CASE_EQUAL(image_spawn(&good, size, &pid), -FOS_ENOEXEC);
    case_end();
}

static void test_large(void)
{
    static struct image image;
    uint64_t pid;

    case_begin("a segment larger than the quota is refused and leaves nothing");
    image = good;
    image.segments[1].memsz = 200 << 20;
    CASE_EQUAL(image_spawn(&image, sizeof image, &pid), -FOS_EDQUOT);
    case_end();
}

/* A mutant that passes may run: then it is ended, whatever it does. */
static void mutant_try(const struct image *image, uint64_t seed)
{
    uint64_t pid;
    long error = image_spawn(image, sizeof *image, &pid);

    if (error && error != -FOS_ENOEXEC && error != -FOS_EDQUOT &&
        error != -FOS_ENOMEM)
        case_fail("seed %llu: %s", (unsigned long long)seed, fos_strerror(error));
    if (error)
        return;
    fos_process_kill(pid);
    if (pid_wait(pid) < 0)
        case_fail("seed %llu: cannot wait for it", (unsigned long long)seed);
}

static void test_mutants(void)
{
    uint64_t first = fos_now_ns(), state = first;

    case_begin(
        "images with random bytes changed are refused or run, and leave nothing");
    for (int i = 0; i < MUTANTS; i++) {
        struct image image = good;
        uint64_t seed = state;
        for (int flips = 0; flips < 3; flips++) {
            state = state * 6364136223846793005ull + 1442695040888963407ull;
            ((uint8_t *)&image)[(state >> 33) % sizeof image] ^=
                (uint8_t)(state >> 25);
        }
        /* Or it were the memory fleet's, which keeps what it once had. */
        image.segments[2] = good.segments[2];
        image.header.phnum = good.header.phnum;
        mutant_try(&image, seed);
    }
    case_end();
}

int main(void)
{
    uint64_t pid;

    case_begin("");
    if (image_spawn(&good, sizeof good, &pid) == 0)
        pid_wait(pid);
    puts("loader: starting");
    test_good();
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        test_change(&changes[i]);
    test_truncated();
    test_large();
    test_mutants();
    return cases_status();
}
