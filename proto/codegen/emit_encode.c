#include "proto/codegen/emit.h"

#include "base/assert.h"

#define SUBJECT "writer->version"

static const char *const WRITE_WORDS[SCHEMA_TYPE_COUNT] = {
    [SCHEMA_BOOL] = "bool",     [SCHEMA_INT8] = "int8",       [SCHEMA_INT16] = "int16",
    [SCHEMA_UINT16] = "uint16", [SCHEMA_INT32] = "int32",     [SCHEMA_UINT32] = "uint32",
    [SCHEMA_INT64] = "int64",   [SCHEMA_FLOAT64] = "float64", [SCHEMA_STRING] = "string",
    [SCHEMA_UUID] = "uuid",     [SCHEMA_BYTES] = "bytes",     [SCHEMA_RECORDS] = "records",
};

static void emit_struct_write(FILE *out, const char *indent, const struct schema_field *field)
{
    const char *c_name = field->structure->c_name;
    const char *name = field->name;

    if (field->is_array) {
        fprintf(out, "%sencode_array_count(writer, value->%s.count, value->%s.is_null, ", indent,
                name, name);
        emit_nullable(out, SUBJECT, field);
        fprintf(out,
                ");\n%sfor (size_t i = 0; i < value->%s.count; i++) {\n"
                "%s    encode_%s(&value->%s.items[i], writer);\n%s}\n",
                indent, name, indent, c_name, name, indent);
    } else if (schema_field_is_pointer(field)) {
        fprintf(out, "%sencode_int8(writer, value->%s != NULL ? 1 : %d);\n", indent, name,
                field->is_tagged ? 0 : -1);
        fprintf(out, "%sif (value->%s != NULL) {\n%s    encode_%s(value->%s, writer);\n%s}\n",
                indent, name, indent, c_name, name, indent);
    } else {
        fprintf(out, "%sencode_%s(&value->%s, writer);\n", indent, c_name, name);
    }
}

static void emit_write(FILE *out, const char *indent, const struct schema_message *message,
                       const struct schema_field *field)
{
    bool slices = field->type == SCHEMA_RECORDS && message->kind == SCHEMA_RESPONSE;

    if (field->type == SCHEMA_STRUCT) {
        emit_struct_write(out, indent, field);
        return;
    }
    if (field->is_array) {
        fprintf(out, "%sencode_%s_array(writer, &value->%s, ", indent, emit_array_word(field),
                field->name);
    } else if (field->type == SCHEMA_STRING || field->type == SCHEMA_BYTES ||
               field->type == SCHEMA_RECORDS) {
        fprintf(out, "%sencode_%s%s%s(writer, %svalue->%s, ", indent,
                field->is_plain ? "plain_" : "", WRITE_WORDS[field->type], slices ? "_slices" : "",
                slices ? "&" : "", field->name);
    } else {
        fprintf(out, "%sencode_%s(writer, value->%s);\n", indent, WRITE_WORDS[field->type],
                field->name);
        return;
    }
    emit_nullable(out, SUBJECT, field);
    fputs(");\n", out);
}

static void emit_field(FILE *out, const struct schema_message *message,
                       const struct schema_field *field)
{
    bool always = field->versions.first <= message->versions.first &&
                  field->versions.last >= message->versions.last;

    if (always) {
        emit_write(out, "    ", message, field);
        return;
    }
    fputs("    if (", out);
    (void)emit_condition(out, SUBJECT, field->versions, message->versions);
    fputs(") {\n", out);
    emit_write(out, "        ", message, field);
    fputs("    }\n", out);
}

/* An expression that is true when the field does not have its default value. */
static void emit_is_set(FILE *out, const struct schema_field *field)
{
    const char *name = field->name;
    bool nullable = schema_field_is_nullable(field);

    if (field->is_array && field->default_is_null) {
        fprintf(out, "!value->%s.is_null", name);
    } else if (field->is_array) {
        fprintf(out,
                nullable ? "(value->%s.count != 0 || value->%s.is_null)" : "value->%s.count != 0",
                name, name);
    } else if (schema_field_is_pointer(field) && field->default_is_null) {
        fprintf(out, "value->%s != NULL", name);
    } else if (schema_field_is_pointer(field)) {
        fprintf(out, "(value->%s == NULL || is_set_%s(value->%s))", name, field->structure->c_name,
                name);
    } else if (field->type == SCHEMA_STRUCT) {
        fprintf(out, "is_set_%s(&value->%s)", field->structure->c_name, name);
    } else if (field->type == SCHEMA_RECORDS || field->default_is_null) {
        fprintf(out, "value->%s.data != NULL", name);
    } else if (field->type == SCHEMA_STRING && field->default_text != NULL) {
        fprintf(out, "!text_equal(value->%s, TEXT_LITERAL(%s))", name, field->default_text);
    } else if (field->type == SCHEMA_STRING || field->type == SCHEMA_BYTES) {
        fprintf(out,
                nullable ? "(value->%s.size != 0 || value->%s.data == NULL)"
                         : "value->%s.size != 0",
                name, name);
    } else if (field->type == SCHEMA_UUID) {
        fprintf(out, "!encode_uuid_is_none(value->%s)", name);
    } else {
        fprintf(out, "value->%s != %s", name,
                field->default_text != NULL ? field->default_text : "0");
    }
}

