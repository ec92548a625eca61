# SPDX-License-Identifier: MIT
FS-SRCS           := $(filter-out fleets/fs/main.c,$(wildcard fleets/fs/*.c)) libfos/lib/siphash.c
unit-fs-srcs      := $(FS-SRCS)
unit-fsmodel-srcs := $(FS-SRCS)
unit-pipe-srcs    := $(FS-SRCS)
unit-shared-srcs  := $(FS-SRCS)
