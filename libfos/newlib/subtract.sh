#!/bin/bash
# SPDX-License-Identifier: MIT
# subtract.sh LIBC LIBFOS OUT: newlib's archive without the members that define what
# libfos defines too, whoever asks for it first.
set -eu -o pipefail

libc=$1 libfos=$2 out=$3

# "archive:member:address type name" to "member name", for all that is global.
defined() {
    nm -A --defined-only "$1" | awk '$2 ~ /^[TDBRVW]$/ { split($1, at, ":"); print at[2], $3 }'
}

cp "$libc" "$out.new"
mapfile -t doubles < <(
    awk 'NR == FNR { ours[$2] = 1; next } $2 in ours { print $1 }' \
        <(defined "$libfos") <(defined "$libc") | sort -u)
[ ${#doubles[@]} -eq 0 ] || ar d "$out.new" "${doubles[@]}"
mv "$out.new" "$out"
