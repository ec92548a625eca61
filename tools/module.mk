# SPDX-License-Identifier: MIT
# Booting and testing: each target sets up and builds first.  `tools/run --help` and
# `tests/run.py --help` know more.

.PHONY: run quick trace gdb test test-programs ready
RUN-ARGS = $(if $(APP),--app '$(subst ','\'',$(APP))') $(ARGS)

ready:
	$(Q)CACHE=$(CACHE) tools/setup --quiet
	$(Q)$(MAKE) -s --no-print-directory all

# ADD: files, of this machine, that stand in the guest's archive, too.
ADDED := $(B)/added.cpio
WITH   = $(if $(ADD),FOS_ARCHIVE=$(ADDED))
.PHONY: added
added: ready
	$(Q)rm -rf $(B)/archive/added && cp -a $(B)/archive/boot $(B)/archive/added
	$(Q)for f in $(ADD); do to=$(B)/archive/added/$$(basename $$f); rm -f $$to; \
	    strip -o $$to $$f 2>/dev/null || cp $$f $$to || exit 1; done
	$(Q)tools/archive $(ADDED) $(B)/archive/added

## make run           Xen, dom0 and `xl create` in QEMU: a shell; APP="name args" instead of it;
##                    ADD=files puts files of yours beside the programs; make's status is 2 where
##                    the program's is not 0, tools/run's is the program's
run: $(if $(ADD),added,ready)
	$(Q)$(WITH) tools/run --show-status $(RUN-ARGS)

## make quick         fos straight on Xen, in seconds; APP=, ADD= likewise; ARGS= for tools/run
quick: $(if $(ADD),added,ready)
	$(Q)$(WITH) tools/run --show-status --quick $(RUN-ARGS)

## make trace         traces APP="name args" into build/trace.txt and build/trace.json (for
##                    ui.perfetto.dev); EVENTS=names, ARGS= for tools/run
TRACED = trace $(if $(EVENTS),-e $(EVENTS)) $(or $(APP),hello)
trace: ready
	$(Q)tools/run --show-status --quick --trace $(B)/trace --app '$(subst ','\'',$(TRACED))' $(ARGS)

## make gdb           quick, stopped at the kernel's entry in gdb
gdb: ready
	$(Q)tools/run --gdb $(RUN-ARGS)

## make test          all tests; ONLY=part-of-a-name picks (tests/run.py --list names them)
test: ready
	$(Q)$(MAKE) -s --no-print-directory test-programs
	$(Q)tests/run.py $(if $(ONLY),--only '$(ONLY)') --host $(UNIT-TESTS) $(HOST-TESTS)

test-programs: $(UNIT-TESTS) $(HOST-TESTS) $(B)/test.cpio
