# SPDX-License-Identifier: MIT
MEM-PURE         := $(addprefix fleets/mem/,layout.c process.c regions.c stash.c fault.c life.c space.c)
unit-layout-srcs := fleets/mem/layout.c
unit-mem-srcs    := $(MEM-PURE)
unit-promise-srcs := fleets/mem/layout.c fleets/page/promises.c
