#!/bin/bash
# SPDX-License-Identifier: MIT
# build.sh TARBALL OUT CACHE: newlib for the target x86_64-fos-elf, compiled by the
# host's gcc, installed to OUT/x86_64-fos-elf.  Messages go to OUT/build.log.
#
# The few edits are made to an unpacked copy; each is checked to have taken effect.
# Programs see an operating system of its own (not Linux); the system calls newlib
# stands on are plain names (write, sbrk, ...) supplied by libfos/posix.  The headers of
# libfos/posix/include come before newlib's own.
#
# What was built is kept in CACHE under the hash of all that it depends on, and is not
# built twice: neither here, nor in another working tree of the same repository.
set -eu -o pipefail

tarball=${1:-} out=${2:?usage: build.sh TARBALL OUT CACHE} cache=${3:?}
[ -r "$tarball" ] || {
    echo "newlib: no source archive in /usr/src/newlib; install the package" \
        "newlib-source (tools/setup does)" >&2
    exit 1
}
mkdir -p "$out" "$cache"
out=$(cd "$out" && pwd)
cache=$(cd "$cache" && pwd)
src=$out/src work=$out/work log=$out/build.log
here=$(cd "$(dirname "$0")" && pwd)
overlay=$(cd "$here/../posix/include" && pwd)

# The headers that decide the layout of what newlib's objects hold, not the others.
abi="machine/_types.h sys/features.h sys/signal.h sys/dirent.h limits.h setjmp.h"
hash=$({ ${CC:-gcc} --version; cat "$here/build.sh" "$tarball"
         for file in $abi; do cat "$overlay/$file"; done; } | sha256sum | cut -c1-16)
kept=$cache/newlib-$hash.tar

install_kept() {
    rm -rf "$out/x86_64-fos-elf"
    tar xf "$kept" -C "$out"
    touch "$out/x86_64-fos-elf/.done"
    exit 0
}

exec 9>"$cache/newlib.lock"
flock 9
[ ! -e "$kept" ] || install_kept
rm -rf "$src" "$work" "$out/x86_64-fos-elf"
mkdir -p "$src" "$work"
tar xf "$tarball" -C "$src" --strip-components=1

edit() { # edit SED-SCRIPT FILE...
    local script=$1 file
    shift
    for file; do
        sed -i.before -E "$script" "$src/newlib/libc/$file"
        if cmp -s "$src/newlib/libc/$file" "$src/newlib/libc/$file.before"; then
            echo "newlib: the edit of $file no longer applies" >&2
            exit 1
        fi
    done
}

# The reent of a thread comes from __getreent; read and write return ssize_t.
edit '/^#include <sys\/features.h>/a\
#define __DYNAMIC_REENT__ 1\
#define _READ_WRITE_RETURN_TYPE _ssize_t\
#define _READ_WRITE_BUFSIZE_TYPE __SIZE_TYPE__' include/sys/config.h
# A va_list parameter has decayed to a pointer on x86-64: its address is no va_list *.
edit 's/&ap, &numargs/(va_list *) ap, \&numargs/' \
    stdio/vfprintf.c stdio/vfwprintf.c stdio/vfscanf.c stdio/vfwscanf.c
# getopt: a lone "-" is an operand.
edit "s/\(argv_element\[0\] == '-'\)/(argv_element[0] == '-' \&\& argv_element[1])/" \
    stdlib/getopt.c
# Names that programs use for functions of their own.
edit '/^char \*[[:space:]]*(__)?(i|u)toa \(/d' include/stdlib.h
# A process's number does not fit a short.
edit 's/short[[:space:]]+l_pid;/int l_pid;/' include/sys/_default_fcntl.h
# The folders posix and unix (regcomp, glob, exec*, getpwent, ...) and which calls
# there are.
edit '/^  \*-\*-phoenix\*\)$/{
x
s/^/x/
/^x$/{
g
s/.*/  *-fos-elf*)\n\tposix_dir=posix\n\tunix_dir=unix\n\t;;\n  *-*-phoenix*)/
b
}
s/.*/  *-fos-elf*)\n\tnewlib_cflags="${newlib_cflags} -DMISSING_SYSCALL_NAMES -D_COMPILING_NEWLIB -DHAVE_FCNTL -DHAVE_BLKSIZE -DHAVE_RENAME -DHAVE_NANOSLEEP -DSIGNAL_PROVIDED -D_NO_GETUT"\n\tdefault_newlib_io_long_long="yes"\n\tsyscall_dir=\n\t;;\n  *-*-phoenix*)/
}' ../configure.host

gcc_include=$(${CC:-gcc} -print-file-name=include)
flags="-O2 -g0 -march=x86-64-v2 -fno-pic -fno-pie -fno-stack-protector"
flags+=" -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables"
flags+=" -DGETREENT_PROVIDED -w"
target_cc="${CC:-gcc} -nostdinc -isystem $overlay -isystem $gcc_include"
target_cc+=" -U__linux__ -U__linux -Ulinux -U__gnu_linux__ -D__fos__"

progress() {
    awk '/ -c /{ if (++n % 250 == 0) { printf "  NEWLIB  %d files compiled\n", n; fflush() } }
         { print > log_file }' log_file="$log"
}

build() {
    cd "$work"
    "$src/configure" --target=x86_64-fos-elf --prefix="$out" --disable-multilib \
        --disable-nls --disable-libgloss --disable-newlib-supplied-syscalls \
        --enable-newlib-io-long-long --enable-newlib-io-long-double \
        --enable-newlib-io-c99-formats --enable-newlib-io-pos-args \
        --enable-newlib-mb --enable-newlib-multithread \
        --enable-newlib-retargetable-locking --enable-newlib-global-stdio-streams \
        --enable-newlib-global-atexit --enable-newlib-register-fini \
        --enable-newlib-long-time_t \
        CC_FOR_TARGET="$target_cc" CFLAGS_FOR_TARGET="$flags" AS_FOR_TARGET=as \
        AR_FOR_TARGET=ar RANLIB_FOR_TARGET=ranlib LD_FOR_TARGET=ld NM_FOR_TARGET=nm \
        STRIP_FOR_TARGET=strip OBJDUMP_FOR_TARGET=objdump READELF_FOR_TARGET=readelf
    # A make of its own: this may run under the outer one's flags.
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -j"${JOBS:-2}" all-target-newlib
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make install-target-newlib
}

build 2>&1 | progress || {
    tail -n 20 "$log" >&2
    echo "newlib: the build failed; the whole log is $log" >&2
    exit 1
}
# The compiler's own header is the one that fits the compiler.
rm "$out/x86_64-fos-elf/include/stdatomic.h"
rm -rf "$src" "$work"
tar cf "$kept.new" -C "$out" x86_64-fos-elf
mv "$kept.new" "$kept"
install_kept
