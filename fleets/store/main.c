/* SPDX-License-Identifier: MIT */
/*
 * The xenstore client: hears the host's wish to shut this guest down
 * (control/shutdown) and passes it to the process fleet.
 */
#include <stdio.h>
#include <string.h>

#include <fos/call.h>
#include <fos/clock.h>
#include <fos/error.h>
#include <fos/fleet.h>
#include <fos/proc.h>
#include <fos/start.h>
#include <fos/syscall.h>

#include "wire.h"

enum { DEVICE_EVENT = FOS_EVENT_FIRST_FREE, REQUESTS_BITS = 16 };

static const char shutdown_path[] = "control/shutdown";

static long machine_stop(enum fos_shutdown reason)
{
    struct proc_stop_req req = {.self = fos_own_space(), .reason = reason};
    struct proc_stop_rep rep;
    long error = wire_write(shutdown_path, ""); /* the acknowledgement */

    if (error == -FOS_EPROTO)
        return error;
    return proc_stop_call(fos_proc_peer(), &req, &rep,
                          fos_now_ns() + 30 * FOS_SECOND);
}

/*
 * There is no suspending yet, and the protocol has no word for no: the request is
 * taken, the guest runs on, and the host's `xl save` fails after the minute it
 * allows.  The reason is left where the host's user can read it.
 */
static long suspend_refuse(void)
{
    puts("store: the host asks to suspend or save this guest; refused: not "
         "supported");
    long error = wire_write("data/fos/suspend", "refused: not supported");
    return error == -FOS_EPROTO ? error : wire_write(shutdown_path, "");
}

static long wish_obey(const char *wish)
{
    if (!wish[0])
        return 0;
    if (!strcmp(wish, "poweroff") || !strcmp(wish, "halt"))
        return machine_stop(FOS_SHUTDOWN_POWEROFF);
    if (!strcmp(wish, "reboot"))
        return machine_stop(FOS_SHUTDOWN_REBOOT);
    if (!strcmp(wish, "suspend"))
        return suspend_refuse();
    puts("store: the host asks for something unknown; ignored");
    return wire_write(shutdown_path, "");
}

/* What this guest can do; hosts that do not let it say so are content without. */
static long features_tell(void)
{
    long error = wire_write("control/feature-poweroff", "1");

    if (error != -FOS_EPROTO)
        error = wire_write("control/feature-reboot", "1");
    return error == -FOS_EINVAL ? 0 : error;
}

static long shutdown_look(void)
{
    char wish[WIRE_VALUE_MAX];
    long error = wire_read(shutdown_path, wish);

    if (!error)
        error = wish_obey(wish);
    return error == -FOS_EINVAL ? 0 : error; /* the node may not exist */
}

/* xenstored knows this guest, not its processes: one before may have set it. */
static long shutdown_watch(void)
{
    long error = wire_watch(shutdown_path, "shutdown");

    return error == -FOS_EINVAL && !strcmp(wire_error(), "EEXIST") ? 0 : error;
}

/* What the one before has heard, and not obeyed, is there still. */
static long serve(void)
{
    long error = wire_open(fos_start_extra(0), DEVICE_EVENT,
                           (uint32_t)fos_pid() << REQUESTS_BITS);

    if (!error)
        error = features_tell();
    if (!error)
        error = shutdown_watch();
    if (!error &&
        !fos_call_mailbox().id) /* it is there before the balance is taken */
        error = -FOS_ENOMEM;
    fos_fleet_ready((struct fos_cap){0});
    while (!error) {
        error = shutdown_look();
        if (!error)
            error = wire_watch_wait();
    }
    return error;
}

int main(void)
{
    long error = serve();

    printf("store: the connection to xenstored is lost: %s\n", fos_strerror(error));
    return 1;
}
