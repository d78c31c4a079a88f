#include "proto/codegen/emit.h"

#include "base/assert.h"

#define SUBJECT "decoder->version"

static const char *const READ_WORDS[SCHEMA_TYPE_COUNT] = {
    [SCHEMA_BOOL] = "bool",     [SCHEMA_INT8] = "int8",       [SCHEMA_INT16] = "int16",
    [SCHEMA_UINT16] = "uint16", [SCHEMA_INT32] = "int32",     [SCHEMA_UINT32] = "uint32",
    [SCHEMA_INT64] = "int64",   [SCHEMA_FLOAT64] = "float64", [SCHEMA_STRING] = "string",
    [SCHEMA_UUID] = "uuid",     [SCHEMA_BYTES] = "bytes",     [SCHEMA_RECORDS] = "bytes",
};

/* "topics.partitions.index" */
static void emit_path(FILE *out, const struct schema_struct *structure, const char *name)
{
    fprintf(out, "\"%s%s%s\"", structure->path, structure->path[0] != '\0' ? "." : "", name);
}

static void emit_struct_array(FILE *out, const char *indent, const struct schema_message *message,
                              const struct schema_struct *structure,
                              const struct schema_field *field)
{
    const char *element = field->structure->c_name;

    fprintf(out, "%sstruct any_array %s = decode_array(decoder, ", indent, field->name);
    emit_nullable(out, SUBJECT, field);
    fprintf(out, ", %u, sizeof(struct %s), ", schema_element_size_min(message, field), element);
    emit_path(out, structure, field->name);
    fprintf(out, ");\n%svalue->%s = (struct %s_array){%s.items, %s.count, %s.is_null};\n", indent,
            field->name, element, field->name, field->name, field->name);
    fprintf(out,
            "%sfor (size_t i = 0; i < %s.count && !message_decoder_failed(decoder); i++) {\n"
            "%s    decode_%s(&value->%s.items[i], decoder);\n%s}\n",
            indent, field->name, indent, element, field->name, indent);
}

static void emit_struct_value(FILE *out, const char *indent, const struct schema_struct *structure,
                              const struct schema_field *field)
{
    const char *c_name = field->structure->c_name;

    if (!schema_field_is_pointer(field)) {
        fprintf(out, "%sdecode_%s(&value->%s, decoder);\n", indent, c_name, field->name);
        return;
    }
    fprintf(out, "%svalue->%s = decode_%sstruct_pointer(decoder, sizeof(struct %s), ", indent,
            field->name, field->is_tagged ? "tagged_" : "", c_name);
    emit_path(out, structure, field->name);
    fprintf(out, ");\n%sif (value->%s != NULL) {\n%s    decode_%s(value->%s, decoder);\n%s}\n",
            indent, field->name, indent, c_name, field->name, indent);
}

static void emit_read(FILE *out, const char *indent, const struct schema_message *message,
                      const struct schema_struct *structure, const struct schema_field *field)
{
    bool sized = field->type == SCHEMA_STRING || field->type == SCHEMA_BYTES ||
                 field->type == SCHEMA_RECORDS || field->is_array;

    if (field->type == SCHEMA_STRUCT && field->is_array) {
        emit_struct_array(out, indent, message, structure, field);
        return;
    }
    if (field->type == SCHEMA_STRUCT) {
        emit_struct_value(out, indent, structure, field);
        return;
    }
    fprintf(out, "%svalue->%s = decode_", indent, field->name);
    if (field->is_array) {
        fprintf(out, "%s_array(decoder, ", emit_array_word(field));
    } else if (field->type == SCHEMA_RECORDS && message->kind == SCHEMA_RESPONSE) {
        fputs("records_slices(decoder, ", out);
    } else {
        fprintf(out, "%s%s(decoder, ", field->is_plain ? "plain_" : "", READ_WORDS[field->type]);
    }
    if (sized) {
        emit_nullable(out, SUBJECT, field);
        fputs(", ", out);
    }
    emit_path(out, structure, field->name);
    fputs(");\n", out);
}

static void emit_field(FILE *out, const struct schema_message *message,
                       const struct schema_struct *structure, const struct schema_field *field)
{
    bool always = field->versions.first <= message->versions.first &&
                  field->versions.last >= message->versions.last;

    fputs(always ? "    {\n" : "    if (", out);
    if (!always) {
        (void)emit_condition(out, SUBJECT, field->versions, message->versions);
        fputs(") {\n", out);
    }
    emit_read(out, "        ", message, structure, field);
    if (!always && !emit_default_is_zero(field)) {
        fputs("    } else {\n", out);
        emit_default(out, "        ", field);
    }
    fputs("    }\n", out);
}

