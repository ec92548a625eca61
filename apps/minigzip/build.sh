#!/bin/bash
# SPDX-License-Identifier: MIT
# build.sh TARBALL FOLDER: zlib by its own makefile, its gzip, and its test program.
set -eu
cd "$2"
tar xf "$1" --strip-components=1
CFLAGS='-O2 -w' ./configure --static
make -s -j"$(nproc)" libz.a minigzip.o example.o
echo minigzip.o libz.a >objects
echo example.o libz.a >objects.zlib-example
