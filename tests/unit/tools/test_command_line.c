#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tools/rollway/command_line.h"

#define WORDS_MAX 32

static struct arena arena;
static struct command_line line;
static struct error error;
static char memory[1024];

static void setup(void)
{
    arena_init(&arena, 1 << 20);
}

static void teardown(void)
{
    arena_clear(&arena);
}

TestSuite(command_line, .init = setup, .fini = teardown);

static char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

static char *one_broker(const char *name)
{
    static char broker[] = "broker:1";
    return strcmp(name, "ROLLWAY_BOOTSTRAP") == 0 ? broker : NULL;
}

/* Parses words that are separated by blanks. */
static enum status parse_in(const char *typed, environment_fn *environment)
{
    char *words[WORDS_MAX];
    size_t count = 0;
    char *rest = memory;
    arena_reset(&arena);
    snprintf(memory, sizeof memory, "%s", typed);
    while (*rest != '\0') {
        words[count++] = rest;
        rest += strcspn(rest, " ");
        if (*rest == ' ') {
            *rest++ = '\0';
        }
    }
    return command_line_parse(&line, count, words, environment, &arena, &error);
}

static void parse(const char *typed)
{
    cr_assert_eq(parse_in(typed, no_environment), STATUS_OK, "%s: %s", typed, error.text);
}

Test(command_line, a_command_with_options_anywhere)
{
    parse("-b a:1,b:2 topic create -p 3 x --config=k=v=w -cl=m y");
    cr_assert_eq(line.command, COMMAND_TOPIC_CREATE);
    cr_assert_eq(line.arguments_count, 2);
    cr_assert_str_eq(line.arguments[0], "x");
    cr_assert_str_eq(line.arguments[1], "y");
    cr_assert_str_eq(option_text(&line, "bootstrap"), "a:1,b:2");
    cr_assert_eq(option_count(&line, "partitions", -1), 3);
    cr_assert_eq(option_count(&line, "replication-factor", -1), -1);
    cr_assert_eq(option_occurrences(&line, "config"), 2);
    cr_assert_str_eq(option_text_at(&line, "config", 0), "k=v=w");
    cr_assert_str_eq(option_text_at(&line, "config", 1), "l=m");
    cr_assert_null(option_text_at(&line, "config", 2));
}

Test(command_line, flags_may_stand_together_and_be_repeated)
{
    parse("log dump -rvq file -r");
    cr_assert(option_is_given(&line, "records"));
    cr_assert(option_is_given(&line, "verify"));
    cr_assert(option_is_given(&line, "quiet"));
}

Test(command_line, a_value_may_begin_with_a_dash)
{
    parse("consume t --from -10 -n 5");
    cr_assert_str_eq(option_text(&line, "from"), "-10");
    cr_assert_eq(option_count(&line, "count", 0), 5);
}

Test(command_line, two_dashes_end_the_options)
{
    parse("topic delete -- -x --if-exists");
    cr_assert_eq(line.arguments_count, 2);
    cr_assert_str_eq(line.arguments[0], "-x");
    cr_assert(!option_is_given(&line, "if-exists"));
}

Test(command_line, defaults_and_the_environment_stand_in)
{
    parse("topic list");
    cr_assert_str_eq(option_text(&line, "bootstrap"), "localhost:9092");
    cr_assert(option_is(&line, "output", "text"));
    cr_assert_eq(option_duration_ms(&line, "timeout"), 30000);
    cr_assert_eq(parse_in("topic list", one_broker), STATUS_OK);
    cr_assert_str_eq(option_text(&line, "bootstrap"), "broker:1");
    cr_assert_eq(parse_in("topic list -b typed:2 --timeout 1m", one_broker), STATUS_OK);
    cr_assert_str_eq(option_text(&line, "bootstrap"), "typed:2");
    cr_assert_eq(option_duration_ms(&line, "timeout"), 60000);
}

Test(command_line, help_and_version_need_no_arguments)
{
    parse("--version");
    parse("topic --help");
    cr_assert_str_eq(line.group, "topic");
    parse("topic create --help");
    cr_assert_eq(line.command, COMMAND_TOPIC_CREATE);
}

Test(command_line, every_command_accepts_help)
{
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        char typed[64];
        snprintf(typed, sizeof typed, "%s -h", COMMANDS[id].words);
        parse(typed);
        cr_assert_eq(line.command, id);
    }
}

Test(command_line, what_makes_no_sense_is_told)
{
    static const struct {
        const char *typed;
        const char *sentence;
    } CASES[] = {
        {"", "no command given"},
        {"topic", "'topic' needs a second word"},
        {"topic crate", "unknown command 'topic crate'; nearest is 'topic create'"},
        {"fly", "unknown command 'fly'"},
        {"topic create", "topic create needs TOPIC..."},
        {"topic list x", "topic list takes no arguments: 'x'"},
        {"consume a b", "consume takes only TOPIC: 'b' is too much"},
        {"--partitions 3 topic create x", "unknown option --partitions (before a command)"},
        {"topic create x --partition 3",
         "unknown option --partition (topic create); nearest is --partitions"},
        {"topic list --xyzzy=1", "unknown option --xyzzy=1 (topic list)"},
        {"topic list -z", "unknown option -z in -z"},
        {"topic list --internal=yes", "--internal takes no value"},
        {"topic create x -p", "--partitions needs a value: COUNT"},
        {"topic create x -p 1 -p 2", "--partitions is given more than once"},
        {"topic create x -p 2147483648",
         "--partitions: '2147483648' is not a number from 0 to 2147483647"},
        {"topic create x -p -1", "--partitions: '-1' is not a number from 0 to 2147483647"},
        {"topic create x -c k", "--config: 'k' is not KEY=VALUE"},
        {"topic create x -c =v", "--config: '=v' is not KEY=VALUE"},
        {"topic list -o yaml", "--output: 'yaml' is none of text|json"},
        {"topic list --timeout soon",
         "--timeout: 'soon' is not a duration such as 500ms, 10s or 1m"},
        {"topic list --timeout 0", "--timeout: '0' is not a duration such as 500ms, 10s or 1m"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        cr_assert_eq(parse_in(CASES[i].typed, no_environment), STATUS_INVALID, "%s",
                     CASES[i].typed);
        cr_assert_str_eq(error.text, CASES[i].sentence);
    }
}

Test(command_line, memory_that_runs_out_is_told)
{
    struct arena small;
    arena_init(&small, 1024);
    cr_assert_eq(command_line_parse(&line, 0, NULL, no_environment, &small, &error),
                 STATUS_NO_MEMORY);
    arena_clear(&small);
}

Test(command_line, a_pair_is_split_at_the_first_equals_sign)
{
    struct option_pair pair;
    cr_assert(option_pair_split("a=b=c", &pair));
    cr_assert(text_equal(pair.key, TEXT_LITERAL("a")));
    cr_assert(text_equal(pair.value, TEXT_LITERAL("b=c")));
    cr_assert(option_pair_split("a=", &pair));
    cr_assert_eq(pair.value.size, 0);
    cr_assert(!option_pair_split("a", &pair));
    cr_assert(!option_pair_split("=a", &pair));
}
