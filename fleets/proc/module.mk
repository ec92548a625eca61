# SPDX-License-Identifier: MIT
unit-cmdline-srcs := fleets/proc/cmdline.c
