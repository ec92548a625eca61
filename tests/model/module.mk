# SPDX-License-Identifier: MIT
# Models: the messaging code under the explorer of interleavings (explore.h).  Each
# tests/model/<name>.c listed here is a host program of its own.

MODELS := litmus ring sleep mailbox
MODEL-CFLAGS := -std=gnu11 -O2 -g -fno-strict-aliasing -DFOS_EXPLORE -I$(ABI) -Ilibfos/include -Itests/model -I. \
	$(WARN)
MODEL-PARTS := tests/model/explore.c tests/model/verdict.c
model-ring-srcs := libfos/msg/channel.c
model-sleep-srcs := libfos/msg/channel.c libfos/msg/sleep.c
model-mailbox-srcs := libfos/msg/mailbox.c libfos/msg/sleep.c
HOST-TESTS  += $(MODELS:%=$(B)/host/model/%)

$(B)/host/model/%: tests/model/%.c $(MODEL-PARTS)
	$(call say,MODEL,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(MODEL-CFLAGS) $(model-$*-cflags) -MMD -MP -MF $@.d -o $@ $< $(MODEL-PARTS) \
	    $(model-$*-srcs)

-include $(wildcard $(B)/host/model/*.d)
