/* The power goes at every write point of a run that was recorded on the simulated disk. */
#ifndef TESTS_CRASH_POWER_LOSS_H
#define TESTS_CRASH_POWER_LOSS_H

#include <stdint.h>

#include "tests/crash/kill_rounds.h"

/* Prints a table. Every write point with one way to lose power is one test. */
struct crash_result power_loss_run(uint64_t seed);

#endif /* TESTS_CRASH_POWER_LOSS_H */
