#include "proto/codegen/schema.h"

#include "base/assert.h"

bool schema_field_is_nullable(const struct schema_field *field)
{
    return field->null_versions.first <= field->null_versions.last;
}

bool schema_field_is_pointer(const struct schema_field *field)
{
    return field->type == SCHEMA_STRUCT && !field->is_array && schema_field_is_nullable(field);
}

static unsigned struct_size(const struct schema_struct *structure, int version, bool flexible);

static unsigned scalar_size(const struct schema_field *field, int version, bool flexible)
{
    switch (field->type) {
    case SCHEMA_BOOL:
    case SCHEMA_INT8:
        return 1;
    case SCHEMA_INT16:
    case SCHEMA_UINT16:
        return 2;
    case SCHEMA_INT32:
    case SCHEMA_UINT32:
        return 4;
    case SCHEMA_INT64:
    case SCHEMA_FLOAT64:
        return 8;
    case SCHEMA_UUID:
        return 16;
    case SCHEMA_STRING:
        return flexible && !field->is_plain ? 1 : 2;
    case SCHEMA_BYTES:
    case SCHEMA_RECORDS:
        return flexible ? 1 : 4;
    case SCHEMA_STRUCT:
        return struct_size(field->structure, version, flexible);
    case SCHEMA_TYPE_COUNT:
    default:
        ASSERT(false && "a type that the parser does not make");
        return 0;
    }
}

static unsigned field_size(const struct schema_field *field, int version, bool flexible)
{
    if (field->is_array) {
        return flexible ? 1 : 4;
    }
    if (schema_field_is_pointer(field)) {
        return 1;
    }
    return scalar_size(field, version, flexible);
}

static unsigned struct_size(const struct schema_struct *structure, int version, bool flexible)
{
    unsigned size = flexible ? 1 : 0;

    for (const struct schema_field *field = structure->fields; field != NULL; field = field->next) {
        bool present = version >= field->versions.first && version <= field->versions.last;
        if (present && !field->is_tagged) {
            size += field_size(field, version, flexible);
        }
    }
    return size;
}

unsigned schema_struct_size_min(const struct schema_message *message,
                                const struct schema_struct *structure)
{
    unsigned size_min = UINT32_MAX;

    for (int version = message->versions.first; version <= message->versions.last; version++) {
        unsigned size = struct_size(structure, version, version >= message->flexible_first);
        size_min = size < size_min ? size : size_min;
    }
    return size_min > 0 ? size_min : 1;
}

unsigned schema_element_size_min(const struct schema_message *message,
                                 const struct schema_field *field)
{
    unsigned size_min = UINT32_MAX;

    for (int version = field->versions.first; version <= field->versions.last; version++) {
        unsigned size = scalar_size(field, version, version >= message->flexible_first);
        size_min = size < size_min ? size : size_min;
    }
    return size_min > 0 ? size_min : 1;
}
