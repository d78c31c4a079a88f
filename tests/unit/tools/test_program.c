#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/tools/printed.h"
#include "tools/rollway/program.h"

#define WORDS_MAX 16

static struct printed out;
static struct printed err;

static void setup(void)
{
    printed_open(&out);
    printed_open(&err);
}

static void teardown(void)
{
    printed_close(&out);
    printed_close(&err);
}

TestSuite(program, .init = setup, .fini = teardown);

static char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

/* Runs words that are separated by blanks, with an empty standard input. */
static int run(const char *typed)
{
    char memory[1024];
    char *words[WORDS_MAX];
    size_t count = 0;
    char *rest = memory;
    snprintf(memory, sizeof memory, "%s", typed);
    while (*rest != '\0') {
        words[count++] = rest;
        rest += strcspn(rest, " ");
        if (*rest == ' ') {
            *rest++ = '\0';
        }
    }
    return program_run(count, words, no_environment, -1, out.file, err.file);
}

Test(program, help_and_version_succeed)
{
    cr_assert_eq(run("--version"), EXIT_CODE_OK);
    cr_assert_eq(strncmp(printed_text(&out), "rollway ", 8), 0);
    cr_assert_eq(run("--help"), EXIT_CODE_OK);
    cr_assert_eq(run("topic --help"), EXIT_CODE_OK);
    cr_assert_eq(run("topic create --help"), EXIT_CODE_OK);
    cr_assert_eq(run("help"), EXIT_CODE_OK);
    cr_assert_eq(run("help topic"), EXIT_CODE_OK);
    cr_assert_eq(run("help topic create"), EXIT_CODE_OK);
    cr_assert_eq(run("man"), EXIT_CODE_OK);
    cr_assert_eq(run("completion bash"), EXIT_CODE_OK);
    cr_assert_eq(run("completion zsh"), EXIT_CODE_OK);
    cr_assert_str_eq(printed_text(&err), "");
}

Test(program, what_makes_no_sense_has_a_code_of_its_own_and_a_hint)
{
    static const char *const CASES[][2] = {
        {"", "'rollway --help' says"},
        {"topic", "'rollway topic --help' says"},
        {"topic create", "'rollway topic create --help' says"},
        {"help fly", "unknown command 'fly'"},
        {"help topic fly", "unknown command 'topic fly'"},
        {"completion fish", "'fish' is none of bash and zsh"},
        {"topic create x -p 0", "must be at least 1"},
        {"topic create x -r 40000", "at most 32767"},
        {"topic alter x", "nothing to change"},
        {"config describe broker x", "neither a broker's id nor default"},
        {"config set topic x y", "'y' is not KEY=VALUE"},
        {"config unset topic x a=b", "'a=b' is not a key"},
        {"produce x -T soon", "--timestamp: 'soon'"},
        {"produce x -f json -K :", "are for lines of text"},
        {"produce x -K \\x", "--key-separator: '\\x'"},
        {"consume x -f %v -K :", "are for -f text"},
        {"consume x -f \\q", "has an unknown escape"},
        {"consume x --until then", "--until: 'then' is no position"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        printed_close(&err);
        printed_open(&err);
        cr_assert_eq(run(CASES[i][0]), EXIT_CODE_USAGE, "%s", CASES[i][0]);
        cr_assert_not_null(strstr(printed_text(&err), CASES[i][1]), "%s: %s", CASES[i][0],
                           err.text);
    }
    cr_assert_str_eq(printed_text(&out), "");
}

Test(program, nobody_there_is_a_failure)
{
    static const char *const CASES[] = {
        "topic list",
        "topic create x",
        "topic describe",
        "topic delete x",
        "topic alter x -p 2",
        "config describe topic x",
        "config set broker 1 a=b",
        "config unset topic x a",
        "cluster describe",
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char typed[256];
        snprintf(typed, sizeof typed, "%s -b 127.0.0.1:1", CASES[i]);
        cr_assert_eq(run(typed), EXIT_CODE_FAILED, "%s", typed);
    }
    cr_assert_not_null(strstr(printed_text(&err), "rollway: 127.0.0.1:1: connect: "));
    cr_assert_str_eq(printed_text(&out), "");
}

Test(program, security_that_cannot_be_had_is_a_failure)
{
    cr_assert_eq(run("topic list -X security.protocol=SSL"), EXIT_CODE_FAILED);
    cr_assert_not_null(strstr(printed_text(&err), "security.protocol=SSL: only produce"));
}

Test(program, output_that_cannot_be_written_is_a_failure)
{
    char *words[] = {(char[]){"--version"}};
    FILE *full = fopen("/dev/full", "w");
    cr_assert_not_null(full);
    cr_assert_eq(program_run(1, words, no_environment, -1, full, err.file), EXIT_CODE_FAILED);
    cr_assert_not_null(strstr(printed_text(&err), "write results: No space left on device"));
    fclose(full);
}
