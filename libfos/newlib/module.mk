# SPDX-License-Identifier: MIT
# newlib, from the distribution's package newlib-source, built once into build/newlib.

NEWLIB-TARBALL ?= $(firstword $(wildcard /usr/src/newlib/newlib-*.tar.xz))

$(B)/newlib/x86_64-fos-elf/.done: libfos/newlib/build.sh \
		$(addprefix libfos/posix/include/,machine/_types.h sys/features.h sys/signal.h \
		sys/dirent.h limits.h setjmp.h)
	$(call say,NEWLIB,$(NEWLIB-TARBALL) (one to three minutes; only once))
	$(Q)CC="$(CC)" JOBS=$$(nproc) libfos/newlib/build.sh "$(NEWLIB-TARBALL)" $(B)/newlib $(CACHE)
