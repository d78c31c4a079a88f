#include "proto/codegen/emit.h"

#include <ctype.h>
#include <string.h>

#include "base/assert.h"

void emit_upper(FILE *out, const char *name)
{
    for (; *name != '\0'; name++) {
        fputc(toupper((unsigned char)*name), out);
    }
}

void emit_element_type(FILE *out, const struct schema_message *message,
                       const struct schema_field *field)
{
    static const char *const TYPES[SCHEMA_TYPE_COUNT] = {
        [SCHEMA_BOOL] = "bool",          [SCHEMA_INT8] = "int8_t",
        [SCHEMA_INT16] = "int16_t",      [SCHEMA_UINT16] = "uint16_t",
        [SCHEMA_INT32] = "int32_t",      [SCHEMA_UINT32] = "uint32_t",
        [SCHEMA_INT64] = "int64_t",      [SCHEMA_FLOAT64] = "double",
        [SCHEMA_STRING] = "struct text", [SCHEMA_UUID] = "struct uuid",
        [SCHEMA_BYTES] = "struct bytes", [SCHEMA_RECORDS] = "struct bytes",
    };

    if (field->type == SCHEMA_STRUCT) {
        fprintf(out, "struct %s", field->structure->c_name);
    } else if (field->type == SCHEMA_RECORDS && message->kind == SCHEMA_RESPONSE) {
        fputs("struct slices", out);
    } else {
        fputs(TYPES[field->type], out);
    }
}

const char *emit_array_word(const struct schema_field *field)
{
    switch (field->type) {
    case SCHEMA_INT8:
        return "int8";
    case SCHEMA_INT16:
        return "int16";
    case SCHEMA_INT32:
        return "int32";
    case SCHEMA_INT64:
        return "int64";
    case SCHEMA_STRING:
        return "text";
    case SCHEMA_UUID:
        return "uuid";
    case SCHEMA_BOOL:
    case SCHEMA_UINT16:
    case SCHEMA_UINT32:
    case SCHEMA_FLOAT64:
    case SCHEMA_BYTES:
    case SCHEMA_RECORDS:
    case SCHEMA_STRUCT:
    case SCHEMA_TYPE_COUNT:
    default:
        ASSERT(false && "an array that the parser refuses");
        return "";
    }
}

bool emit_condition(FILE *out, const char *subject, struct schema_versions versions,
                    struct schema_versions whole)
{
    bool from = versions.first > whole.first;
    bool to = versions.last < whole.last;

    if (from && to && versions.first == versions.last) {
        fprintf(out, "%s == %d", subject, versions.first);
    } else if (from && to) {
        fprintf(out, "%s >= %d && %s <= %d", subject, versions.first, subject, versions.last);
    } else if (from) {
        fprintf(out, "%s >= %d", subject, versions.first);
    } else if (to) {
        fprintf(out, "%s <= %d", subject, versions.last);
    }
    return from || to;
}

void emit_nullable(FILE *out, const char *subject, const struct schema_field *field)
{
    if (!schema_field_is_nullable(field)) {
        fputs("false", out);
    } else if (!emit_condition(out, subject, field->null_versions, field->versions)) {
        fputs("true", out);
    }
}

static bool is_empty_by_default(const struct schema_field *field)
{
    return !field->is_array && !field->default_is_null &&
           (field->type == SCHEMA_STRING || field->type == SCHEMA_BYTES);
}

static bool struct_default_is_zero(const struct schema_struct *structure)
{
    for (const struct schema_field *field = structure->fields; field != NULL; field = field->next) {
        if (!emit_default_is_zero(field)) {
            return false;
        }
    }
    return true;
}

bool emit_default_is_zero(const struct schema_field *field)
{
    if (field->is_array) {
        return !field->default_is_null;
    }
    if (field->type == SCHEMA_STRUCT) {
        return schema_field_is_pointer(field) || struct_default_is_zero(field->structure);
    }
    return field->default_text == NULL && !is_empty_by_default(field);
}

void emit_default(FILE *out, const char *indent, const struct schema_field *field)
{
    if (emit_default_is_zero(field)) {
        return;
    }
    if (field->is_array) {
        fprintf(out, "%svalue->%s.is_null = true;\n", indent, field->name);
    } else if (field->type == SCHEMA_STRUCT) {
        fprintf(out, "%s%s_init(&value->%s);\n", indent, field->structure->c_name, field->name);
    } else if (field->type == SCHEMA_STRING) {
        fprintf(out, "%svalue->%s = TEXT_LITERAL(%s);\n", indent, field->name,
                field->default_text != NULL ? field->default_text : "\"\"");
    } else if (field->type == SCHEMA_BYTES) {
        fprintf(out, "%svalue->%s = BYTES_EMPTY;\n", indent, field->name);
    } else if (field->type == SCHEMA_INT64 &&
               strcmp(field->default_text, "-9223372036854775808") == 0) {
        fprintf(out, "%svalue->%s = INT64_MIN;\n", indent, field->name);
    } else if (field->type == SCHEMA_INT32 && strcmp(field->default_text, "-2147483648") == 0) {
        fprintf(out, "%svalue->%s = INT32_MIN;\n", indent, field->name);
    } else {
        fprintf(out, "%svalue->%s = %s;\n", indent, field->name, field->default_text);
    }
}

void emit_init(FILE *out, const struct schema_message *message)
{
    for (const struct schema_struct *item = message->structs; item != NULL; item = item->next) {
        fprintf(out, "void %s_init(struct %s *value)\n{\n", item->c_name, item->c_name);
        fprintf(out, "    memset(value, 0, sizeof(*value));\n");
        for (const struct schema_field *field = item->fields; field != NULL; field = field->next) {
            emit_default(out, "    ", field);
        }
        fprintf(out, "}\n\nstatic void init_any_%s(void *value)\n{\n    %s_init(value);\n}\n\n",
                item->c_name, item->c_name);
    }
}

void emit_source(FILE *out, const struct schema *schema)
{
    fprintf(out, "/* Generated from proto/schema/%s.schema by proto/codegen. */\n", schema->name);
    fprintf(out, "#include \"proto/generated/%s.h\"\n\n", schema->name);
    fprintf(out, "#include \"proto/wire/message_decoder.h\"\n");
    fprintf(out, "#include \"proto/wire/wire_writer.h\"\n\n");
    for (const struct schema_message *message = schema->messages; message != NULL;
         message = message->next) {
        emit_init(out, message);
        emit_decode(out, message);
        emit_encode(out, message);
        emit_descriptor(out, message);
    }
}
