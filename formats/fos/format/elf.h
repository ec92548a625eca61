/* SPDX-License-Identifier: MIT */
/*
 * What a program is: a static ELF64 executable for x86-64, checked field by field.
 *
 * The kernel (for the first process) and the loader in user space share this one
 * definition.  elf_check() reads an image nobody may change while it does,
 * allocates nothing and trusts nothing; what it accepts satisfies, for
 * plan->segments[0..count):
 *
 *  1. FOS_USER_BASE <= first_page <= va < va + mem_size <= end_page <= FOS_ELF_END,
 *     and first_page, end_page are those bounds rounded outward to pages;
 *  2. segments ascend, and no two share a page;
 *  3. file_offset + file_size lies inside the image, file_size <= mem_size;
 *  4. prot has FOS_PROT_READ, and never both FOS_PROT_WRITE and FOS_PROT_EXEC;
 *  5. entry lies inside the file's bytes of an executable segment;
 *  6. the pages of all segments together are at most FOS_ELF_MEMORY_MAX bytes.
 *
 * The loader maps [first_page, end_page) zeroed, copies file_size bytes to va, sets
 * prot, and starts the heap at plan->image_end.
 */
#ifndef FOS_FORMAT_ELF_H
#define FOS_FORMAT_ELF_H

#include <fos/abi/errors.h>
#include <fos/abi/types.h>

#define FOS_ELF_END        0x80000000ull /* non-PIE code addresses itself in 31 bits */
#define FOS_ELF_MEMORY_MAX 0x10000000ull
enum { FOS_ELF_SEGMENTS = 8, FOS_ELF_HEADERS = 32 };

struct elf_segment {
    uint64_t va, mem_size; /* bytes; those past file_size are zero */
    uint64_t file_offset, file_size;
    uint64_t first_page, end_page; /* page-aligned bounds, end exclusive */
    uint32_t prot;                 /* FOS_PROT_* */
    uint32_t reserved;
};

struct elf_plan {
    uint64_t entry;
    uint64_t image_end;  /* end_page of the last segment */
    uint64_t stack_size; /* bytes it wants (PT_GNU_STACK); 0: none said */
    uint32_t count;
    uint32_t reserved;
    struct elf_segment segments[FOS_ELF_SEGMENTS];
};

