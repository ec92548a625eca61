# SPDX-License-Identifier: MIT
# Checks of the sources themselves: see tools/lint.

LINT-HOST-FLAGS = -std=gnu11 $(SHARED) -Ilibfos/include -Itests/unit -Itests/model \
	-Itests/bench -I. $(WARN)
HOST-TESTS += $(B)/host/lint/self-test

.PHONY: lint
## make lint          format, clang-tidy, headers, dependencies, sizes, licence lines
lint: $(B)/fos.elf $(B)/newlib/x86_64-fos-elf/.done
	$(Q)tools/lint --cc '$(CC)' --kernel $(B)/fos.elf --kernel-flags '$(KERNEL-CFLAGS)' \
	    --user-flags '$(USER-CFLAGS)' --host-flags '$(LINT-HOST-FLAGS)' \
	    $(if $(ONLY),--only $(ONLY))

$(B)/host/lint/self-test: tools/lint lint.mk $(wildcard tools/linter/*.py)
	$(Q)mkdir -p $(@D)
	$(Q)printf '#!/bin/sh\nexec tools/lint --self-test\n' > $@ && chmod +x $@
