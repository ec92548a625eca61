# SPDX-License-Identifier: MIT
# The host benchmark: the very sources of libfos/msg between two processes on Linux.
# ROUNDS=n for more or fewer rounds.

BENCH-SRCS   := $(wildcard tests/bench/*.c) \
	$(filter-out %/thread.c,$(wildcard libfos/msg/*.c))
BENCH-CFLAGS := -std=gnu11 -O2 -g -march=x86-64-v2 -I$(ABI) -Ilibfos/include $(WARN)
BENCH-SRCS   += libfos/lib/siphash.c libfos/client/call.c $(wildcard libfos/fleet/*.c)
BENCH-NEEDS  := $(wildcard tests/bench/*.h libfos/msg/*.h libfos/include/fos/*.h \
	$(ABI)/fos/abi/*)

$(B)/host/bench: $(BENCH-SRCS) $(BENCH-NEEDS) tests/bench/module.mk
	$(call say,BENCH,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BENCH-CFLAGS) -o $@ $(BENCH-SRCS) -lm

## make bench-host    measure the channel on this machine, beside what Linux offers
.PHONY: bench-host
bench-host: $(B)/host/bench
	$(Q)mkdir -p $(B)/bench
	$(Q)$(B)/host/bench $(or $(ROUNDS),15) $(B)/bench
