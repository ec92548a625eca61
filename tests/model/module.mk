# SPDX-License-Identifier: MIT
# Models: the messaging code under the explorer of interleavings (README.md).  Each
# name here is a host program made of tests/model/<name>.c and model-<name>-srcs.

MODELS := litmus ring sleep mailbox msg line turn park pipe
model-ring-srcs    := libfos/msg/channel.c
model-sleep-srcs   := $(addprefix libfos/msg/,channel.c sleep.c trace.c) tests/model/kernel.c
model-mailbox-srcs := libfos/msg/mailbox.c libfos/msg/sleep.c libfos/msg/trace.c
model-msg-srcs     := $(addprefix libfos/msg/,channel.c choice.c mailbox.c trace.c) \
	tests/model/kernel.c
model-msg-cflags   := -DMODEL_OWN_NOTIFY
model-turn-cflags  := -DMODEL_OWN_NOTIFY
model-turn-srcs    := $(model-msg-srcs)
model-line-srcs    := $(addprefix libfos/msg/,channel.c sleep.c trace.c wait.c) tests/model/kernel.c
model-park-cflags  := -DFOS_LOT_BITS=1
model-pipe-cflags  := -DFOS_PIPE_BYTES=16u -DFOS_PIPE_HEAD=64
model-park-srcs    := $(addprefix libfos/thread/,park.c lock.c mutex.c cond.c semaphore.c)

MODEL-CFLAGS := -std=gnu11 -O2 -g -fno-strict-aliasing -DFOS_EXPLORE $(SHARED) \
	-Ilibfos/include -Itests/model -I. $(WARN)
MODEL-PARTS := $(patsubst %,tests/model/%.c,machine clocks graph search verdict)
HOST-TESTS  += $(MODELS:%=$(B)/host/model/%)

MODEL-NEEDS := $(MODEL-PARTS) tests/model/kernel.c $(wildcard tests/model/*.h tests/model/module.mk \
	libfos/msg/*.[ch] libfos/thread/*.c libfos/include/fos/*.h kernel/msg/*.h $(ABI)/fos/abi/*)

$(B)/host/model/%: tests/model/%.c $(MODEL-NEEDS)
	$(call say,MODEL,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(MODEL-CFLAGS) $(model-$*-cflags) -o $@ $< $(MODEL-PARTS) $(model-$*-srcs)
