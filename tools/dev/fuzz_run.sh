#!/bin/bash
# Runs fuzzers, FUZZ_SECONDS in all, two at a time (FUZZ_JOBS); see `make fuzz` and
# tests/fuzz/README.md.
#
#     tools/dev/fuzz_run.sh FOLDER DECODER...
#
# FOLDER/fuzz_<decoder> starts from tests/fuzz/corpus/<decoder>, written by hand, and from
# tests/fuzz/corpus/<decoder>.tar.gz, found by earlier runs. What it finds new stays in
# FOLDER/corpus/<decoder>; what breaks a decoder is left as FOLDER/crash-<decoder>-*. fuzz_canary
# must break, or the others prove nothing.
set -uo pipefail

folder=$1
shift
jobs=${FUZZ_JOBS:-2}
seconds=$((${FUZZ_SECONDS:-600} * jobs / $#))
[ $seconds -gt 0 ] || seconds=1
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# run DECODER: leaves one line in $results/<decoder>, which begins with ok or FAILED.
run() {
    local decoder=$1 status runs wanted=0
    local seeds=tests/fuzz/corpus/$decoder corpus=$folder/corpus/$decoder log=$folder/fuzz_$1.log
    local arguments=(-max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -malloc_limit_mb=256
        -print_final_stats=1 -artifact_prefix="$folder/crash-$decoder-" "$corpus")
    mkdir -p "$corpus"
    [ -f "$seeds.tar.gz" ] && tar -xzf "$seeds.tar.gz" -C "$corpus"
    [ -d "$seeds" ] && arguments+=("$seeds")
    "$folder/fuzz_$decoder" "${arguments[@]}" >"$log" 2>&1
    status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    # libFuzzer says 77 for what an assertion or a sanitizer found; a missing program says 127.
    [ "$decoder" = canary ] && wanted=77
    if [ $status -eq $wanted ]; then
        echo "ok fuzz $decoder: ${runs:-0} runs in $seconds s" >"$results/$decoder"
    else
        {
            echo "FAILED fuzz $decoder: status $status after ${runs:-0} runs, see $log"
            tail -n 30 "$log"
        } >"$results/$decoder"
    fi
    cat "$results/$decoder"
}

for decoder in "$@"; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
        wait -n
    done
    run "$decoder" &
done
wait
passed=$(cat "$results"/* | grep -c '^ok ')
echo "$passed passed, $(($# - passed)) failed"
[ "$passed" -eq $# ]
