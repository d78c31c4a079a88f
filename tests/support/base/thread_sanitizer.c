/* Makes Criterion start under ThreadSanitizer.
 *
 * Criterion's sandbox (BoxFort) maps memory that its processes share at an address it draws:
 * 0x200000000000 + (rand_r() & 0x3fffff) * 0x1000000. ThreadSanitizer leaves programs only a few
 * ranges, and of those that one can draw, 0x550000000000 to 0x568000000000 alone: the draw fails 97
 * times in 100. So the tsan build links this rand_r(), which draws from that range; no other build
 * does (TSAN_START in the Makefile). */
#include <stdlib.h>

#define DRAW_MIN   0x350000u
#define DRAW_COUNT 0x017000u

int rand_r(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return (int)(DRAW_MIN + (*seed >> 8) % DRAW_COUNT);
}
