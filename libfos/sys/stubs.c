/* SPDX-License-Identifier: MIT */
/*
 * The system call stubs.  TRAP counts its registers against abi/syscalls.def while
 * compiling; the table at the end makes a row without a stub a compile error.
 */
#include <fos/syscall.h>

enum {
#define SYSCALL(number, name, args, sentence) ARITY_##name = args,
#include <fos/abi/syscalls.def>
#undef SYSCALL
};

static inline long trap(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                        uint64_t e, uint64_t f)
{
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    register uint64_t r9 __asm__("r9") = f;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
                       "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#define PICK_7(none, a, b, c, d, e, f, n, ...) n
#define COUNT(...)                             PICK_7(__VA_ARGS__, 6, 5, 4, 3, 2, 1, 0, )
#define FILL(none, a, b, c, d, e, f, ...)                                      \
    (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e), \
        (uint64_t)(f)
#define PAD(...) FILL(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* The first argument names the call, the others are the registers in order. */
#define TRAP(name, ...)                                         \
    ({                                                          \
        _Static_assert(COUNT(0, ##__VA_ARGS__) == ARITY_##name, \
                       "registers of " #name);                  \
        trap(FOS_SYS_##name, PAD(0, ##__VA_ARGS__));            \
    })
#define CAP(cap) (cap).id, (cap).secret

long fos_sys_null(void)
{
    return TRAP(null);
}

_Noreturn void fos_sys_exit(int code)
{
    TRAP(exit, code);
    for (;;)
        __builtin_trap();
}

long fos_sys_kernel_info(struct fos_kernel_info *out)
{
    return TRAP(kernel_info, out);
}

long fos_sys_wait(uint64_t deadline)
{
    return TRAP(wait, deadline);
}

long fos_sys_serialize(void)
{
    return TRAP(serialize);
}

long fos_sys_notify(struct fos_cap channel)
{
    return TRAP(notify, CAP(channel));
}

long fos_sys_mailbox_create(struct fos_mailbox_slot *slots, uint64_t count,
                            _Atomic uint64_t *head, uint64_t limit,
                            struct fos_cap *out)
{
    return TRAP(mailbox_create, slots, count, head, limit, out);
}

long fos_sys_mailbox_renew(struct fos_cap mailbox, struct fos_cap *out)
{
    return TRAP(mailbox_renew, CAP(mailbox), out);
}

long fos_sys_mailbox_close(struct fos_cap mailbox)
{
    return TRAP(mailbox_close, CAP(mailbox));
}

long fos_sys_mailbox_send(struct fos_cap mailbox, const void *message,
                          size_t length)
{
    return TRAP(mailbox_send, CAP(mailbox), message, length);
}

long fos_sys_channel_connect(struct fos_cap mailbox, void *address,
                             uint64_t ring_pages, struct fos_channel_info *out)
{
    return TRAP(channel_connect, CAP(mailbox), address, ring_pages, out);
}

long fos_sys_channel_accept(void *address, struct fos_channel_info *out)
{
    return TRAP(channel_accept, address, out);
}

long fos_sys_channel_close(struct fos_cap channel, uint64_t taken)
{
    return TRAP(channel_close, CAP(channel), taken);
}

long fos_sys_channel_retire(struct fos_cap channel, uint64_t sent)
{
    return TRAP(channel_retire, CAP(channel), sent);
}

long fos_sys_channel_exchange(struct fos_cap channel, void *address, uint64_t pages)
{
    return TRAP(channel_exchange, CAP(channel), address, pages);
}

long fos_sys_space_create(uint64_t frames, uint64_t objects, struct fos_cap *out)
{
    return TRAP(space_create, frames, objects, out);
}

long fos_sys_space_destroy(struct fos_cap space)
{
    return TRAP(space_destroy, CAP(space));
}

long fos_sys_space_map(struct fos_cap space, uint64_t address, uint64_t pages,
                       unsigned protection)
{
    return TRAP(space_map, CAP(space), address, pages, protection);
}

long fos_sys_space_protect(struct fos_cap space, uint64_t address, uint64_t pages,
                           unsigned protection)
{
    return TRAP(space_protect, CAP(space), address, pages, protection);
}

long fos_sys_space_copy(const struct fos_copy *copy)
{
    return TRAP(space_copy, copy);
}

long fos_sys_space_share(const struct fos_share *share)
{
    return TRAP(space_share, share);
}

long fos_sys_space_control(struct fos_cap space, enum fos_space_control what,
                           uint64_t argument)
{
    return TRAP(space_control, CAP(space), what, argument);
}

long fos_sys_space_status(struct fos_cap space, struct fos_space_info *out)
{
    return TRAP(space_status, CAP(space), out);
}

long fos_sys_thread_create(struct fos_cap space, const struct fos_thread_args *args,
                           struct fos_cap *out)
{
    return TRAP(thread_create, CAP(space), args, out);
}

long fos_sys_thread_control(struct fos_cap thread, enum fos_thread_control what,
                            uint64_t argument)
{
    return TRAP(thread_control, CAP(thread), what, argument);
}

long fos_sys_device_control(struct fos_cap device, enum fos_device_control what,
                            uint64_t argument)
{
    return TRAP(device_control, CAP(device), what, argument);
}

long fos_sys_device_map(struct fos_cap device, void *address)
{
    return TRAP(device_map, CAP(device), address);
}

long fos_sys_console_io(struct fos_cap device, unsigned operation, void *buffer,
                        size_t length)
{
    return TRAP(console_io, CAP(device), operation, buffer, length);
}

long fos_sys_shutdown(struct fos_cap machine, enum fos_shutdown reason)
{
    return TRAP(shutdown, CAP(machine), reason);
}

/* Every row has its stub. */
#define SYSCALL(number, name, args, sentence) \
    _Static_assert(sizeof(&fos_sys_##name) == sizeof(void *), "stub of " #name);
#include <fos/abi/syscalls.def>
#undef SYSCALL