static void emit_tag_case(FILE *out, const struct schema_message *message,
                          const struct schema_struct *structure, const struct schema_field *field)
{
    fprintf(out, "        if (tags.tag == %u", field->tag);
    if (field->versions.first > message->versions.first ||
        field->versions.last < message->versions.last) {
        fputs(" && ", out);
        (void)emit_condition(out, SUBJECT, field->versions, message->versions);
    }
    fputs(") {\n", out);
    emit_read(out, "            ", message, structure, field);
    fputs("            tag_reader_end(&tags, decoder, ", out);
    emit_path(out, structure, field->name);
    fputs(");\n            continue;\n        }\n", out);
}

/* A tagged struct that may be null, but whose absence means a struct of defaults. */
static void emit_default_pointer(FILE *out, const struct schema_struct *structure,
                                 const struct schema_field *field)
{
    const char *c_name = field->structure->c_name;

    fprintf(out, "    value->%s = decode_allocate(decoder, 1, sizeof(struct %s), ", field->name,
            c_name);
    emit_path(out, structure, field->name);
    fprintf(out, ");\n    if (value->%s != NULL) {\n        %s_init(value->%s);\n    }\n",
            field->name, c_name, field->name);
}

static void emit_tags(FILE *out, const struct schema_message *message,
                      const struct schema_struct *structure)
{
    bool any = false;

    for (const struct schema_field *field = structure->fields; field != NULL; field = field->next) {
        any = any || field->is_tagged;
        if (field->is_tagged && schema_field_is_pointer(field) && !field->default_is_null) {
            emit_default_pointer(out, structure, field);
        } else if (field->is_tagged) {
            emit_default(out, "    ", field);
        }
    }
    if (message->flexible_first == SCHEMA_VERSION_NEVER) {
        return;
    }
    if (!any) {
        fputs("    decode_no_tags(decoder, ", out);
        emit_path(out, structure, "tagged_fields");
        fputs(");\n", out);
        return;
    }
    fputs("    if (!decoder->flexible) {\n        return;\n    }\n", out);
    fputs("    struct tag_reader tags = tag_reader_start(decoder, ", out);
    emit_path(out, structure, "tagged_fields");
    fputs(");\n    while (tag_reader_next(&tags, decoder, ", out);
    emit_path(out, structure, "tagged_fields");
    fputs(")) {\n", out);
    for (const struct schema_field *field = structure->fields; field != NULL; field = field->next) {
        if (field->is_tagged) {
            emit_tag_case(out, message, structure, field);
        }
    }
    fputs("        tag_reader_skip(&tags, decoder, ", out);
    emit_path(out, structure, "tagged_fields");
    fputs(");\n    }\n", out);
}

static void emit_entry(FILE *out, const char *name)
{
    fprintf(out,
            "enum status %s_decode(struct %s *message, int16_t version, struct byte_reader *reader,"
            "\n    struct arena *arena, struct error *error)\n{\n",
            name, name);
    fprintf(out,
            "    struct message_decoder decoder;\n"
            "    enum status status = message_decoder_init(&decoder, &%s_descriptor, version,\n"
            "        reader, arena, error);\n",
            name);
    fprintf(out,
            "    if (status != STATUS_OK) {\n        return status;\n    }\n"
            "    memset(message, 0, sizeof(*message));\n    decode_%s(message, &decoder);\n",
            name);
    fprintf(out,
            "    return message_decoder_finish(&decoder, &%s_descriptor, reader, error);\n}\n\n",
            name);
    fprintf(out,
            "static enum status decode_any_%s(void *message, int16_t version,\n"
            "    struct byte_reader *reader, struct arena *arena, struct error *error)\n{\n"
            "    return %s_decode(message, version, reader, arena, error);\n}\n\n",
            name, name);
}

void emit_decode(FILE *out, const struct schema_message *message)
{
    for (const struct schema_struct *item = message->structs; item != NULL; item = item->next) {
        fprintf(out,
                "static void decode_%s(struct %s *value, struct message_decoder *decoder)\n{\n",
                item->c_name, item->c_name);
        if (item->fields == NULL) {
            fputs("    (void)value;\n", out);
        }
        if (item->fields == NULL && message->flexible_first == SCHEMA_VERSION_NEVER) {
            fputs("    (void)decoder;\n", out);
        }
        for (const struct schema_field *field = item->fields; field != NULL; field = field->next) {
            if (!field->is_tagged) {
                emit_field(out, message, item, field);
            }
        }
        emit_tags(out, message, item);
        fputs("}\n\n", out);
    }
    emit_entry(out, message->c_name);
}