/* The file's own records (System V ABI, "Object files"). */
struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_program_header {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

_Static_assert(sizeof(struct elf_header) == 64, "ELF64 file header");
_Static_assert(sizeof(struct elf_program_header) == 56, "ELF64 program header");

enum elf_constant {
    ELF_CLASS_64 = 2,
    ELF_LITTLE_ENDIAN = 1,
    ELF_VERSION = 1,
    ELF_OSABI_SYSV = 0,
    ELF_OSABI_GNU = 3,
    ELF_TYPE_EXECUTABLE = 2,
    ELF_MACHINE_X86_64 = 62,
    ELF_FLAG_EXEC = 1,
    ELF_FLAG_WRITE = 2,
    ELF_FLAG_READ = 4,
    ELF_PT_LOAD = 1,
    ELF_PT_DYNAMIC = 2,
    ELF_PT_INTERP = 3,
    ELF_PT_GNU_STACK = 0x6474e551,
};

static inline int elf_refuse(const char **why, const char *reason)
{
    *why = reason;
    return -FOS_ENOEXEC;
}

static inline int elf_check_ident(const uint8_t *ident, const char **why)
{
    if (__builtin_memcmp(ident, "\177ELF", 4) != 0)
        return elf_refuse(why, "not an ELF file");
    if (ident[4] != ELF_CLASS_64 || ident[5] != ELF_LITTLE_ENDIAN)
        return elf_refuse(why, "not a 64-bit little-endian file");
    if (ident[6] != ELF_VERSION)
        return elf_refuse(why, "unknown ELF version");
    if ((ident[7] != ELF_OSABI_SYSV && ident[7] != ELF_OSABI_GNU) || ident[8] != 0)
        return elf_refuse(why, "made for another system's ABI");
    return 0;
}

static inline int elf_check_header(const struct elf_header *h, uint64_t size,
                                   const char **why)
{
    int error = elf_check_ident(h->ident, why);
    if (error)
        return error;
    if (h->machine != ELF_MACHINE_X86_64 || h->flags != 0)
        return elf_refuse(why, "not for x86-64");
    if (h->type != ELF_TYPE_EXECUTABLE)
        return elf_refuse(why, "not a static non-PIE executable");
    if (h->version != ELF_VERSION || h->ehsize != sizeof *h ||
        h->phentsize != sizeof(struct elf_program_header))
        return elf_refuse(why, "header sizes are wrong");
    if (h->phnum == 0 || h->phnum > FOS_ELF_HEADERS)
        return elf_refuse(why, "no program headers, or too many");
    uint64_t bytes = h->phnum * sizeof(struct elf_program_header);
    if (h->phoff < sizeof *h || h->phoff > size || bytes > size - h->phoff)
        return elf_refuse(why, "program headers lie outside the file");
    return 0;
}

/* Rules on one PT_LOAD that need no other segment; mem_size is not 0. */
static inline int elf_check_load(const struct elf_program_header *p, uint64_t size,
                                 const char **why)
{
    if (p->filesz > p->memsz)
        return elf_refuse(why,
                          "a segment has more bytes in the file than in memory");
    if (p->offset > size || p->filesz > size - p->offset)
        return elf_refuse(why, "a segment lies outside the file");
    if (p->vaddr < FOS_USER_BASE || p->vaddr >= FOS_ELF_END ||
        p->memsz > FOS_ELF_END - p->vaddr)
        return elf_refuse(why, "a segment lies outside a program's addresses");
    if (p->align < FOS_PAGE_SIZE || (p->align & (p->align - 1)) != 0)
        return elf_refuse(why, "a segment is not aligned to pages");
    if (((p->vaddr - p->offset) & (p->align - 1)) != 0)
        return elf_refuse(why, "a segment's address and offset do not agree");
    if ((p->flags & ~(uint32_t)(ELF_FLAG_READ | ELF_FLAG_WRITE | ELF_FLAG_EXEC)) !=
        0)
        return elf_refuse(why, "a segment has unknown flags");
    if ((p->flags & ELF_FLAG_READ) == 0)
        return elf_refuse(why, "a segment is not readable");
    if ((p->flags & ELF_FLAG_WRITE) && (p->flags & ELF_FLAG_EXEC))
        return elf_refuse(why, "a segment is both writable and executable");
    return 0;
}

static inline uint32_t elf_prot(uint32_t flags)
{
    return FOS_PROT_READ | (flags & ELF_FLAG_WRITE ? FOS_PROT_WRITE : 0) |
           (flags & ELF_FLAG_EXEC ? FOS_PROT_EXEC : 0);
}

/* `memory` is the sum of the pages planned before this segment, in bytes. */
static inline int elf_plan_load(const struct elf_program_header *p, uint64_t size,
                                uint64_t *memory, struct elf_plan *plan,
                                const char **why)
{
    if (p->memsz == 0)
        return p->filesz == 0 ? 0
                              : elf_refuse(why, "an empty segment has file bytes");
    int error = elf_check_load(p, size, why);
    if (error)
        return error;
    if (plan->count == FOS_ELF_SEGMENTS)
        return elf_refuse(why, "too many segments");

    uint64_t first = p->vaddr & ~(FOS_PAGE_SIZE - 1);
    uint64_t end = (p->vaddr + p->memsz + FOS_PAGE_SIZE - 1) & ~(FOS_PAGE_SIZE - 1);
    if (first < plan->image_end)
        return elf_refuse(why, "segments overlap, share a page or do not ascend");
    if (end - first > FOS_ELF_MEMORY_MAX - *memory)
        return elf_refuse(why, "takes too much memory");
    *memory += end - first;
    plan->segments[plan->count++] = (struct elf_segment){
        .va = p->vaddr,
        .mem_size = p->memsz,
        .file_offset = p->offset,
        .file_size = p->filesz,
        .first_page = first,
        .end_page = end,
        .prot = elf_prot(p->flags),
    };
    plan->image_end = end;
    return 0;
}

static inline int elf_plan_header(const struct elf_program_header *p, uint64_t size,
                                  uint64_t *memory, struct elf_plan *plan,
                                  const char **why)
{
    switch (p->type) {
    case ELF_PT_LOAD:
        return elf_plan_load(p, size, memory, plan, why);
    case ELF_PT_DYNAMIC:
    case ELF_PT_INTERP:
        return elf_refuse(why, "needs a dynamic linker");
    case ELF_PT_GNU_STACK:
        if (p->flags & ELF_FLAG_EXEC)
            return elf_refuse(why, "wants an executable stack");
        plan->stack_size = p->memsz;
        return 0;
    default:
        return 0;
    }
}

static inline int elf_check_entry(const struct elf_plan *plan, const char **why)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct elf_segment *s = &plan->segments[i];
        if (plan->entry >= s->va && plan->entry - s->va < s->file_size)
            return s->prot & FOS_PROT_EXEC
                       ? 0
                       : elf_refuse(why, "the entry point is not executable");
    }
    return elf_refuse(why, "the entry point lies outside the program");
}

/*
 * Checks the `size` bytes at `image` (any alignment) and fills `plan`.  Gives 0, or
 * -FOS_ENOEXEC with a short sentence in *why; the plan is then meaningless.
 */
static inline int elf_check(const void *image, uint64_t size, struct elf_plan *plan,
                            const char **why)
{
    struct elf_header h;
    *plan = (struct elf_plan){0};
    if (size < sizeof h)
        return elf_refuse(why, "shorter than an ELF header");
    __builtin_memcpy(&h, image, sizeof h);
    int error = elf_check_header(&h, size, why);
    if (error)
        return error;

    uint64_t memory = 0;
    for (uint32_t i = 0; i < h.phnum; i++) {
        struct elf_program_header p;
        __builtin_memcpy(&p, (const uint8_t *)image + h.phoff + i * sizeof p,
                         sizeof p);
        error = elf_plan_header(&p, size, &memory, plan, why);
        if (error)
            return error;
    }
    plan->entry = h.entry;
    return elf_check_entry(plan, why);
}

#endif
