/* The schema compiler is a program of its own and in no library: its parser is compiled in here. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "proto/codegen/schema.c"
#include "proto/codegen/schema_parse.c"

static struct arena arena;
static struct schema schema;
static struct error error;

static void setup(void)
{
    arena_init(&arena, (size_t)16 * 1024 * 1024);
}

static void teardown(void)
{
    arena_clear(&arena);
}

TestSuite(codegen, .init = setup, .fini = teardown);

static enum status parse(const char *file)
{
    return schema_parse("proto/schema/test.schema", text_of(file), &arena, &schema, &error);
}

static const struct schema_field *field_named(const struct schema_struct *structure,
                                              const char *name)
{
    const struct schema_field *field = structure->fields;

    while (field != NULL && strcmp(field->name, name) != 0) {
        field = field->next;
    }
    cr_assert_not_null(field, "%s", name);
    return field;
}

Test(codegen, a_message_has_a_kind_a_key_and_versions)
{
    cr_assert_eq(parse("# A comment.\n"
                       "request fetch key 1 versions 4-18 flexible 12+ { # another\n"
                       "}\n"
                       "\n"
                       "record topic_record versions 0 {\n"
                       "}\n"),
                 STATUS_OK, "%s", error.text);
    const struct schema_message *message = schema.messages;
    cr_assert_str_eq(schema.name, "test");
    cr_assert_str_eq(message->name, "fetch");
    cr_assert_str_eq(message->c_name, "fetch_request");
    cr_assert_eq(message->kind, SCHEMA_REQUEST);
    cr_assert_eq(message->key, 1);
    cr_assert_eq(message->versions.first, 4);
    cr_assert_eq(message->versions.last, 18);
    cr_assert_eq(message->flexible_first, 12);
    message = message->next;
    cr_assert_str_eq(message->c_name, "topic_record");
    cr_assert_eq(message->kind, SCHEMA_RECORD);
    cr_assert_eq(message->key, -1);
    cr_assert_eq(message->versions.last, 0);
    cr_assert_eq(message->flexible_first, SCHEMA_VERSION_NEVER);
    cr_assert_null(message->next);
}

Test(codegen, a_field_has_what_its_line_says)
{
    cr_assert_eq(parse("request a key 1 versions 2-9 flexible 5+ {\n"
                       "    plain_number int32\n"
                       "    some         string 3-7 null 4+ = \"x\"\n"
                       "    tagged       int64  6+ tag 3 = -1\n"
                       "    client_id    string null plain\n"
                       "    password     bytes  secret\n"
                       "    list         []uuid null = null\n"
                       "}\n"),
                 STATUS_OK, "%s", error.text);
    const struct schema_struct *root = schema.messages->root;
    const struct schema_field *field = field_named(root, "plain_number");
    cr_assert_eq(field->versions.first, 2);
    cr_assert_eq(field->versions.last, 9);
    cr_assert(!schema_field_is_nullable(field));
    cr_assert_null(field->default_text);
    field = field_named(root, "some");
    cr_assert_eq(field->versions.first, 3);
    cr_assert_eq(field->versions.last, 7);
    cr_assert_eq(field->null_versions.first, 4);
    cr_assert_str_eq(field->default_text, "\"x\"");
    field = field_named(root, "tagged");
    cr_assert(field->is_tagged);
    cr_assert_eq(field->tag, 3);
    cr_assert_str_eq(field->default_text, "-1");
    cr_assert(field_named(root, "client_id")->is_plain);
    cr_assert(field_named(root, "password")->is_secret);
    cr_assert(field_named(root, "list")->is_array);
    cr_assert(field_named(root, "list")->default_is_null);
}

Test(codegen, inner_structs_come_first_and_can_be_shared)
{
    cr_assert_eq(parse("response a key 1 versions 0 {\n"
                       "    struct shared {\n"
                       "        number int8\n"
                       "    }\n"
                       "    topics []topic {\n"
                       "        partitions []partition {\n"
                       "            leader shared\n"
                       "        }\n"
                       "    }\n"
                       "    other shared null\n"
                       "}\n"),
                 STATUS_OK, "%s", error.text);
    const struct schema_struct *item = schema.messages->structs;
    cr_assert_str_eq(item->c_name, "a_response_shared");
    item = item->next;
    cr_assert_str_eq(item->c_name, "a_response_partition");
    cr_assert_str_eq(item->path, "topics.partitions");
    item = item->next;
    cr_assert_str_eq(item->c_name, "a_response_topic");
    item = item->next;
    cr_assert_eq(item, schema.messages->root);
    cr_assert_null(item->next);
    cr_assert(schema_field_is_pointer(field_named(item, "other")));
}

Test(codegen, the_smallest_size_is_that_of_the_smallest_version)
{
    cr_assert_eq(parse("request a key 1 versions 0-3 flexible 2+ {\n"
                       "    topics []topic {\n"
                       "        name    string\n"
                       "        id      uuid 3+\n"
                       "        number  int32 0-1\n"
                       "        records records null\n"
                       "        tagged  int64 2+ tag 0\n"
                       "        nested  []int16 null\n"
                       "        maybe   struct_a null {\n"
                       "            wide float64\n"
                       "        }\n"
                       "    }\n"
                       "}\n"),
                 STATUS_OK, "%s", error.text);
    /* Version 2: compact string, records and array, a marker, no tagged fields. */
    const struct schema_message *message = schema.messages;
    cr_assert_eq(schema_element_size_min(message, message->root->fields), 1 + 1 + 1 + 1 + 1);
    cr_assert_eq(schema_struct_size_min(message, message->root), 2);
}

