#!/bin/bash
# Keeps what fuzzers found: the smallest set of inputs that reaches all that was reached, as
# tests/fuzz/corpus/<decoder>.tar.gz, to be committed.
#
#     tools/dev/fuzz_keep.sh build/fuzz [DECODER...]
set -euo pipefail

folder=$1
shift
[ $# -gt 0 ] || set -- $(ls "$folder/corpus")
for decoder in "$@"; do
    [ "$decoder" = canary ] && continue
    kept=$(mktemp -d)
    seeds=tests/fuzz/corpus/$decoder
    sources=("$folder/corpus/$decoder")
    [ -d "$seeds" ] && sources+=("$seeds")
    "$folder/fuzz_$decoder" -merge=1 -max_len=512 "$kept" "${sources[@]}" >/dev/null 2>&1
    # The same inputs give the same archive.
    tar -C "$kept" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - . |
        gzip -9n >"$seeds.tar.gz"
    echo "$seeds.tar.gz: $(ls "$kept" | wc -l) inputs, $(stat -c %s "$seeds.tar.gz") bytes"
    rm -rf "$kept"
done
