#include "proto/codegen/emit.h"

static void emit_field(FILE *out, const struct schema_message *message,
                       const struct schema_field *field)
{
    fputs("    ", out);
    if (field->is_array && field->type == SCHEMA_STRUCT) {
        fprintf(out, "struct %s_array %s;", field->structure->c_name, field->name);
    } else if (field->is_array) {
        fprintf(out, "struct %s_array %s;", emit_array_word(field), field->name);
    } else {
        emit_element_type(out, message, field);
        fprintf(out, schema_field_is_pointer(field) ? " *%s;" : " %s;", field->name);
    }
    if (field->versions.first > message->versions.first ||
        field->versions.last < message->versions.last || schema_field_is_nullable(field)) {
        fprintf(out, " /* %d-%d%s */", field->versions.first, field->versions.last,
                schema_field_is_nullable(field) ? ", nullable" : "");
    }
    fputc('\n', out);
}

static void emit_struct(FILE *out, const struct schema_message *message,
                        const struct schema_struct *structure)
{
    const char *name = structure->c_name;

    fprintf(out, "struct %s {\n", name);
    for (const struct schema_field *field = structure->fields; field != NULL; field = field->next) {
        emit_field(out, message, field);
    }
    if (structure->fields == NULL) {
        fprintf(out, "    bool nothing; /* It has no fields. */\n");
    }
    fprintf(out, "};\n\n");
    if (structure != message->root) {
        fprintf(out, "struct %s_array {\n    struct %s *items;\n    size_t count;\n", name, name);
        fprintf(out, "    bool is_null;\n};\n\n");
    }
    fprintf(out, "/* Gives every field its default. */\n");
    fprintf(out, "void %s_init(struct %s *value);\n\n", name, name);
}

static void emit_constants(FILE *out, const struct schema_message *message)
{
    static const char *const NAMES[] = {"KEY", "VERSION_MIN", "VERSION_MAX", "FLEXIBLE_MIN"};
    const int values[] = {message->key, message->versions.first, message->versions.last,
                          message->flexible_first};

    for (int i = message->key < 0 ? 1 : 0; i < 4; i++) {
        fputs("#define ", out);
        emit_upper(out, message->c_name);
        fprintf(out, "_%s %d\n", NAMES[i], values[i]);
    }
    fputc('\n', out);
}

static void emit_prototypes(FILE *out, const struct schema_message *message)
{
    const char *name = message->c_name;

    fprintf(out, "/* Reads a message, which borrows the reader's memory; arrays lie in the arena.\n"
                 " * What follows it is left to the caller. STATUS_UNSUPPORTED for the version,\n"
                 " * STATUS_MALFORMED, STATUS_NO_MEMORY. */\n");
    fprintf(out,
            "MUST_USE enum status %s_decode(struct %s *message, int16_t version,\n"
            "    struct byte_reader *reader, struct arena *arena, struct error *error);\n\n",
            name, name);
    fprintf(out, "/* Writes a message; fields that the version does not have are left out.\n"
                 " * STATUS_UNSUPPORTED for the version, or what the writer failed with. */\n");
    fprintf(out,
            "MUST_USE enum status %s_encode(const struct %s *message, int16_t version,\n"
            "    struct wire_writer *writer, struct error *error);\n\n",
            name, name);
    fprintf(out, "extern const struct message_descriptor %s_descriptor;\n\n", name);
}

void emit_header(FILE *out, const struct schema *schema)
{
    fprintf(out, "/* Generated from proto/schema/%s.schema by proto/codegen. */\n", schema->name);
    fputs("#ifndef PROTO_GENERATED_", out);
    emit_upper(out, schema->name);
    fputs("_H\n#define PROTO_GENERATED_", out);
    emit_upper(out, schema->name);
    fputs("_H\n\n#include \"proto/wire/message.h\"\n\n", out);
    for (const struct schema_message *message = schema->messages; message != NULL;
         message = message->next) {
        emit_constants(out, message);
        for (const struct schema_struct *item = message->structs; item != NULL; item = item->next) {
            emit_struct(out, message, item);
        }
        emit_prototypes(out, message);
    }
    fputs("#endif\n", out);
}
