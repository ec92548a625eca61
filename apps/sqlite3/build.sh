#!/bin/bash
# SPDX-License-Identifier: MIT
# build.sh TARBALL FOLDER: sqlite and its shell, each made into one C file by sqlite's own
# makefile, which runs tclsh for that.  Its configure script would find what stands in `has`.
set -eu
cd "$2"
mkdir source
tar xf "$1" -C source --strip-components=1
make -s -f source/main.mk TOP=source BCC='gcc -w' sqlite3.c shell.c

has=(-DHAVE_{FCHOWN,FDATASYNC,GMTIME_R,INTTYPES_H,ISNAN,LOCALTIME_R,LSTAT,PREAD,PWRITE}=1
    -DHAVE_{READLINK,STDINT_H,STRCHRNUL,STRERROR_R,USLEEP,UTIME}=1)
with=(-DSQLITE_ENABLE_MATH_FUNCTIONS -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_THREADSAFE=1)
"$CC" -Os -w "${has[@]}" "${with[@]}" -c sqlite3.c &
"$CC" -Os -w "${has[@]}" "${with[@]}" -I. -c shell.c
wait $!
echo shell.o sqlite3.o >objects
