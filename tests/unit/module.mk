# SPDX-License-Identifier: MIT
# Unit tests: each tests/unit/test_<m>.c becomes a host program, built with the address
# and undefined-behaviour sanitizers from itself and unit-<m>-srcs.

UNIT-CFLAGS := -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	$(SHARED) -Ilibfos/include -Itests/unit -I. $(WARN)
unit-channel-srcs := libfos/msg/channel.c
unit-mailbox-srcs := libfos/msg/mailbox.c
unit-msg-srcs     := $(filter-out %/thread.c,$(wildcard libfos/msg/*.c)) \
	tests/bench/host.c
unit-gone-srcs    := $(unit-msg-srcs)
unit-switch-srcs  := $(unit-msg-srcs)
unit-switch-cflags := -fno-sanitize=all -fsanitize=thread -O2 -DTURN_PATIENCE=0
unit-turn-srcs    := $(unit-msg-srcs)
unit-turn-cflags  := -DTURN_PATIENCE=0
unit-choice-srcs  := libfos/msg/choice.c
unit-stress-srcs  := $(addprefix libfos/msg/,channel.c mailbox.c sleep.c trace.c)
unit-stress-cflags := -fno-sanitize=all -fsanitize=thread -O2
unit-sync-srcs    := $(unit-msg-srcs) $(addprefix libfos/thread/,park.c spin.c lock.c mutex.c cond.c rwlock.c \
	barrier.c semaphore.c) tests/bench/park.c
unit-sync-cflags  := $(unit-stress-cflags)
unit-page-srcs    := libfos/lib/page_pool.c fleets/page/promises.c
unit-page-cflags  := $(unit-stress-cflags)
unit-regex-srcs   := libfos/posix/regex_rewrite.c
unit-spin-srcs    := kernel/lib/spin.c
unit-spin-cflags  := $(unit-stress-cflags) -iquote kernel
UNIT-TESTS  := $(patsubst tests/unit/%.c,$(B)/host/unit/%,$(wildcard tests/unit/test_*.c))

$(B)/host/unit/test_%: tests/unit/test_%.c
	$(call say,UNIT,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(UNIT-CFLAGS) $(unit-$*-cflags) -MM -MP -MT $@ $< $(unit-$*-srcs) > $@.d
	$(Q)printf '%s:\n' $< $(unit-$*-srcs) >> $@.d # a source may go, as a header may
	$(Q)$(CC) $(UNIT-CFLAGS) $(unit-$*-cflags) -o $@ $< $(unit-$*-srcs) -lpthread

-include $(wildcard $(B)/host/unit/*.d)
