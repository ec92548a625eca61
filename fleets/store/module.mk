# SPDX-License-Identifier: MIT
unit-wire-srcs := fleets/store/wire.c
