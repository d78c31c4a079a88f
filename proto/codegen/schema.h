/* The schema language of proto/schema as a tree. The language is described in
 * proto/schema/README.md.
 *
 * A tree lives in the arena that it was parsed into. */
#ifndef PROTO_CODEGEN_SCHEMA_H
#define PROTO_CODEGEN_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

/* Limits of one file, against a typing error that runs away. */
#define SCHEMA_SIZE_MAX  (256 * 1024)
#define SCHEMA_DEPTH_MAX 16
#define SCHEMA_WORDS_MAX 24

#define SCHEMA_VERSION_NEVER INT16_MAX

enum schema_type {
    SCHEMA_BOOL,
    SCHEMA_INT8,
    SCHEMA_INT16,
    SCHEMA_UINT16,
    SCHEMA_INT32,
    SCHEMA_UINT32,
    SCHEMA_INT64,
    SCHEMA_FLOAT64,
    SCHEMA_STRING,
    SCHEMA_UUID,
    SCHEMA_BYTES,
    SCHEMA_RECORDS,
    SCHEMA_STRUCT,
    SCHEMA_TYPE_COUNT
};

enum schema_kind { SCHEMA_REQUEST, SCHEMA_RESPONSE, SCHEMA_HEADER, SCHEMA_RECORD };

/* Both ends included; empty when first > last. */
struct schema_versions {
    int first;
    int last;
};

struct schema_struct;

struct schema_field {
    struct schema_field *next;
    const char *name;
    enum schema_type type; /* Of the element, when it is an array. */
    bool is_array;
    bool is_tagged;
    bool is_plain;
    bool is_secret;
    bool default_is_null;
    unsigned tag;
    struct schema_versions versions;
    struct schema_versions null_versions; /* Empty: never null. */
    const char *default_text;             /* A C literal, NULL for the type's own default. */
    struct schema_struct *structure;      /* Of SCHEMA_STRUCT. */
    unsigned line;
};

struct schema_struct {
    struct schema_struct *next; /* In the message, inner ones first. */
    const char *name;           /* As the schema has it; NULL for the message itself. */
    const char *c_name;         /* fetch_request_topic */
    const char *path;           /* Where it lies in the message, for sentences; "" for the root. */
    struct schema_field *fields;
    struct schema_field *fields_last;
};

struct schema_message {
    struct schema_message *next;
    enum schema_kind kind;
    const char *name;   /* fetch */
    const char *c_name; /* fetch_request */
    int key;            /* -1 when it has none. */
    struct schema_versions versions;
    int flexible_first; /* SCHEMA_VERSION_NEVER when never. */
    struct schema_struct *root;
    struct schema_struct *structs; /* Inner ones first, the root last. */
    struct schema_struct *structs_last;
};

struct schema {
    const char *name; /* Of the file, without folder and ending. */
    struct schema_message *messages;
    struct schema_message *messages_last;
};

/* Parses a whole file into the arena. STATUS_INVALID names file and line; STATUS_LIMIT;
 * STATUS_NO_MEMORY. */
MUST_USE enum status schema_parse(const char *path, struct text file, struct arena *arena,
                                  struct schema *schema, struct error *error);

/* Whether any version of the field may be null. */
bool schema_field_is_nullable(const struct schema_field *field);

/* A nullable struct is held by pointer. */
bool schema_field_is_pointer(const struct schema_field *field);

/* The fewest bytes that a value of the struct takes in any version of the message, at least 1. */
unsigned schema_struct_size_min(const struct schema_message *message,
                                const struct schema_struct *structure);

/* The fewest bytes that one element of an array field takes, at least 1. */
unsigned schema_element_size_min(const struct schema_message *message,
                                 const struct schema_field *field);

#endif /* PROTO_CODEGEN_SCHEMA_H */
