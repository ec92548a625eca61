# SPDX-License-Identifier: MIT
# For scripts that are tests, by `.`: `check SENTENCE EXPECTED COMMAND` is a case, that the
# command prints this; its status follows in brackets where it is not 0.

failed=
check() {
    sentence=$1 expected=$2
    shift 2
    answer=$(eval "$*" 2>&1)
    status=$?
    [ $status -eq 0 ] || answer="$answer[$status]"
    if [ "$answer" = "$expected" ]; then
        echo "ok $sentence"
    else
        echo "FAIL $sentence: '$answer' is not '$expected'"
        failed=1
    fi
}

lines() {
    printf '%s\n' "$@"
}

# Ends a test of a program whose source could not be had.
need_program() {
    command -v "$1" >/dev/null && return
    echo "SKIP there is no $1: its source is missing"
    exit 0
}
