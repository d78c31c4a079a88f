/* Every message in every version, filled at random. */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/generated/messages.h"
#include "proto/wire/message_table.h"
#include "tests/support/proto/message_bytes.h"
#include "tests/support/proto/random_message.h"

#define ARENA_SIZE_MAX ((size_t)64 * 1024 * 1024)
#define ROUNDS         4
#define CHANGES        8 /* Damaged copies of each message. */

typedef void check_fn(const struct message_descriptor *descriptor, int16_t version,
                      struct bytes bytes, struct random *random, struct arena *arena);

static void for_every_message(check_fn *check)
{
    struct random_seeded random;
    struct arena arena;
    struct error error;

    random_seeded_init(&random, 42);
    arena_init(&arena, ARENA_SIZE_MAX);
    for (size_t i = 0; i < MESSAGES_COUNT; i++) {
        const struct message_descriptor *descriptor = MESSAGES[i];
        for (int16_t version = descriptor->version_min; version <= descriptor->version_max;
             version++) {
            for (int round = 0; round < ROUNDS; round++) {
                struct bytes bytes = BYTES_NULL;
                void *message = random_message(descriptor, version, &random.random, &arena);
                cr_assert_eq(message_bytes(descriptor, message, version, &arena, &bytes, &error),
                             STATUS_OK, "%s", error.text);
                check(descriptor, version, bytes, &random.random, &arena);
                arena_reset(&arena);
            }
        }
    }
    arena_clear(&arena);
}

static void expect_same_bytes(const struct message_descriptor *descriptor, int16_t version,
                              struct bytes bytes, struct random *random, struct arena *arena)
{
    void *message = NULL;
    struct bytes again = BYTES_NULL;
    struct error error;

    (void)random;
    cr_assert_eq(message_from_bytes(descriptor, bytes, version, arena, &message, &error), STATUS_OK,
                 "%s", error.text);
    cr_assert_eq(message_bytes(descriptor, message, version, arena, &again, &error), STATUS_OK,
                 "%s", error.text);
    cr_assert(bytes_equal(bytes, again), "%s version %d", descriptor->name, version);
}

Test(message_round_trip, every_message_in_every_version_keeps_its_bytes)
{
    for_every_message(expect_same_bytes);
}

static void expect_malformed_when_cut(const struct message_descriptor *descriptor, int16_t version,
                                      struct bytes bytes, struct random *random,
                                      struct arena *arena)
{
    size_t step = bytes.size / 32 + 1;

    for (size_t size = random_below(random, step); size < bytes.size; size += step) {
        /* A copy of its own size, so that the sanitizer sees a read behind its end. */
        uint8_t *data = malloc(size > 0 ? size : 1);
        struct byte_reader reader = byte_reader_over((struct bytes){data, size});
        void *message = arena_allocate(arena, descriptor->structure->size);
        struct error error;

        memcpy(data, bytes.data, size);
        cr_assert_eq(descriptor->decode(message, version, &reader, arena, &error), STATUS_MALFORMED,
                     "%s version %d cut to %zu of %zu bytes", descriptor->name, version, size,
                     bytes.size);
        cr_assert(reader.failed);
        free(data);
    }
}

Test(message_round_trip, no_message_can_be_cut_short)
{
    for_every_message(expect_malformed_when_cut);
}

static void expect_stable_when_damaged(const struct message_descriptor *descriptor, int16_t version,
                                       struct bytes bytes, struct random *random,
                                       struct arena *arena)
{
    for (int i = 0; i < CHANGES && bytes.size > 0; i++) {
        uint8_t *data = malloc(bytes.size);
        void *message = NULL;
        struct bytes first = BYTES_NULL;
        struct bytes second = BYTES_NULL;
        struct error error;

        memcpy(data, bytes.data, bytes.size);
        data[random_below(random, bytes.size)] ^= (uint8_t)(1 + random_below(random, 255));
        struct bytes damaged = {data, bytes.size};
        enum status status =
            message_from_bytes(descriptor, damaged, version, arena, &message, &error);
        cr_assert(status == STATUS_OK || status == STATUS_MALFORMED, "%s", error.text);
        if (status == STATUS_OK) { /* What was accepted once is accepted again, as the same. */
            cr_assert_eq(message_bytes(descriptor, message, version, arena, &first, &error),
                         STATUS_OK);
            cr_assert_eq(message_from_bytes(descriptor, first, version, arena, &message, &error),
                         STATUS_OK, "%s", error.text);
            cr_assert_eq(message_bytes(descriptor, message, version, arena, &second, &error),
                         STATUS_OK);
            cr_assert(bytes_equal(first, second), "%s version %d", descriptor->name, version);
        }
        free(data);
    }
}

Test(message_round_trip, a_damaged_message_is_refused_or_stable)
{
    for_every_message(expect_stable_when_damaged);
}

Test(message_round_trip, a_version_outside_the_range_is_refused_both_ways)
{
    struct arena arena;
    struct error error;

    arena_init(&arena, ARENA_SIZE_MAX);
    for (size_t i = 0; i < MESSAGES_COUNT; i++) {
        const struct message_descriptor *descriptor = MESSAGES[i];
        int16_t outside[] = {(int16_t)(descriptor->version_min - 1),
                             (int16_t)(descriptor->version_max + 1)};
        void *message = arena_allocate(&arena, descriptor->structure->size);

        descriptor->structure->init(message);
        for (size_t j = 0; j < 2; j++) {
            struct bytes bytes = BYTES_EMPTY;
            cr_assert_eq(message_bytes(descriptor, message, outside[j], &arena, &bytes, &error),
                         STATUS_UNSUPPORTED);
            cr_assert_eq(
                message_from_bytes(descriptor, bytes, outside[j], &arena, &message, &error),
                STATUS_UNSUPPORTED);
            cr_assert_not_null(strstr(error.text, descriptor->name));
        }
    }
    arena_clear(&arena);
}

Test(message_round_trip, defaults_can_be_encoded_in_every_version)
{
    struct arena arena;
    struct error error;

    arena_init(&arena, ARENA_SIZE_MAX);
    for (size_t i = 0; i < MESSAGES_COUNT; i++) {
        const struct message_descriptor *descriptor = MESSAGES[i];
        for (int16_t version = descriptor->version_min; version <= descriptor->version_max;
             version++) {
            void *message = arena_allocate(&arena, descriptor->structure->size);
            struct bytes bytes = BYTES_NULL;

            descriptor->structure->init(message);
            cr_assert_eq(message_bytes(descriptor, message, version, &arena, &bytes, &error),
                         STATUS_OK, "%s", error.text);
            expect_same_bytes(descriptor, version, bytes, NULL, &arena);
        }
        arena_reset(&arena);
    }
    arena_clear(&arena);
}
