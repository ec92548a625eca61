# SPDX-License-Identifier: MIT
# Programs that run on fos: fleets/<n>, apps/<n> -> build/bin/<n>; tests/boot/<n> ->
# build/bin/test-<n>.  Each is all the C and assembler files of its folder, newlib and libfos.

NEWLIB      := $(B)/newlib/x86_64-fos-elf
GCC-INCLUDE := $(shell $(CC) -print-file-name=include)
USER-CFLAGS := -std=gnu11 -O2 -g -march=x86-64-v2 -fno-pic -fno-pie -ffreestanding \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-omit-frame-pointer \
	--param=min-pagesize=0 \
	-ffunction-sections -fdata-sections -nostdinc -U__linux__ -U__linux -Ulinux \
	-U__gnu_linux__ -D__fos__ -isystem libfos/posix/include \
	-isystem $(NEWLIB)/include -isystem $(GCC-INCLUDE) $(SHARED) -Ilibfos/include $(WARN)

LIBFOS-OBJS := $(patsubst %,$(B)/user/%.o,$(filter-out %/missing.c, \
	$(wildcard libfos/*/*.c libfos/*/*.S)))
LIBFOS     := $(B)/user/libfos.a
LIBC       := $(B)/user/libc.a
MISSING    := $(B)/user/missing.a
LINK-NEEDS := tools/fos-cc $(LIBFOS) $(LIBC) $(MISSING)
comma := ,
# Tests that want what programs have, by the names of their folders.
PAGED-TESTS := doors members memory posix pipes threads signals endurance bombs timers between
# These map their memory themselves, and say so by the size of their stack; that of all
# others is the memory fleet's business.
OWN-MEMORY := fleets/% apps/echo-bench apps/page-bench apps/trace $(filter-out $(PAGED-TESTS:%=tests/boot/%), \
	$(patsubst %/main.c,%,$(wildcard tests/boot/*/main.c)))
PROGRAM-DIRS := $(patsubst %/main.c,%,$(wildcard fleets/*/main.c apps/*/main.c tests/boot/*/main.c))
program-name = $(if $(filter tests/%,$(1)),test-)$(notdir $(1))
PROGRAMS := $(foreach d,$(PROGRAM-DIRS),$(B)/bin/$(call program-name,$(d)))

$(B)/user/%.c.o: %.c $(NEWLIB)/.done
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(USER-CFLAGS) $(DEPS) -c -o $@ $<

$(B)/user/%.S.o: %.S
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SHARED) $(DEPS) -c -o $@ $<

$(LIBFOS): $(LIBFOS-OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(LIBC): libfos/newlib/subtract.sh $(LIBFOS)
	$(Q)$< $(NEWLIB)/lib/libc.a $(LIBFOS) $@

$(MISSING): $(B)/user/libfos/posix/missing.c.o
	$(Q)rm -f $@ && ar rcs $@ $^

define program-rule
$(B)/bin/$(call program-name,$(1)): $(patsubst %,$(B)/user/%.o,$(wildcard $(1)/*.c $(1)/*.S)) $(LINK-NEEDS)
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)FOS_BUILD=$(abspath $(B)) FOS_GCC='$$(CC)' tools/fos-cc -o $$@ $$(filter %.o,$$^) \
	    $(if $(filter $(OWN-MEMORY),$(1)),-Wl$$(comma)-z$$(comma)stack-size=262144)
endef
$(foreach d,$(PROGRAM-DIRS),$(eval $(call program-rule,$(d))))

include apps/ports.mk
# build/boot.cpio is what a guest is given; build/test.cpio has the tests' programs, too.
SCRIPTS := $(wildcard tests/boot/*/*.sh tests/boot/*/*.lua)
# Other names of our own programs, as those of ports.
LINKS := $(wildcard apps/*/links)
define archive-rule
$(B)/$(1).cpio: tools/archive $(2) $(LINKS)
	$$(call say,CPIO,$$@)
	$$(Q)rm -rf $(B)/archive/$(1) && mkdir -p $(B)/archive/$(1)
	$$(Q)for p in $(filter $(B)/bin/%,$(2)); do strip -o $(B)/archive/$(1)/$$$$(basename $$$$p) $$$$p; done
	$$(Q)for s in $(filter-out $(B)/bin/%,$(2)); do cp $$$$s $(B)/archive/$(1); done
	$$(Q)for f in $(LINKS) $(PORTS:%=$(B)/ports/%/links); do [ ! -e $$$$f ] || \
	    for l in $$$$(<$$$$f); do [ -e $(B)/archive/$(1)/$$$$l ] || \
	    ln -s $$$$(basename $$$${f%/links}) $(B)/archive/$(1)/$$$$l; done; done
	$$(Q)tools/archive $$@ $(B)/archive/$(1)
endef
$(eval $(call archive-rule,boot,$(filter-out $(B)/bin/test-%,$(PROGRAMS))))
$(eval $(call archive-rule,test,$(PROGRAMS) $(SCRIPTS)))

-include $(shell find $(B)/user -name '*.d' 2>/dev/null)
