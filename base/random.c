#include "base/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/assert.h"
#include "base/counted.h" /* CONTAINER_OF */

static void system_fill(struct random *random, void *bytes, size_t size)
{
    (void)random;
    uint8_t *position = bytes;
    while (size > 0) {
        ssize_t filled = getrandom(position, size, 0);
        if (filled < 0) {
            /* Only a signal may interrupt it. */
            ASSERT(errno == EINTR);
            continue;
        }
        position += filled;
        size -= (size_t)filled;
    }
}

struct random *random_system(void)
{
    static const struct random system = {.fill = system_fill};
    /* The seam hands every implementation its own, writable state; this one has none to write. */
    return (struct random *)(uintptr_t)&system;
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    ASSERT(bound > 0);
    /* Numbers under 2^64 mod bound are drawn again: without them every answer is as likely. */
    uint64_t rejected = (UINT64_C(0) - bound) % bound;
    uint64_t number;
    do {
        random->fill(random, &number, sizeof number);
    } while (number < rejected);
    return number % bound;
}

static uint64_t rotate_left(uint64_t number, unsigned bits)
{
    return number << bits | number >> (64 - bits);
}

static uint64_t seeded_next(struct random_seeded *seeded)
{
    uint64_t *state = seeded->state;
    uint64_t result = rotate_left(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate_left(state[3], 45);
    return result;
}

static void seeded_fill(struct random *random, void *bytes, size_t size)
{
    struct random_seeded *seeded = CONTAINER_OF(random, struct random_seeded, random);
    uint8_t *position = bytes;
    while (size > 0) {
        uint64_t number = seeded_next(seeded);
        size_t part = size < sizeof number ? size : sizeof number;
        memcpy(position, &number, part);
        position += part;
        size -= part;
    }
}

void random_seeded_init(struct random_seeded *seeded, uint64_t seed)
{
    seeded->random.fill = seeded_fill;
    /* SplitMix64, as the authors of xoshiro advise: near seeds give far states, never all zero. */
    for (unsigned i = 0; i < 4; i++) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t mixed = seed;
        mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
        seeded->state[i] = mixed ^ (mixed >> 31);
    }
}
