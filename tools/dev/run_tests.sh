#!/bin/bash
# Runs one Criterion program, and fails when it should: also when it found no test, and when a
# sanitizer had something to say, which Criterion, whose tests are processes, does not notice for
# leaks and races.
#
#     tools/dev/run_tests.sh PROGRAM [ARGUMENT...]
set -uo pipefail

program=$1
shift
reports=$program.reports
rm -rf "$reports"
mkdir -p "$reports"
reports=$(cd "$reports" && pwd)
log=$reports/log
# With exitcode=0 a leak is only reported; errors abort all the same.
ASAN_OPTIONS="exitcode=0:abort_on_error=1:log_path=$reports/asan:${ASAN_OPTIONS:-}"
export ASAN_OPTIONS="detect_stack_use_after_return=1:$ASAN_OPTIONS"
export UBSAN_OPTIONS="abort_on_error=1:print_stacktrace=1:${UBSAN_OPTIONS:-}"
export TSAN_OPTIONS="halt_on_error=1:abort_on_error=1:log_path=$reports/tsan:${TSAN_OPTIONS:-}"

# A leak of Criterion's own, which it has now and then: nobody else called for the memory.
is_criterions_leak() {
    grep -q 'LeakSanitizer: detected memory leaks' "$1" && grep -q '#1 .*/libcriterion' "$1" &&
        ! grep -E '#[0-9]+ 0x' "$1" | grep -qvE '#0 .*__interceptor_|/libcriterion\.so'
}

"$program" --timeout "${TEST_SECONDS_MAX:-120}" "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
if grep -q 'Tested: 0 ' "$log" && [ $# -eq 0 ]; then
    echo "$program: no test ran" >&2
    status=1
fi
for report in "$reports"/?san.*; do
    [ -s "$report" ] || continue
    ! is_criterions_leak "$report" || continue
    echo "$report:" >&2
    head -n 40 "$report" >&2
    status=1
done
[ "$status" -ne 0 ] || rm -rf "$reports"
exit "$status"
