/* Randomness, as a seam: ids, session numbers, jitter. Cores are handed numbers. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    /* Fills `size` bytes. Cannot fail. */
    void (*fill)(struct random *random, void *bytes, size_t size);
};

/* The kernel's generator (getrandom). Holds no state: may be shared by threads. */
struct random *random_system(void);

/* Evenly spread over [0, bound); bound must not be 0. */
uint64_t random_below(struct random *random, uint64_t bound);

/* A deterministic generator from a seed, for tests and simulations. */
struct random_seeded {
    struct random random; /* First. */
    uint64_t state[4];
};

/* Starts the sequence that belongs to `seed` (xoshiro256**, Blackman and Vigna 2018). */
void random_seeded_init(struct random_seeded *seeded, uint64_t seed);

#endif /* BASE_RANDOM_H */
