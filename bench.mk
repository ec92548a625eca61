# SPDX-License-Identifier: MIT
# The evaluation: benchmarks on the host, in fos and in a Linux guest beside it, and the
# report made of them.  `tests/bench/report/run --help` knows more.

LINUX-INIT-SRCS := tests/bench/guest/linux-init.c tests/bench/linux.c

$(B)/host/linux-init: $(LINUX-INIT-SRCS) $(BENCH-NEEDS) bench.mk
	$(call say,BENCH,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BENCH-CFLAGS) -static -o $@ $(LINUX-INIT-SRCS)

# The same program as on fos.
$(B)/host/posix-bench: apps/posix-bench/main.c libfos/include/fos/bench.h bench.mk
	$(call say,BENCH,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BENCH-CFLAGS) -static -o $@ $< -lpthread

# For a Xen host without the runner: xl create xen/linux.cfg.
$(B)/bench/linux.cpio: $(B)/host/linux-init $(B)/host/posix-bench
	$(Q)mkdir -p $(B)/bench/linux && cp $< $(B)/bench/linux/init
	$(Q)cp $(B)/host/posix-bench $(B)/bench/linux
	$(Q)cd $(B)/bench/linux && printf 'init\nposix-bench\n' | \
	    cpio --quiet -o -H newc -R 0:0 > ../linux.cpio

.PHONY: bench bench-quick bench-programs
bench-programs: ready
	$(Q)$(MAKE) -s --no-print-directory $(B)/host/bench $(B)/host/pool-bench \
	    $(B)/bench/linux.cpio

## make bench         the evaluation in full: build/bench/report.html
bench: bench-programs
	$(Q)tests/bench/report/run

## make bench-quick   the same with fewer samples, in about two minutes
bench-quick: bench-programs
	$(Q)tests/bench/report/run --quick

# The report's own tests; the system tests run the guests.
HOST-TESTS += $(B)/host/report/self-test
$(B)/host/report/self-test: $(B)/host/bench $(B)/host/linux-init $(B)/host/posix-bench bench.mk
	$(Q)mkdir -p $(@D)
	$(Q)printf '#!/bin/sh\nexec tests/bench/report/self_test.py\n' > $@ && chmod +x $@
