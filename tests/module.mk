# SPDX-License-Identifier: MIT
# A test that runs for long.

SOAK-CALLS   ?= 10000000
SOAK-SECONDS := 10800

.PHONY: soak
## make soak          ten million random system calls, or SOAK-CALLS=N; SEED=N replays a run
soak: ready $(B)/test.cpio
	$(Q)FOS_ARCHIVE=$(B)/test.cpio tools/run --quick --show-status --timeout $(SOAK-SECONDS) test-fuzz $(SOAK-CALLS) $(SEED)
