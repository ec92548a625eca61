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
