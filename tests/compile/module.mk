# SPDX-License-Identifier: MIT
# What must not compile.

HOST-TESTS += $(B)/host/compile/protocol

$(B)/host/compile/protocol: tests/compile/protocol.py tests/compile/module.mk
	$(Q)mkdir -p $(@D)
	$(Q)printf '#!/bin/sh\nexec python3 %s %s -std=gnu11 -O1 -I%s -Ilibfos/include %s\n' \
	    $< '$(CC)' '$(ABI)' '$(WARN)' > $@ && chmod +x $@
