#include "proto/wire/message_print.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

struct printer {
    char *memory;
    size_t capacity;
    size_t size; /* Of the whole text, also of what did not fit. */
    int16_t version;
};

static void print_struct(struct printer *printer, const struct struct_descriptor *structure,
                         const uint8_t *place);

static void print_raw(struct printer *printer, const char *data, size_t size)
{
    if (printer->size < printer->capacity) {
        size_t room = printer->capacity - printer->size;
        memcpy(printer->memory + printer->size, data, size < room ? size : room);
    }
    printer->size += size;
}

__attribute__((format(printf, 2, 3))) static void print(struct printer *printer, const char *format,
                                                        ...)
{
    char text[64]; /* Numbers and short words only. */
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    ASSERT(size >= 0 && (size_t)size < sizeof(text));
    print_raw(printer, text, (size_t)size);
}

/* The size of the UTF-8 sequence at the start of `data` (RFC 3629), 0 when there is none. */
static size_t utf8_size(const uint8_t *data, size_t size)
{
    static const uint32_t SMALLEST[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t needed = data[0] < 0x80   ? 1
                    : data[0] < 0xc0 ? 0
                    : data[0] < 0xe0 ? 2
                    : data[0] < 0xf0 ? 3
                    : data[0] < 0xf8 ? 4
                                     : 0;
    if (needed <= 1 || needed > size) {
        return needed == 1 ? 1 : 0;
    }
    uint32_t code = data[0] & (0x7fu >> needed);
    for (size_t i = 1; i < needed; i++) {
        if ((data[i] & 0xc0) != 0x80) {
            return 0;
        }
        code = code << 6 | (data[i] & 0x3f);
    }
    bool valid = code >= SMALLEST[needed] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return valid ? needed : 0;
}

static void print_text(struct printer *printer, struct text text)
{
    const uint8_t *data = (const uint8_t *)text.data;

    if (text.data == NULL) {
        print(printer, "null");
        return;
    }
    print(printer, "\"");
    for (size_t i = 0; i < text.size;) {
        size_t size = utf8_size(data + i, text.size - i);
        if (size == 0) {
            print(printer, "\\ufffd");
            size = 1;
        } else if (data[i] == '"' || data[i] == '\\') {
            print(printer, "\\%c", data[i]);
        } else if (data[i] < 0x20 || data[i] == 0x7f) {
            print(printer, "\\u%04x", data[i]);
        } else {
            print_raw(printer, text.data + i, size);
        }
        i += size;
    }
    print(printer, "\"");
}

static void print_bytes(struct printer *printer, struct bytes bytes)
{
    if (bytes.data == NULL) {
        print(printer, "null");
        return;
    }
    print(printer, "\"");
    for (size_t i = 0; i < bytes.size && i < MESSAGE_PRINT_BYTES_MAX; i++) {
        print(printer, "%02x", bytes.data[i]);
    }
    if (bytes.size > MESSAGE_PRINT_BYTES_MAX) {
        print(printer, "... %zu bytes", bytes.size);
    }
    print(printer, "\"");
}

static void print_records(struct printer *printer, bool is_null, size_t size)
{
    if (is_null) {
        print(printer, "null");
    } else {
        print(printer, "\"%zu bytes\"", size);
    }
}

static void print_float(struct printer *printer, double value)
{
    if (isfinite(value)) {
        print(printer, "%.17g", value);
    } else {
        print(printer, "\"%f\"", value); /* JSON has no such number. */
    }
}

/* Declares `name` as a copy of the value at `place`. */
#define LOAD(type, name)                                                                           \
    type name;                                                                                     \
    memcpy(&name, place, sizeof(name))

/* Prints an integer or a bool; false when the field is something else. */
static bool print_number(struct printer *printer, enum field_type type, const uint8_t *place)
{
    static const size_t SIZES[] = {
        [FIELD_BOOL] = sizeof(bool),     [FIELD_INT8] = sizeof(int8_t),
        [FIELD_INT16] = sizeof(int16_t), [FIELD_UINT16] = sizeof(uint16_t),
        [FIELD_INT32] = sizeof(int32_t), [FIELD_UINT32] = sizeof(uint32_t),
        [FIELD_INT64] = sizeof(int64_t),
    };
    bool is_unsigned = type == FIELD_UINT16 || type == FIELD_UINT32;
    int64_t value = 0;

    if (type > FIELD_INT64) {
        return false;
    }
    if (type == FIELD_BOOL) {
        print(printer, *place != 0 ? "true" : "false");
        return true;
    }
    /* The upper bytes by sign, the lower ones from the message, which is in the host's order. */
    for (size_t i = 0; i < SIZES[type]; i++) {
        size_t from = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? SIZES[type] - 1 - i : i;
        uint64_t start =
            i == 0 && !is_unsigned && place[from] >= 0x80 ? UINT64_MAX : (uint64_t)value;
        value = (int64_t)(start << 8 | place[from]);
    }
    print(printer, "%" PRId64, value);
    return true;
}

static void print_element(struct printer *printer, const struct field_descriptor *field,
                          const uint8_t *place)
{
    char uuid_text[UUID_TEXT_SIZE];

    if (print_number(printer, field->type, place)) {
        return;
    }
    if (field->type == FIELD_FLOAT64) {
        LOAD(double, value);
        print_float(printer, value);
    } else if (field->type == FIELD_STRING) {
        LOAD(struct text, value);
        print_text(printer, value);
    } else if (field->type == FIELD_UUID) {
        LOAD(struct uuid, value);
        uuid_to_text(value, uuid_text);
        print(printer, "\"%s\"", uuid_text);
    } else if (field->type == FIELD_BYTES) {
        LOAD(struct bytes, value);
        print_bytes(printer, value);
    } else if (field->type == FIELD_RECORDS) {
        LOAD(struct bytes, value);
        print_records(printer, value.data == NULL, value.size);
    } else if (field->type == FIELD_RECORDS_SLICES) {
        LOAD(struct slices, value);
        print_records(printer, value.items == NULL, value.size);
    } else {
        ASSERT(field->type == FIELD_STRUCT);
        print_struct(printer, field->structure, place);
    }
}

static size_t element_size(const struct field_descriptor *field)
{
    /* The types of which there are arrays. */
    static const size_t SIZES[FIELD_STRUCT + 1] = {
        [FIELD_INT8] = sizeof(int8_t),        [FIELD_INT16] = sizeof(int16_t),
        [FIELD_INT32] = sizeof(int32_t),      [FIELD_INT64] = sizeof(int64_t),
        [FIELD_STRING] = sizeof(struct text), [FIELD_UUID] = sizeof(struct uuid),
    };
    size_t size = field->type == FIELD_STRUCT ? field->structure->size : SIZES[field->type];

    ASSERT(size > 0);
    return size;
}

static void print_array(struct printer *printer, const struct field_descriptor *field,
                        const uint8_t *place)
{
    LOAD(struct any_array, array);
    const uint8_t *items = array.items;

    if (array.is_null) {
        print(printer, "null");
        return;
    }
    print(printer, "[");
    for (size_t i = 0; i < array.count; i++) {
        print(printer, i > 0 ? "," : "");
        print_element(printer, field, items + i * element_size(field));
    }
    print(printer, "]");
}

static void print_field(struct printer *printer, const struct field_descriptor *field,
                        const uint8_t *place)
{
    if (field->is_secret) {
        print(printer, "\"***\"");
    } else if (field->is_array) {
        print_array(printer, field, place);
    } else if (field->is_pointer) {
        LOAD(const uint8_t *, value);
        if (value != NULL) {
            print_struct(printer, field->structure, value);
        } else {
            print(printer, "null");
        }
    } else {
        print_element(printer, field, place);
    }
}

static void print_struct(struct printer *printer, const struct struct_descriptor *structure,
                         const uint8_t *place)
{
    const char *separator = "";

    print(printer, "{");
    for (size_t i = 0; i < structure->fields_count; i++) {
        const struct field_descriptor *field = &structure->fields[i];
        if (printer->version < field->version_first || printer->version > field->version_last) {
            continue;
        }
        print(printer, "%s\"%s\":", separator, field->name);
        print_field(printer, field, place + field->offset);
        separator = ",";
    }
    print(printer, "}");
}

size_t message_print(const struct message_descriptor *descriptor, const void *message,
                     int16_t version, char *memory, size_t memory_size)
{
    struct printer printer = {
        .memory = memory,
        .capacity = memory_size > 0 ? memory_size - 1 : 0,
        .version = version,
    };

    print_struct(&printer, descriptor->structure, message);
    if (memory_size > 0) {
        memory[printer.size < printer.capacity ? printer.size : printer.capacity] = '\0';
    }
    return printer.size;
}

struct text message_to_text(const struct message_descriptor *descriptor, const void *message,
                            int16_t version, struct arena *arena)
{
    size_t size = message_print(descriptor, message, version, NULL, 0);
    char *memory = arena_allocate(arena, size + 1);

    if (memory == NULL) {
        return TEXT_NULL;
    }
    message_print(descriptor, message, version, memory, size + 1);
    return (struct text){memory, size};
}
