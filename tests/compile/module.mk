# SPDX-License-Identifier: MIT
# What must not compile, and what must link.

HOST-TESTS += $(B)/host/compile/protocol $(B)/host/compile/headers

$(B)/host/compile/protocol: tests/compile/protocol.py tests/compile/module.mk
	$(Q)mkdir -p $(@D)
	$(Q)printf '#!/bin/sh\nexec python3 %s %s -std=gnu11 -O1 -I%s -Ilibfos/include %s\n' \
	    $< '$(CC)' '$(ABI)' '$(WARN)' > $@ && chmod +x $@

$(B)/host/compile/headers: tests/compile/headers.py tests/compile/module.mk
	$(Q)mkdir -p $(@D)
	$(Q)printf '#!/bin/sh\nexec python3 %s libfos/posix/include tools/fos-cc\n' $< > $@ && chmod +x $@
