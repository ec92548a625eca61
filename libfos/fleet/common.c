/* SPDX-License-Identifier: MIT */
/* The ops of every service (proto/fleet.h). */
#include "fleet.h"

#include <stdlib.h>

#include <fos/cap.h>
#include <fos/fleet.h>
#include <fos/start.h>

FLEET_OPS(FOS_OP_PROTOTYPE)
const struct fos_handler common_table[] = {FLEET_OPS(FOS_OP_ROW)};
const uint32_t common_count = FOS_TABLE_COUNT(common_table);

static void fleet_ping(const struct fos_caller *caller,
                       const struct fleet_ping_req *req, size_t length)
{
    struct fleet_ping_rep rep;

    (void)req, (void)length;
    fos_answer(caller, 0, &rep, sizeof rep);
}

static void fleet_stats(const struct fos_caller *caller,
                        const struct fleet_stats_req *req, size_t length)
{
    const struct fos_service *service = caller->service;
    struct fleet_stats_rep rep = {
        .load = load_now(service),
        .troubles = service->troubles,
        .pid = fos_pid(),
        .member = service->membership.slot,
        .members = service->membership.members,
        .view = service->membership.view,
    };

    (void)req, (void)length;
    fos_answer(caller, 0, &rep, sizeof rep);
}

static void fleet_ended(const struct fos_caller *caller,
                        const struct fleet_ended_req *req, size_t length)
{
    const struct fos_service *service = caller->service;

    (void)length;
    if (service->ended && req->count <= FLEET_ENDED_MAX &&
        fos_control_check(req->control))
        service->ended(req->pids, req->count);
}

static void fleet_view(const struct fos_caller *caller,
                       const struct fleet_view_req *req, size_t length)
{
    struct fos_membership *membership = &caller->service->membership;

    (void)length;
    if (req->number > membership->view && fos_control_check(req->control))
        *membership = (struct fos_membership){
            .slot = req->member, .members = req->members, .view = req->number};
}

static void fleet_stop(const struct fos_caller *caller,
                       const struct fleet_stop_req *req, size_t length)
{
    struct fleet_stop_rep rep;

    (void)length;
    if (!fos_cap_equal(req->self, fos_own_space())) {
        fos_answer(caller, -FOS_EPERM, NULL, 0);
        return;
    }
    fos_answer(caller, 0, &rep, sizeof rep);
    if (caller->service->stop)
        caller->service->stop();
    exit(0);
}
