# SPDX-License-Identifier: MIT
# Tests of the tools that are Python: each tests/tools/<n>.py is one host test.

TOOL-TESTS := $(patsubst tests/tools/%.py,$(B)/host/tools/%,$(wildcard tests/tools/*.py))
HOST-TESTS += $(TOOL-TESTS)

$(TOOL-TESTS): $(B)/host/tools/%: tests/tools/%.py
	$(Q)mkdir -p $(@D)
	$(Q)printf '#!/bin/sh\nexec python3 $<\n' > $@ && chmod +x $@
