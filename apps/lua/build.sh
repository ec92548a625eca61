#!/bin/bash
# SPDX-License-Identifier: MIT
# build.sh TARBALL FOLDER: the interpreter of Lua.
set -eu
cd "$2"
tar xf "$1" --strip-components=1
cd src
rm luac.c
# Debian's sources ask for the name of the host's library folder.
echo '#define DEB_HOST_MULTIARCH "fos"' >lua5.4-deb-multiarch.h
printf '%s\n' l*.c | xargs -P "$(nproc)" -n 4 "$CC" -w -I. -DLUA_COMPAT_5_3 -DLUA_USE_POSIX -c
printf 'src/%s ' *.o >../objects