/* Each is refused with the line at fault and the word in it. */
Test(codegen, mistakes_are_refused_by_line)
{
    static const struct {
        const char *file;
        const char *sentence;
    } CASES[] = {
        {"", ":0: no message in the file: \"\""},
        {"fetch\n", ":1: not the start of a message: \"fetch\""},
        {"request Fetch key 1 versions 0 {\n}\n", ":1: not a name in lower case: \"Fetch\""},
        {"request a versions 0 {\n}\n", ":1: a request or response needs a key: \"a\""},
        {"request a key x versions 0 {\n}\n", ":1: not a key: \"x\""},
        {"request a key 1 {\n}\n", ":1: expected versions A-B: \"{\""},
        {"request a key 1 versions 3-2 {\n}\n", ":1: expected versions A-B: \"3-2\""},
        {"request a key 1 versions 0+ {\n}\n", ":1: expected versions A-B: \"0+\""},
        {"request a key 1 versions 0 flexible 0-1 {\n}\n", ":1: expected flexible N+: \"0-1\""},
        {"request a key 1 versions 0\n}\n", ":1: expected {: \"\""},
        {"record a versions 0 {\n  b int32\n", ":2: file ends inside a message: \"\""},
        {"record a versions 0 {\n  b\n}\n", ":2: unknown type: \"\""},
        {"record a versions 0 {\n  b int33\n}\n", ":2: unknown type: \"int33\""},
        {"record a versions 0 {\n  int int32\n}\n", ":2: not a name in lower case: \"int\""},
        {"record a versions 0 {\n  b int8 1+\n}\n", ":2: not a range of versions: \"1+\""},
        {"record a versions 1-2 {\n  b int8 0-2\n}\n",
         ":2: versions outside those of the message: \"0-2\""},
        {"record a versions 0 {\n  b int8 nul\n}\n", ":2: not a property of a field: \"nul\""},
        {"record a versions 0 {\n  b int8 null\n}\n",
         ":2: a value of this type is never null: \"b\""},
        {"record a versions 0 {\n  b []bool\n}\n", ":2: no arrays of this type: \"b\""},
        {"record a versions 0 {\n  b []records\n}\n", ":2: no arrays of this type: \"b\""},
        {"record a versions 0 {\n  b int8 = x\n}\n", ":2: not a default for this type: \"x\""},
        {"record a versions 0 {\n  b uuid = 0\n}\n", ":2: not a default for this type: \"0\""},
        {"record a versions 0 {\n  b string = x\n}\n", ":2: not a default for this type: \"x\""},
        {"record a versions 0 {\n  b string = null\n}\n", ":2: default is null: \"null\""},
        {"record a versions 0 {\n  b []int8 = 1\n}\n",
         ":2: an array has no default but null: \"1\""},
        {"record a versions 0 {\n  b int8 tag 0\n}\n",
         ":2: tagged in a version that is not flexible: \"0\""},
        {"record a versions 0 flexible 0+ {\n  b int8 tag -1\n}\n", ":2: not a tag number: \"-1\""},
        {"record a versions 0 flexible 0+ {\n  b int8 tag 1\n  c int8 tag 1\n}\n",
         ":3: tags must ascend: \"c\""},
        {"record a versions 0 {\n  b int8\n  b int8\n}\n", ":3: field defined twice: \"b\""},
        {"record a versions 0 {\n  b bytes plain\n}\n", ":2: only a string can be plain: \"b\""},
        {"record a versions 0-1 {\n  b c null 1+ {\n  }\n}\n",
         ":2: a struct is nullable in all versions or none: \"b\""},
        {"record a versions 0 {\n  b c {\n  }\n  d c {\n  }\n}\n",
         ":4: struct defined again: \"c\""},
        {"record a versions 0 {\n  b c {\n    d c\n  }\n}\n", ":3: unknown type: \"c\""},
        {"record a versions 0 {\n  struct c\n}\n", ":2: expected {: \"\""},
        {"record a versions 0 {\n  struct int8x! {\n}\n",
         ":2: not a name, or the name of another struct: \"int8x!\""},
    };

    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        char sentence[256];
        snprintf(sentence, sizeof(sentence), "proto/schema/test.schema%s", CASES[i].sentence);
        cr_expect_eq(parse(CASES[i].file), STATUS_INVALID, "%s", CASES[i].file);
        cr_expect_str_eq(error.text, sentence);
    }
}

Test(codegen, structs_have_a_greatest_depth)
{
    char file[4096];
    int size = snprintf(file, sizeof(file), "record a versions 0 {\n");

    for (int i = 0; i <= SCHEMA_DEPTH_MAX; i++) {
        size += snprintf(file + size, sizeof(file) - (size_t)size, "f%d s%d {\n", i, i);
    }
    cr_assert_eq(parse(file), STATUS_INVALID);
    cr_assert_str_eq(error.text, "proto/schema/test.schema:18: structs lie too deep: \"s16\"");
}

Test(codegen, a_file_has_a_greatest_size)
{
    size_t size = SCHEMA_SIZE_MAX + 1;
    char *file = arena_allocate(&arena, size);

    memset(file, ' ', size);
    cr_assert_eq(schema_parse("x.schema", (struct text){file, size}, &arena, &schema, &error),
                 STATUS_LIMIT);
}

Test(codegen, without_memory_nothing_is_parsed)
{
    const char *file = "record a versions 0 {\n  b c {\n    d string = \"x\"\n  }\n}\n";
    struct arena small;

    arena_init(&small, 0);
    cr_assert_eq(schema_parse("x.schema", text_of(file), &small, &schema, &error),
                 STATUS_NO_MEMORY);
    arena_clear(&small);
}
