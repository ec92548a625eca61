# SPDX-License-Identifier: MIT
# The kernel: build/fos.elf.  Linked twice: the second time with the table of its own
# function names that backtraces need (tools/symbols.awk).

KERNEL-SRCS   := $(sort $(wildcard kernel/*/*.c kernel/*/*/*.c kernel/*/*/*.S))
KERNEL-OBJS   := $(patsubst %,$(B)/kernel/%.o,$(KERNEL-SRCS))
KERNEL-CFLAGS := -std=gnu11 -O2 -g -ffreestanding -nostdinc \
	-isystem $(shell $(CC) -print-file-name=include) -isystem $(B)/kernel/include \
	$(SHARED) -iquote kernel -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-pic \
	-fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fno-omit-frame-pointer -fno-optimize-sibling-calls -fno-common \
	-ffunction-sections -D__XEN_INTERFACE_VERSION__=0x00040e00 $(WARN) -Wno-address-of-packed-member
KERNEL-LD     := $(CC) -nostdlib -static -no-pie -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
	-Wl,--build-id=none -Wl,--no-warn-rwx-segments -Wl,--gc-sections -Wl,-u,symbol_table -T kernel/kernel.ld

$(B)/kernel/include/.done:
	$(Q)mkdir -p $(@D) && ln -sfn /usr/include/xen $(@D)/xen && touch $@

$(B)/kernel/%.c.o: %.c $(B)/kernel/include/.done
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL-CFLAGS) $(DEPS) -c -o $@ $<

$(B)/kernel/%.S.o: %.S $(B)/kernel/include/.done
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SHARED) -iquote kernel -isystem $(B)/kernel/include $(DEPS) -c -o $@ $<

$(B)/kernel/pass1.elf: $(KERNEL-OBJS) kernel/kernel.ld
	$(call say,LD,$@)
	$(Q)$(KERNEL-LD) -Wl,--defsym=symbol_table=0,--defsym=symbol_count=0 -o $@ $(KERNEL-OBJS)

$(B)/kernel/symbols.S: $(B)/kernel/pass1.elf tools/symbols.awk
	$(Q)nm -n $< | awk -f tools/symbols.awk > $@

$(B)/fos.elf: $(B)/kernel/symbols.S $(KERNEL-OBJS) kernel/kernel.ld
	$(call say,LD,$@)
	$(Q)$(CC) -c -o $(B)/kernel/symbols.o $<
	$(Q)$(KERNEL-LD) -o $@ $(KERNEL-OBJS) $(B)/kernel/symbols.o

-include $(KERNEL-OBJS:.o=.d)
