/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/cpu.h"
#include "mm/space.h"
#include "sched/sched.h"

/* A page of the caller's own that it may get from its pager: the call is made anew when
 * it has (sched/fault.c).  All calls look before they change anything. */
static void miss_note(const struct space *s, uint64_t va, bool write,
                      uint64_t entry)
{
    const struct thread *t = thread_current();
    if (!t || t->space != s || !space_pager(s).id)
        return;
    vcpu_self()->miss = (struct miss){
        .address = va,
        .error = (entry & PTE_PRESENT ? FOS_FAULT_PRESENT : 0) |
                 (write ? FOS_FAULT_WRITE : 0),
    };
}

int user_range_check(uint64_t va, uint64_t n)
{
    if (va < FOS_USER_BASE || va > FOS_USER_END || n > FOS_USER_END - va)
        return -FOS_EFAULT;
    return 0;
}

int user_frame(const struct space *s, uint64_t va, bool write, pfn_t *out)
{
    if (user_range_check(va, 1))
        return -FOS_EFAULT;
    uint64_t entry = table_entry(s, va);
    if (!(entry & PTE_PRESENT) || (write && !(entry & PTE_WRITE))) {
        miss_note(s, va, write, entry);
        return -FOS_EFAULT;
    }
    *out = pte_frame(entry);
    return 0;
}

int user_mapped_check(const struct space *s, uint64_t va, uint64_t n, bool write)
{
    if (user_range_check(va, n))
        return -FOS_EFAULT;
    for (uint64_t at = va & ~(PAGE_SIZE - 1); at < va + n; at += PAGE_SIZE) {
        pfn_t unused;
        if (user_frame(s, at < va ? va : at, write, &unused))
            return -FOS_EFAULT;
    }
    return 0;
}

/* The kernel's address of user byte va, and how many follow it in that page. */
static char *user_bytes(const struct space *s, uint64_t va, bool write,
                        size_t *room)
{
    pfn_t f;
    if (user_frame(s, va, write, &f))
        return NULL;
    *room = PAGE_SIZE - (va & (PAGE_SIZE - 1));
    return (char *)frame_address(f) + (va & (PAGE_SIZE - 1));
}

int copy_from_user(const struct space *s, void *to, uint64_t va, size_t n)
{
    if (user_range_check(va, n))
        return -FOS_EFAULT;
    for (size_t done = 0, room; done < n; done += room) {
        const char *from = user_bytes(s, va + done, false, &room);
        if (!from)
            return -FOS_EFAULT;
        room = min_u64(room, n - done);
        memcpy((char *)to + done, from, room);
    }
    return 0;
}

int copy_to_user(const struct space *s, uint64_t va, const void *from, size_t n)
{
    if (user_range_check(va, n))
        return -FOS_EFAULT;
    for (size_t done = 0, room; done < n; done += room) {
        char *to = user_bytes(s, va + done, true, &room);
        if (!to)
            return -FOS_EFAULT;
        room = min_u64(room, n - done);
        memcpy(to, (const char *)from + done, room);
    }
    return 0;
}
