/* SPDX-License-Identifier: MIT */
/* Static thread-local storage: see fos/thread.h.  The program's own headers, which the
 * linker keeps in its first segment, say what there is. */
#include <fos/thread.h>

#include <string.h>

#include <fos/format/elf.h>

enum { ELF_PT_TLS = 7, TCB_ALIGN = 64 };

/* What compiled code finds at %fs:0. */
struct tcb {
    void *self;
    uint64_t reserved[7];
};

struct tls_image {
    const void *data;
    size_t bytes; /* of data; the rest is zero */
    size_t size;  /* in memory, a multiple of align */
    size_t align; /* a power of two */
};

extern const struct elf_header __ehdr_start __attribute__((visibility("hidden")));

static size_t align_up(size_t value, size_t align)
{
    return (value + align - 1) & ~(align - 1);
}

static struct tls_image image(void)
{
    const struct elf_program_header *p =
        (const void *)((const uint8_t *)&__ehdr_start + __ehdr_start.phoff);
    struct tls_image found = {.align = TCB_ALIGN};

    for (unsigned i = 0; i < __ehdr_start.phnum; i++) {
        if (p[i].type != ELF_PT_TLS)
            continue;
        if (p[i].align > found.align)
            found.align = p[i].align;
        found.data = (const void *)p[i].vaddr;
        found.bytes = p[i].filesz;
        /* The linker counts from the end, rounded by the segment's own alignment. */
        found.size = align_up(p[i].memsz, p[i].align ? p[i].align : 1);
    }
    return found;
}

size_t fos_tls_size(void)
{
    struct tls_image i = image();

    return align_up(i.size, i.align) + sizeof(struct tcb) + i.align;
}

void *fos_tls_lay(void *block)
{
    struct tls_image i = image();
    uintptr_t end = (uintptr_t)block + fos_tls_size() - sizeof(struct tcb);
    struct tcb *tcb = (struct tcb *)(end & ~(uintptr_t)(i.align - 1));

    if (i.bytes)
        memcpy((uint8_t *)tcb - i.size, i.data, i.bytes);
    tcb->self = tcb;
    return tcb;
}
