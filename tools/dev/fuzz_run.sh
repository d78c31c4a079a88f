#!/bin/bash
# Runs fuzzers one after the other, FUZZ_SECONDS each; see `make fuzz`.
#
#     tools/dev/fuzz_run.sh FOLDER DECODER...
#
# FOLDER/fuzz_<decoder> starts from tests/fuzz/corpus/<decoder>. What it finds new stays in
# FOLDER/corpus/<decoder>; what breaks a decoder is left as FOLDER/crash-<decoder>-*. fuzz_canary
# must break, or the others prove nothing.
set -uo pipefail

folder=$1
shift
seconds=${FUZZ_SECONDS:-30}
passed=0
failed=0
for decoder in "$@"; do
    mkdir -p "$folder/corpus/$decoder"
    seeds=tests/fuzz/corpus/$decoder
    log=$folder/fuzz_$decoder.log
    arguments=(-max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -malloc_limit_mb=256
        -print_final_stats=1 -artifact_prefix="$folder/crash-$decoder-" "$folder/corpus/$decoder")
    [ -d "$seeds" ] && arguments+=("$seeds")
    "$folder/fuzz_$decoder" "${arguments[@]}" >"$log" 2>&1
    status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    if [ "$decoder" = canary ]; then
        wanted=$([ $status -ne 0 ] && echo yes || echo no)
    else
        wanted=$([ $status -eq 0 ] && echo yes || echo no)
    fi
    if [ "$wanted" = yes ]; then
        passed=$((passed + 1))
        echo "fuzz $decoder: ${runs:-0} runs"
    else
        failed=$((failed + 1))
        echo "fuzz $decoder: FAILED after ${runs:-0} runs, see $log"
        tail -n 30 "$log"
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
