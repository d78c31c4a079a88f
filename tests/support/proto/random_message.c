#include "tests/support/proto/random_message.h"

#include <string.h>

#include "base/assert.h"

struct filler {
    struct random *random;
    struct arena *arena;
    int16_t version;
};

static void fill_struct(struct filler *filler, const struct struct_descriptor *structure,
                        uint8_t *place, unsigned depth);

static bool one_in(struct filler *filler, uint64_t bound)
{
    return random_below(filler->random, bound) == 0;
}

static void *allocate(struct filler *filler, size_t count, size_t size)
{
    void *memory = arena_allocate_array(filler->arena, count, size);
    ASSERT(memory != NULL);
    return memory;
}

static uint64_t random_integer(struct filler *filler)
{
    uint64_t value = 0;

    switch (random_below(filler->random, 5)) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX;
    case 2:
        return random_below(filler->random, 100);
    default:
        filler->random->fill(filler->random, &value, sizeof(value));
        return value;
    }
}

static struct text random_text(struct filler *filler)
{
    size_t size = random_below(filler->random, one_in(filler, 8) ? 400 : 10);
    char *characters = allocate(filler, size + 2, 1);
    size_t position = 0;

    while (position < size) {
        if (one_in(filler, 10)) {
            memcpy(characters + position, "\xc3\xa9", 2);
            position += 2;
        } else {
            characters[position++] = (char)('a' + random_below(filler->random, 26));
        }
    }
    return (struct text){characters, position};
}

static struct bytes random_bytes(struct filler *filler)
{
    static const size_t LARGE = 3000; /* Above what the writer copies. */
    size_t size = random_below(filler->random, one_in(filler, 8) ? LARGE : 10);
    uint8_t *data = allocate(filler, size, 1);

    filler->random->fill(filler->random, data, size);
    return (struct bytes){data, size};
}

static struct slices random_slices(struct filler *filler)
{
    size_t count = random_below(filler->random, 3);
    struct slices slices = {.items = allocate(filler, count, sizeof(struct slice)),
                            .capacity = count};

    for (size_t i = 0; i < count; i++) {
        struct bytes bytes = random_bytes(filler);
        slices_add(&slices,
                   (struct slice){.data = bytes.data, .file_descriptor = -1, .size = bytes.size});
    }
    return slices;
}

static size_t element_size(const struct field_descriptor *field)
{
    static const size_t SIZES[] = {
        [FIELD_BOOL] = sizeof(bool),
        [FIELD_INT8] = sizeof(int8_t),
        [FIELD_INT16] = sizeof(int16_t),
        [FIELD_UINT16] = sizeof(uint16_t),
        [FIELD_INT32] = sizeof(int32_t),
        [FIELD_UINT32] = sizeof(uint32_t),
        [FIELD_INT64] = sizeof(int64_t),
        [FIELD_FLOAT64] = sizeof(double),
        [FIELD_STRING] = sizeof(struct text),
        [FIELD_UUID] = sizeof(struct uuid),
        [FIELD_BYTES] = sizeof(struct bytes),
        [FIELD_RECORDS] = sizeof(struct bytes),
        [FIELD_RECORDS_SLICES] = sizeof(struct slices),
    };
    return field->type == FIELD_STRUCT ? field->structure->size : SIZES[field->type];
}

/* Numbers of all widths: the low bytes of a random integer. */
static void fill_number(struct filler *filler, const struct field_descriptor *field, uint8_t *place)
{
    uint64_t bits = random_integer(filler);
    double fraction = (double)(int64_t)bits / 7;
    bool truth = bits % 2 == 1;

    if (field->type == FIELD_FLOAT64) {
        memcpy(place, &fraction, sizeof(fraction));
    } else if (field->type == FIELD_BOOL) {
        memcpy(place, &truth, sizeof(truth));
    } else {
        memcpy(place, &bits, element_size(field)); /* Tests run on little-endian machines. */
    }
}

static void fill_element(struct filler *filler, const struct field_descriptor *field, bool nullable,
                         uint8_t *place, unsigned depth)
{
    struct text text = nullable && one_in(filler, 4) ? TEXT_NULL : random_text(filler);
    struct bytes bytes = nullable && one_in(filler, 4) ? BYTES_NULL : random_bytes(filler);
    struct slices slices =
        nullable && one_in(filler, 4) ? (struct slices){0} : random_slices(filler);

    switch (field->type) {
    case FIELD_STRING:
        memcpy(place, &text, sizeof(text));
        break;
    case FIELD_BYTES:
    case FIELD_RECORDS:
        memcpy(place, &bytes, sizeof(bytes));
        break;
    case FIELD_RECORDS_SLICES:
        memcpy(place, &slices, sizeof(slices));
        break;
    case FIELD_UUID:
        if (!one_in(filler, 4)) {
            filler->random->fill(filler->random, place, UUID_SIZE);
        }
        break;
    case FIELD_STRUCT:
        fill_struct(filler, field->structure, place, depth + 1);
        break;
    case FIELD_BOOL:
    case FIELD_INT8:
    case FIELD_INT16:
    case FIELD_UINT16:
    case FIELD_INT32:
    case FIELD_UINT32:
    case FIELD_INT64:
    case FIELD_FLOAT64:
        fill_number(filler, field, place);
        break;
    default:
        ASSERT(false); /* A type of its own. */
    }
}

static void fill_array(struct filler *filler, const struct field_descriptor *field, bool nullable,
                       uint8_t *place, unsigned depth)
{
    struct any_array array = {.is_null = nullable && one_in(filler, 4)};

    if (!array.is_null) {
        array.count = random_below(filler->random, depth < 2 ? 4 : 3);
        if (depth < 2 && one_in(filler, 200)) {
            array.count = 130; /* A count that takes two bytes as a varint. */
        }
        array.items = allocate(filler, array.count, element_size(field));
    }
    for (size_t i = 0; i < array.count; i++) {
        uint8_t *element = (uint8_t *)array.items + i * element_size(field);
        fill_element(filler, field, false, element, depth);
    }
    memcpy(place, &array, sizeof(array));
}

static void fill_struct(struct filler *filler, const struct struct_descriptor *structure,
                        uint8_t *place, unsigned depth)
{
    structure->init(place);
    for (size_t i = 0; i < structure->fields_count; i++) {
        const struct field_descriptor *field = &structure->fields[i];
        int16_t version = filler->version;
        bool present = version >= field->version_first && version <= field->version_last;
        bool nullable = version >= field->null_first && version <= field->null_last;

        if (!present || (field->is_tagged && one_in(filler, 3))) {
            continue;
        }
        if (field->is_array) {
            fill_array(filler, field, nullable, place + field->offset, depth);
        } else if (field->is_pointer) {
            uint8_t *value = one_in(filler, 4) ? NULL : allocate(filler, 1, field->structure->size);
            if (value != NULL) {
                fill_struct(filler, field->structure, value, depth + 1);
            }
            memcpy(place + field->offset, &value, sizeof(value));
        } else {
            fill_element(filler, field, nullable, place + field->offset, depth);
        }
    }
}

void *random_message(const struct message_descriptor *descriptor, int16_t version,
                     struct random *random, struct arena *arena)
{
    struct filler filler = {.random = random, .arena = arena, .version = version};
    void *message = allocate(&filler, 1, descriptor->structure->size);

    fill_struct(&filler, descriptor->structure, message, 0);
    return message;
}
