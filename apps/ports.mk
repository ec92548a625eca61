# SPDX-License-Identifier: MIT
# Programs of others, from their unmodified source packages (tools/sources, fetched by
# tools/fetch): bash apps/<n>/build.sh TARBALL FOLDER compiles them in FOLDER, says what it
# corrects in them, if anything, and names there,
# in `objects`, what is to be linked, and in `links` other names of the program;
# apps/<n>/module.mk says which package it is: `PORTED += n`, `n-package := p`.  With
# `n-tests := t` it is made into the program test-t, too, for the tests, of `objects.t`.
# A program whose source could not be fetched is left out.

port-source = $(firstword $(wildcard $(CACHE)/src/$($(1)-package)/*.orig.tar.*))
PORTS   := $(foreach p,$(PORTED),$(if $(call port-source,$(p)),$(p)))
HEADERS := $(shell find libfos/posix/include -name '*.h')

define port-rule
$(B)/ports/$(1)/.done: $(wildcard apps/$(1)/*) tools/fos-cc $(HEADERS) $(NEWLIB)/.done \
    | $(LINK-NEEDS)
	$$(call say,PORT,$(1) ($$(notdir $(call port-source,$(1)))))
	$$(Q)rm -rf $$(@D) && mkdir -p $$(@D)
	$$(Q)env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
	    FOS_BUILD=$$(abspath $(B)) CC=$$(abspath tools/fos-cc) \
	    bash apps/$(1)/build.sh $(call port-source,$(1)) $$(abspath $$(@D)) \
	    >$$(@D)/build.log 2>&1 || { tail -n 20 $$(@D)/build.log >&2; exit 1; }
	$$(Q)touch $$@
endef
define port-link
PROGRAMS += $(B)/bin/$(2)
$(B)/bin/$(2): $(B)/ports/$(1)/.done $(LINK-NEEDS)
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)cd $(B)/ports/$(1) && FOS_BUILD=$$(abspath $(B)) $$(abspath tools/fos-cc) \
	    -o $$(abspath $$@) $$$$(cat $(3))
endef
$(foreach p,$(PORTS),$(eval $(call port-rule,$(p)))$(eval $(call port-link,$(p),$(p),objects)))
$(foreach p,$(PORTS),$(foreach t,$($(p)-tests),\
	$(eval $(call port-link,$(p),test-$(t),objects.$(t)))))
