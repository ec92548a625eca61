# SPDX-License-Identifier: MIT
unit-string-srcs   := libfos/arch/string.S
unit-string-cflags := $(foreach f,memcpy memmove memset memcmp,-D$(f)=tested_$(f)) -fno-builtin
unit-siphash-srcs  := libfos/lib/siphash.c
unit-rpc-srcs      := $(filter-out %/thread.c,$(wildcard libfos/msg/*.c)) libfos/lib/siphash.c \
	libfos/client/call.c $(wildcard libfos/fleet/*.c) \
	tests/bench/host.c tests/bench/process.c
unit-line-srcs     := $(unit-rpc-srcs)
unit-token-srcs    := libfos/client/name.c libfos/client/cache.c libfos/lib/alias.c
unit-token-cflags  := $(unit-stress-cflags)
unit-alias-srcs    := libfos/lib/alias.c