static void emit_tagged_field(FILE *out, const struct schema_message *message,
                              const struct schema_field *field)
{
    fprintf(out, "    if (has_%s) {\n", field->name);
    fprintf(out, "        struct tag_mark mark = encode_tag_begin(writer, %u);\n", field->tag);
    emit_write(out, "        ", message, field);
    fputs("        encode_tag_end(writer, mark);\n    }\n", out);
}

static void emit_tags(FILE *out, const struct schema_message *message,
                      const struct schema_struct *structure)
{
    const char *plus = "";
    bool any = false;

    for (const struct schema_field *field = structure->fields; field != NULL; field = field->next) {
        any = any || field->is_tagged;
    }
    if (message->flexible_first == SCHEMA_VERSION_NEVER) {
        return;
    }
    if (!any) {
        fputs("    encode_no_tags(writer);\n", out);
        return;
    }
    fputs("    if (!writer->flexible) {\n        return;\n    }\n", out);
    for (const struct schema_field *field = structure->fields; field != NULL; field = field->next) {
        if (field->is_tagged) {
            fprintf(out, "    bool has_%s = ", field->name);
            if (emit_condition(out, SUBJECT, field->versions, message->versions)) {
                fputs(" && ", out);
            }
            emit_is_set(out, field);
            fputs(";\n", out);
        }
    }
    fputs("    encode_unsigned_varint(writer, ", out);
    for (const struct schema_field *field = structure->fields; field != NULL; field = field->next) {
        if (field->is_tagged) {
            fprintf(out, "%s(uint32_t)has_%s", plus, field->name);
            plus = " + ";
        }
    }
    fputs(");\n", out);
    for (const struct schema_field *field = structure->fields; field != NULL; field = field->next) {
        if (field->is_tagged) {
            emit_tagged_field(out, message, field);
        }
    }
}

static bool struct_is_embedded(const struct schema_message *message,
                               const struct schema_struct *wanted);

/* Whether is_set_<struct>() is called: by a tagged field, or by another such function. */
static bool field_asks(const struct schema_message *message, const struct schema_struct *holder,
                       const struct schema_field *field, const struct schema_struct *wanted)
{
    bool may_be_default = field->type == SCHEMA_STRUCT && !field->is_array &&
                          !field->default_is_null && field->structure == wanted;

    return may_be_default && (field->is_tagged || struct_is_embedded(message, holder));
}

static bool struct_is_embedded(const struct schema_message *message,
                               const struct schema_struct *wanted)
{
    for (const struct schema_struct *item = message->structs; item != NULL; item = item->next) {
        for (const struct schema_field *field = item->fields; field != NULL; field = field->next) {
            if (field_asks(message, item, field, wanted)) {
                return true;
            }
        }
    }
    return false;
}

static void emit_is_set_function(FILE *out, const struct schema_struct *structure)
{
    const char *separator = "";

    fprintf(out, "static bool is_set_%s(const struct %s *value)\n{\n    return ", structure->c_name,
            structure->c_name);
    for (const struct schema_field *field = structure->fields; field != NULL; field = field->next) {
        fputs(separator, out);
        emit_is_set(out, field);
        separator = " || ";
    }
    fputs(";\n}\n\n", out);
}

static void emit_entry(FILE *out, const char *name)
{
    fprintf(out,
            "enum status %s_encode(const struct %s *message, int16_t version,\n"
            "    struct wire_writer *writer, struct error *error)\n{\n",
            name, name);
    fprintf(out,
            "    enum status status = wire_writer_begin_message(writer, &%s_descriptor, version,\n"
            "        error);\n    if (status != STATUS_OK) {\n        return status;\n    }\n",
            name);
    fprintf(out,
            "    encode_%s(message, writer);\n"
            "    return wire_writer_end_message(writer, &%s_descriptor, error);\n}\n\n",
            name, name);
    fprintf(out,
            "static enum status encode_any_%s(const void *message, int16_t version,\n"
            "    struct wire_writer *writer, struct error *error)\n{\n"
            "    return %s_encode(message, version, writer, error);\n}\n\n",
            name, name);
}

void emit_encode(FILE *out, const struct schema_message *message)
{
    for (const struct schema_struct *item = message->structs; item != NULL; item = item->next) {
        if (item->fields != NULL && struct_is_embedded(message, item)) {
            emit_is_set_function(out, item);
        }
        fprintf(out,
                "static void encode_%s(const struct %s *value, struct wire_writer *writer)\n{\n",
                item->c_name, item->c_name);
        if (item->fields == NULL) {
            fputs("    (void)value;\n", out);
        }
        if (item->fields == NULL && message->flexible_first == SCHEMA_VERSION_NEVER) {
            fputs("    (void)writer;\n", out);
        }
        for (const struct schema_field *field = item->fields; field != NULL; field = field->next) {
            if (!field->is_tagged) {
                emit_field(out, message, field);
            }
        }
        emit_tags(out, message, item);
        fputs("}\n\n", out);
    }
    emit_entry(out, message->c_name);
}
