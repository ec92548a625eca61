# SPDX-License-Identifier: MIT
# fos: `make help` lists the targets.

B      := build
# What is fetched from and built of others; shared by the working trees of a repository.
CACHE  ?= $(shell tools/fetch --where)
CACHE  := $(CACHE)
MAKEFLAGS += --no-builtin-rules
# A job to a processor, unless -j says otherwise.
ifeq ($(MAKELEVEL)$(findstring -j,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
SHELL  := /bin/bash
.SHELLFLAGS := -o pipefail -ec
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

CC     := gcc
ABI    := kernel/include
SHARED := -I$(ABI) -Iformats
WARN   := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-declarations
DEPS    = -MMD -MP -MF $(@:.o=.d)
Q      := $(if $(V),,@)
say     = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

.PHONY: all help clean format
all:

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make               build/fos.elf (kernel) and build/boot.cpio (fleets, apps)
## make clean         remove what `make` built (tools/setup's work stays)
## make format        clang-format all C sources in place
include $(sort $(wildcard *.mk */module.mk */*/module.mk))

all: $(B)/fos.elf $(B)/boot.cpio

clean:
	rm -rf $(B)/kernel $(B)/user $(B)/bin $(B)/host $(B)/fos.elf $(B)/boot.cpio $(B)/test.cpio

C-FILES = $(shell git ls-files -co --exclude-standard '*.c' '*.h')
format:
	clang-format -i $(C-FILES)
