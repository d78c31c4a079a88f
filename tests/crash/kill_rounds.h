/* Rounds of: start on the same directory, check, load, kill -9. */
#ifndef TESTS_CRASH_KILL_ROUNDS_H
#define TESTS_CRASH_KILL_ROUNDS_H

#include <stdint.h>

struct crash_result {
    unsigned passed;
    unsigned failed;
};

/* Prints a table of what was sent, acknowledged, lost, duplicated, reordered. A round passes when
 * nothing is wrong after it. */
struct crash_result kill_rounds_run(unsigned rounds, uint64_t seed);

#endif /* TESTS_CRASH_KILL_ROUNDS_H */
