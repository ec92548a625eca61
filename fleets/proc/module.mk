# SPDX-License-Identifier: MIT
unit-cmdline-srcs := fleets/proc/cmdline.c
unit-alive-srcs   := fleets/proc/alive.c
unit-restarts-srcs := fleets/proc/restarts.c
unit-table-srcs   := fleets/proc/table.c
unit-pager-srcs   := $(addprefix fleets/proc/,restarts.c quotas.c)
