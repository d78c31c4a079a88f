/* tests_crash ROUNDS [SEED]: kill -9 against a real server, then power cuts on the simulated disk.
 * Ends with "N passed, N failed" and exit code 1 when something failed. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/crash/kill_rounds.h"
#include "tests/crash/power_loss.h"

int main(int count, char **arguments)
{
    unsigned rounds = count > 1 ? (unsigned)strtoul(arguments[1], NULL, 10) : 200;
    uint64_t seed = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("seed %llu\n", (unsigned long long)seed);
    struct crash_result killed = kill_rounds_run(rounds, seed);
    struct crash_result cut = power_loss_run(seed);
    unsigned failed = killed.failed + cut.failed;
    printf("%u passed, %u failed\n", killed.passed + cut.passed, failed);
    return failed == 0 ? 0 : 1;
}
