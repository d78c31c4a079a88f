/* Our half of `make test-wire`; the other half is tests/wire/java. A message is a line: name
 * without underscores, version, bytes in hexadecimal digits.
 *
 *     tests_wire generate SEED COUNT   writes COUNT random messages of every kind and version
 *     tests_wire verify                reads lines, decodes and encodes each again, and compares */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number_text.h"
#include "proto/generated/messages.h"
#include "tests/support/proto/message_bytes.h"
#include "tests/support/proto/random_message.h"

#define ARENA_SIZE_MAX ((size_t)64 * 1024 * 1024)
#define NAME_SIZE_MAX  128
#define FAILURES_MAX   10 /* That are printed. */

struct tally {
    unsigned passed;
    unsigned failed;
    unsigned skipped;
    char skipped_last[NAME_SIZE_MAX];
};

static void plain_name(const struct message_descriptor *descriptor, char name[NAME_SIZE_MAX])
{
    size_t size = 0;

    for (const char *from = descriptor->name; *from != '\0' && size < NAME_SIZE_MAX - 1; from++) {
        if (*from != '_') {
            name[size++] = *from;
        }
    }
    name[size] = '\0';
}

static const struct message_descriptor *find(const char *wanted)
{
    char name[NAME_SIZE_MAX];

    for (size_t i = 0; i < MESSAGES_COUNT; i++) {
        plain_name(MESSAGES[i], name);
        if (strcmp(name, wanted) == 0) {
            return MESSAGES[i];
        }
    }
    return NULL;
}

static void print_message(const char *name, int16_t version, struct bytes bytes)
{
    printf("%s %d ", name, version);
    for (size_t i = 0; i < bytes.size; i++) {
        printf("%02x", bytes.data[i]);
    }
    putchar('\n');
}

static bool generate(uint64_t seed, int64_t count)
{
    struct random_seeded random;
    struct arena arena;
    struct error error;

    random_seeded_init(&random, seed);
    arena_init(&arena, ARENA_SIZE_MAX);
    for (size_t i = 0; i < MESSAGES_COUNT * (size_t)count; i++) {
        const struct message_descriptor *descriptor = MESSAGES[i / (size_t)count];
        char name[NAME_SIZE_MAX];

        plain_name(descriptor, name);
        for (int16_t version = descriptor->version_min; version <= descriptor->version_max;
             version++) {
            struct bytes bytes = BYTES_NULL;
            void *message = random_message(descriptor, version, &random.random, &arena);
            if (message_bytes(descriptor, message, version, &arena, &bytes, &error) != STATUS_OK) {
                fprintf(stderr, "%s\n", error.text);
                arena_clear(&arena);
                return false;
            }
            print_message(name, version, bytes);
            arena_reset(&arena);
        }
    }
    arena_clear(&arena);
    return true;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *place = c != '\0' ? strchr(digits, c) : NULL;
    return place != NULL ? (int)(place - digits) : 0;
}

static struct bytes parse_hex(struct arena *arena, const char *text)
{
    size_t size = strlen(text) / 2;
    uint8_t *data = arena_allocate(arena, size);

    for (size_t i = 0; data != NULL && i < size; i++) {
        data[i] = (uint8_t)(hex_digit(text[2 * i]) * 16 + hex_digit(text[2 * i + 1]));
    }
    return (struct bytes){data, size};
}

/* Decodes into a new message and encodes that again. */
MUST_USE static enum status round_trip(const struct message_descriptor *descriptor, int16_t version,
                                       struct bytes bytes, struct arena *arena, struct bytes *again,
                                       struct error *error)
{
    void *message = NULL;
    enum status status = message_from_bytes(descriptor, bytes, version, arena, &message, error);

    return status == STATUS_OK ? message_bytes(descriptor, message, version, arena, again, error)
                               : status;
}

static void skip(struct tally *tally, const char *name, int16_t version)
{
    char skipped[NAME_SIZE_MAX];

    snprintf(skipped, sizeof(skipped), "%.*s version %d", NAME_SIZE_MAX - 32, name, version);
    if (strcmp(skipped, tally->skipped_last) != 0) {
        printf("skipped, not in our schemas: %s\n", skipped);
        memcpy(tally->skipped_last, skipped, sizeof(skipped));
    }
    tally->skipped++;
}

/* One line, cut into its three parts. */
static void verify_message(const char *name, const char *version_text, const char *hex,
                           struct arena *arena, struct tally *tally)
{
    const struct message_descriptor *descriptor = find(name);
    int64_t number = 0;
    bool parsed = parse_i64(text_of(version_text), &number);
    int16_t version = (int16_t)number;
    struct bytes again = BYTES_NULL;
    struct error error;

    if (!parsed || descriptor == NULL || version < descriptor->version_min ||
        version > descriptor->version_max) {
        skip(tally, name, version);
        return;
    }
    struct bytes bytes = parse_hex(arena, hex);
    enum status status = round_trip(descriptor, version, bytes, arena, &again, &error);
    if (status == STATUS_OK && bytes_equal(bytes, again)) {
        tally->passed++;
        return;
    }
    tally->failed++;
    if (tally->failed > FAILURES_MAX) {
        return;
    }
    printf("%s version %d: %s\n  ", name, version,
           status == STATUS_OK ? "encoded differently" : error.text);
    print_message(name, version, bytes);
    if (status == STATUS_OK) {
        printf("  ");
        print_message(name, version, again);
    }
}

static bool verify(void)
{
    struct tally tally = {0};
    struct arena arena;
    char *line = NULL;
    size_t capacity = 0;

    arena_init(&arena, ARENA_SIZE_MAX);
    while (getline(&line, &capacity, stdin) > 0) {
        char *rest = line;
        const char *name = strsep(&rest, " ");
        const char *version = strsep(&rest, " ");
        const char *hex = strsep(&rest, "\n");
        if (version == NULL || hex == NULL) {
            continue;
        }
        verify_message(name, version, hex, &arena, &tally);
        arena_reset(&arena);
    }
    free(line);
    arena_clear(&arena);
    printf("kafka -> rollway: %u passed, %u failed, %u skipped\n", tally.passed, tally.failed,
           tally.skipped);
    return tally.failed == 0 && tally.passed > 0;
}

int main(int arguments_count, char **arguments)
{
    int64_t seed = 0;
    int64_t count = 0;
    bool good = false;

    if (arguments_count == 4 && strcmp(arguments[1], "generate") == 0 &&
        parse_i64(text_of(arguments[2]), &seed) && parse_i64(text_of(arguments[3]), &count)) {
        good = generate((uint64_t)seed, count);
    } else if (arguments_count == 2 && strcmp(arguments[1], "verify") == 0) {
        good = verify();
    } else {
        fprintf(stderr, "usage: tests_wire generate SEED COUNT | verify\n");
        return 2;
    }
    return good ? 0 : 1;
}
