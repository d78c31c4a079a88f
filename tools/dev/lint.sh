#!/bin/bash
# clang-tidy over some files; see `make lint`. Says nothing when there is nothing to say.
#
#     tools/dev/lint.sh FLAG... -- FILE...
set -uo pipefail

flags=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    flags+=("$1")
    shift
done
shift
# The count of suppressed warnings goes to standard error, what is wrong to standard output.
clang-tidy --quiet --warnings-as-errors='*' "$@" -- "${flags[@]}" 2>/dev/null
