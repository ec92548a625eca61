# SPDX-License-Identifier: MIT
# Other people's tests, run on fos: tests/conformance/README.md.

.PHONY: conformance conformance-posix conformance-mksh conformance-busybox \
	conformance-newlib
## make conformance   other people's tests on fos, all: tables in tests/conformance/
conformance: conformance-posix conformance-mksh conformance-busybox conformance-newlib
conformance-posix: ready
	$(Q)tests/conformance/run --table tests/conformance/posixtestsuite.md
conformance-mksh: ready
	$(Q)tests/conformance/mksh --table tests/conformance/mksh.md
conformance-busybox: ready
	$(Q)tests/conformance/busybox --table tests/conformance/busybox.md
conformance-newlib: ready
	$(Q)tests/conformance/newlib --table tests/conformance/newlib.md

# Those of the Open POSIX Test Suite that `make test` runs: boot:posixtests.
SUBSET := $(B)/conformance/subset.cpio
$(SUBSET): tests/conformance/subset tests/conformance/driver.c tests/conformance/posix_suite.py \
		$(B)/boot.cpio
	$(call say,CPIO,$@)
	$(Q)tests/conformance/run --build --name subset
test-programs: $(SUBSET)
