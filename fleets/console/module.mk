# SPDX-License-Identifier: MIT
unit-console-srcs := $(addprefix fleets/console/,terminal.c output.c input.c)
