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
	-isystem $(NEWLIB)/include -isystem $(GCC-INCLUDE) -I$(ABI) -Ilibfos/include $(WARN)
USER-LDFLAGS := -nostdlib -static -no-pie -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
	-Wl,-z,separate-code -Wl,--build-id=none -Wl,--gc-sections -Wl,-Ttext-segment=0x400000

LIBFOS-OBJS := $(patsubst %,$(B)/user/%.o,$(filter-out %/missing.c, \
	$(wildcard libfos/*/*.c libfos/*/*.S)))
# In this order, because what nobody supplies is missing.
LIBFOS     := $(B)/user/libfos.a
LIBC       := $(B)/user/libc.a
MISSING    := $(B)/user/missing.a
LINK-NEEDS := $(LIBFOS) $(LIBC) $(MISSING)
LINK-LIBS  := -Wl,--start-group $(LIBFOS) $(LIBC) $(NEWLIB)/lib/libm.a -lgcc \
	-Wl,--end-group $(MISSING) $(LIBFOS) $(LIBC)
comma := ,
# Tests that want what programs have, by the names of their folders.
PAGED-TESTS := memory posix pipes threads signals
# These map their memory themselves, and say so by the size of their stack; that of all
# others is the memory fleet's business.
OWN-MEMORY := fleets/% apps/echo-bench apps/trace $(filter-out $(PAGED-TESTS:%=tests/boot/%), \
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
	$(Q)$(CC) -I$(ABI) $(DEPS) -c -o $@ $<

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
	$$(Q)$$(CC) $$(USER-LDFLAGS) $(if $(filter $(OWN-MEMORY),$(1)),-Wl$$(comma)-z$$(comma)stack-size=262144) \
	    -o $$@ $$(filter %.o,$$^) $(LINK-LIBS)
endef
$(foreach d,$(PROGRAM-DIRS),$(eval $(call program-rule,$(d))))

include apps/ports.mk
# The first process stands first; the kernel looks no further.
SCRIPTS := $(wildcard tests/boot/*/*.sh tests/boot/*/*.lua)
$(B)/boot.cpio: tools/archive $(PROGRAMS) $(SCRIPTS)
	$(call say,CPIO,$@)
	$(Q)rm -rf $(B)/archive && mkdir -p $(B)/archive
	$(Q)for p in $(PROGRAMS); do strip -o $(B)/archive/$$(basename $$p) $$p; done
	$(Q)$(if $(SCRIPTS),cp $(SCRIPTS) $(B)/archive)
	$(Q)cd $(B)/archive && for p in $(PORTS); do [ ! -e ../ports/$$p/links ] || \
	    for l in $$(<../ports/$$p/links); do [ -e $$l ] || ln -s $$p $$l; done; done
	$(Q)tools/archive $@ $(B)/archive

-include $(shell find $(B)/user -name '*.d' 2>/dev/null)
