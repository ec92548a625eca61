# SPDX-License-Identifier: MIT
# The host benchmark: the very sources of libfos/msg between two processes on Linux.
# ROUNDS=n for more or fewer rounds.

BENCH-SRCS   := $(filter-out %/pool.c,$(wildcard tests/bench/*.c)) \
	$(filter-out %/thread.c,$(wildcard libfos/msg/*.c))
BENCH-CFLAGS := -std=gnu11 -O2 -g -march=x86-64-v2 $(SHARED) -Ilibfos/include $(WARN)
BENCH-SRCS   += libfos/lib/siphash.c libfos/client/call.c $(wildcard libfos/fleet/*.c)
BENCH-NEEDS  := $(wildcard tests/bench/*.h libfos/msg/*.h libfos/include/fos/*.h \
	$(ABI)/fos/abi/*)

$(B)/host/bench: $(BENCH-SRCS) $(BENCH-NEEDS) tests/bench/module.mk
	$(call say,BENCH,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BENCH-CFLAGS) -o $@ $(BENCH-SRCS) -lm

$(B)/host/pool-bench: tests/bench/pool.c tests/unit/page_kernel.h libfos/lib/page_pool.c \
	$(BENCH-NEEDS) tests/bench/module.mk
	$(call say,BENCH,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BENCH-CFLAGS) -I. -o $@ $(filter %.c,$^) -lpthread

## make bench-host    measure the channel on this machine, beside what Linux offers
.PHONY: bench-host
bench-host: $(B)/host/bench $(B)/host/pool-bench
	$(Q)mkdir -p $(B)/bench
	$(Q)$(B)/host/bench $(or $(ROUNDS),15) $(B)/bench
	$(Q)$(B)/host/pool-bench $(or $(ROUNDS),15) | grep -v '^\[json\]'
