# SPDX-License-Identifier: MIT
unit-string-srcs   := libfos/arch/string.S
unit-string-cflags := $(foreach f,memcpy memmove memset memcmp,-D$(f)=tested_$(f)) -fno-builtin
unit-siphash-srcs  := libfos/lib/siphash.c
