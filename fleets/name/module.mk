# SPDX-License-Identifier: MIT
NAME-SRCS        := $(addprefix fleets/name/,table.c member.c write.c ask.c) \
	libfos/lib/alias.c libfos/lib/siphash.c
unit-names-srcs  := $(NAME-SRCS) libfos/client/cache.c fleets/proc/members.c
unit-naming-srcs := $(NAME-SRCS) fleets/proc/members.c
unit-shares-srcs := $(NAME-SRCS)
