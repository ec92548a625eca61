#!/bin/bash
# SPDX-License-Identifier: MIT
# build.sh TARBALL FOLDER: mksh, by its own build script.  It takes the system for Linux,
# whose signal and terminal calls are those of POSIX.
set -eu
cd "$2"
tar xf "$1" --strip-components=1
export TARGET_OS=Linux CPPFLAGS=-DMKSH_BUILDMEAT CFLAGS='-O2 -w'
bash Build.sh -r
[ -x mksh ]
rm mksh
echo *.o >objects
echo sh >links
