# SPDX-License-Identifier: MIT
# Fuzzing of everything that decodes what others wrote: tests/fuzz/fuzz_<target>.c.

FUZZ-SECONDS := 300
FUZZ-SHORT   := 2
FUZZ-TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ-LIBFOS  := $(filter-out libfos/msg/thread.c libfos/client/fs.c libfos/client/mem.c, \
	$(wildcard $(addsuffix /*.c,$(addprefix libfos/,msg client lib fleet))))
FUZZ-ENGINE  := $(wildcard $(shell clang -print-runtime-dir 2>/dev/null)/libclang_rt.fuzzer*)
FUZZ-CC      := $(if $(FUZZ-ENGINE),clang -fsanitize=fuzzer,$(CC) tests/fuzz/replay.c)
FUZZ-CFLAGS  := -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-sanitize=alignment,pointer-overflow -include tests/fuzz/clock.h \
	$(SHARED) -Ilibfos/include -Itests/fuzz -I.

fuzz-console-srcs := $(filter-out fleets/console/main.c,$(wildcard fleets/console/*.c))
fuzz-proc-srcs    := $(filter-out fleets/proc/main.c,$(wildcard fleets/proc/*.c))
fuzz-store-srcs   := fleets/store/wire.c
fuzz-fs-srcs      := $(filter-out fleets/fs/main.c,$(wildcard fleets/fs/*.c))
fuzz-name-srcs    := $(filter-out fleets/name/main.c,$(wildcard fleets/name/*.c))
fuzz-mem-srcs     := $(filter-out %/main.c %/pages.c,$(wildcard fleets/mem/*.c))
fuzz-page-srcs    := fleets/page/promises.c
# Trials, and answers in place, from the first messages on.
fuzz-line-cflags  := -DLINE_TRIAL_AFTER=2 -DLINE_TRIAL_CALLS=2 -DLINE_TRIAL_AGAIN=16 \
	-DLINE_TRIAL_SLOTS=64 -DLINE_TRIAL_STEP=16
fuzz-turn-cflags  := -DTURN_PATIENCE=0
fuzz-all = tests/fuzz/system.c $(FUZZ-LIBFOS) $(fuzz-$(1)-srcs)

$(B)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c
	$(call say,FUZZ,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(FUZZ-CFLAGS) $(fuzz-$*-cflags) -MM -MP -MT $@ $< $(call fuzz-all,$*) > $@.d
	$(Q)printf '%s:\n' $< $(call fuzz-all,$*) >> $@.d
	$(Q)$(FUZZ-CC) $(FUZZ-CFLAGS) $(fuzz-$*-cflags) -o $@ $< $(call fuzz-all,$*)

HOST-TESTS += $(addprefix $(B)/host/fuzz/,$(FUZZ-TARGETS))
$(B)/host/fuzz/%: $(B)/fuzz/fuzz_% tests/fuzz/run.py
	$(Q)mkdir -p $(@D)
	$(Q)printf '#!/bin/sh\nexec tests/fuzz/run.py --seconds $(FUZZ-SHORT) $*\n' > $@
	$(Q)chmod +x $@

## make fuzz          five CPU-minutes of fuzzing; findings and the corpus in build/fuzz/
.PHONY: fuzz
fuzz: $(addprefix $(B)/fuzz/fuzz_,$(FUZZ-TARGETS))
	$(Q)tests/fuzz/run.py --keep --seconds $$(($(FUZZ-SECONDS) / $(words $(FUZZ-TARGETS)))) \
	    $(FUZZ-TARGETS)

-include $(wildcard $(B)/fuzz/*.d)
