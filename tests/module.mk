# SPDX-License-Identifier: MIT
# A test that runs for long.

SOAK-CALLS   := 10000000
SOAK-SECONDS := 10800

.PHONY: soak
## make soak          ten million random system calls; SEED=N replays a run
soak: ready
	$(Q)tools/run --quick --show-status --timeout $(SOAK-SECONDS) test-fuzz $(SOAK-CALLS) $(SEED)
