/* SPDX-License-Identifier: MIT */
/*
 * The kernel's console output: used at start-up, before the console fleet drives
 * the ring, and once more when the kernel crashes.  Never waits for a host that
 * does not drain the ring for more than a bounded number of yields.
 */
#include "xen/xen.h"
#include "xen/hypercall.h"
#include <fos/abi/syscalls.h>
#include <xen/io/console.h>

static struct xencons_interface *ring;
static bool privileged;

/* What was written first: the console fleet begins its log with it. */
static char kept[FOS_CONSOLE_IO_MAX];
static size_t kept_length;

void console_init(void)
{
    privileged = xen_start->flags & SIF_INITDOMAIN;
    pfn_t f;
    if (!privileged && mfn_to_pfn((mfn_t){xen_start->console.domU.mfn}, &f))
        ring = frame_address(f);
}

static void ring_kick(void)
{
    event_send(xen_start->console.domU.evtchn);
}

/* False: the host takes nothing. */
static bool ring_write(char c)
{
    enum { SIZE = sizeof ring->out, PATIENCE = 1000 };
    uint32_t prod = ring->out_prod;
    for (int i = 0; prod - *(volatile XENCONS_RING_IDX *)&ring->out_cons >= SIZE;
         i++) {
        if (i == PATIENCE)
            return false;
        ring_kick();
        xen_yield();
    }
    ring->out[prod % SIZE] = c;
    atomic_thread_fence(
        memory_order_release); /* the host reads prod, then the text */
    ring->out_prod = prod + 1;
    return true;
}

long console_io_log(char *text, size_t n)
{
    size_t length = min_u64(n, kept_length);
    memcpy(text, kept, length);
    return (long)length;
}

void console_write(const char *text, size_t n)
{
    size_t room = min_u64(n, sizeof kept - kept_length);
    memcpy(kept + kept_length, text, room);
    kept_length += room;
    if (!ring) { /* an unprivileged Xen console accepts nothing and says so */
        HYPERVISOR_console_io(CONSOLEIO_write, n, text);
        return;
    }
    bool taken = true;
    for (size_t i = 0; i < n && taken; i++)
        taken = (text[i] != '\n' || ring_write('\r')) && ring_write(text[i]);
    ring_kick();
}

long console_io_write(const char *text, size_t n)
{
    if (!privileged) {
        console_write(text, n);
        return (long)n;
    }
    return HYPERVISOR_console_io(CONSOLEIO_write, n, text) == 0 ? (long)n
                                                                : -FOS_EAGAIN;
}

long console_io_read(char *text, size_t n)
{
    if (!privileged)
        return -FOS_ENOSYS;
    long r = HYPERVISOR_console_io(CONSOLEIO_read, n, text);
    return r >= 0 ? r : -FOS_EAGAIN;
}
