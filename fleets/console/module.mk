# SPDX-License-Identifier: MIT
unit-ldisc-srcs   := $(addprefix fleets/console/,ldisc.c edit.c history.c typed.c opost.c \
	width.c)
unit-console-srcs := $(unit-ldisc-srcs) $(addprefix fleets/console/,terminal.c output.c log.c \
	tty.c report.c wait_input.c wait_output.c) libfos/lib/siphash.c
unit-ttysignal-srcs := fleets/console/signal.c
