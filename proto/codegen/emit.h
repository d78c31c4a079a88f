/* Writes the C code of a schema. */
#ifndef PROTO_CODEGEN_EMIT_H
#define PROTO_CODEGEN_EMIT_H

#include <stdio.h>

#include "proto/codegen/schema.h"

/* The header NAME.h of a schema: structs and prototypes. */
void emit_header(FILE *out, const struct schema *schema);

/* Its source NAME.c: initialisers, decoders, encoders, descriptors. */
void emit_source(FILE *out, const struct schema *schema);

/* messages.h and messages.c: the list of all messages and the API keys. */
void emit_index_header(FILE *out, const struct schema *schemas, size_t count);
/* As emit_index_header(). */
void emit_index_source(FILE *out, const struct schema *schemas, size_t count);

/* Parts of a source, one file of the generator each. */
void emit_init(FILE *out, const struct schema_message *message);
/* As emit_init(). */
void emit_decode(FILE *out, const struct schema_message *message);
/* As emit_init(). */
void emit_encode(FILE *out, const struct schema_message *message);
/* As emit_init(). */
void emit_descriptor(FILE *out, const struct schema_message *message);

/* The C type of a field's element, such as "int32_t" or "struct text"; for a struct its c_name
 * follows "struct ". */
void emit_element_type(FILE *out, const struct schema_message *message,
                       const struct schema_field *field);

/* "subject >= 4 && subject <= 12", or nothing and false when `versions` are all of `whole`. */
bool emit_condition(FILE *out, const char *subject, struct schema_versions versions,
                    struct schema_versions whole);

/* "true", "false", or a condition: whether the field may be null in the version of `subject`. */
void emit_nullable(FILE *out, const char *subject, const struct schema_field *field);

/* Whether a zeroed field has its default value already. */
bool emit_default_is_zero(const struct schema_field *field);

/* The statements that give a field its default value. */
void emit_default(FILE *out, const char *indent, const struct schema_field *field);

/* "int32", "text", ... as in decode_int32_array(). */
const char *emit_array_word(const struct schema_field *field);

/* "fetch_request" as "FETCH_REQUEST". */
void emit_upper(FILE *out, const char *name);

#endif /* PROTO_CODEGEN_EMIT_H */
