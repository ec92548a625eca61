#!/bin/sh
# SPDX-License-Identifier: MIT
# zlib: the programs of its own `make test`, and its gzip beside another.

. /boot/check.sh
need_program minigzip
cd /tmp || exit 1

check "zlib's own test passes" "hello world" 'echo hello world | minigzip | minigzip -d'
check "its example ends well" "large_inflate(): OK" \
    'test-zlib-example example.gz >said || cat said; grep large_inflate said'
check "no part of it fails" "[1]" 'grep -i -E "error|bad|mismatch|!=" said'

seq 30000 >text
sum=$(cksum <text)
check "a hundred and some KiB come back as they were" "$sum" \
    'minigzip <text | minigzip -d | cksum'
check "a file is replaced by its compressed one, and back" "$sum" \
    'minigzip text && [ ! -e text ] && minigzip -d text.gz && cksum <text'
check "it is smaller" "smaller" \
    'minigzip -9 <text >small; [ $(stat -c %s small) -lt $(($(stat -c %s text) / 2)) ] && echo smaller'
check "busybox unpacks what zlib packs" "$sum" 'gunzip <small | cksum'
check "zlib unpacks what busybox packs" "$sum" 'gzip <text | minigzip -d | cksum'
head -c 100000 /dev/urandom >noise
noise=$(cksum <noise)
check "what cannot be compressed comes back, too" "$noise" 'minigzip <noise | minigzip -d | cksum'
check "a damaged file is refused" "refused" \
    'head -c 20000 small >cut; minigzip -d <cut >/dev/null 2>&1 || echo refused'

rm -rf /tmp/*
[ -z "$failed" ]
