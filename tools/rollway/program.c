#include "tools/rollway/program.h"

#include <string.h>

#include "base/assert.h"
#include "base/version.h"
#include "tools/rollway/completion.h"
#include "tools/rollway/help_text.h"
#include "tools/rollway/manual_page.h"

typedef enum exit_code command_fn(struct program *program);

static command_fn *const RUN[COMMAND_COUNT] = {
#define RUN_ROW(symbol, run, words, arguments, min, max, kind, summary, description)               \
    [COMMAND_##symbol] = run,
    COMMAND_LIST(RUN_ROW)
#undef RUN_ROW
};

enum exit_code program_fail(const struct program *program, const struct error *error)
{
    console_error(&program->console, error->text);
    return EXIT_CODE_FAILED;
}

enum exit_code program_misuse(const struct program *program, const struct error *error)
{
    const struct command_line *command_line = &program->command_line;
    bool has_command = command_line->command != COMMAND_COUNT;
    bool has_group = command_line->group != NULL;
    console_error(&program->console, error->text);
    fprintf(program->console.err, "'rollway %s%s--help' says what is allowed\n",
            has_command ? COMMANDS[command_line->command].words
            : has_group ? command_line->group
                        : "",
            has_command || has_group ? " " : "");
    return EXIT_CODE_USAGE;
}

/* Administration speaks plain text only; asking for more must not be passed over. */
static enum status check_security(const struct program *program, struct error *error)
{
    const char *text;
    for (size_t i = 0; (text = option_text_at(&program->command_line, "set", i)) != NULL; i++) {
        struct option_pair pair;
        ASSERT(option_pair_split(text, &pair));
        if (text_equal(pair.key, TEXT_LITERAL("security.protocol")) &&
            !text_equal(pair.value, TEXT_LITERAL("plaintext")) &&
            !text_equal(pair.value, TEXT_LITERAL("PLAINTEXT"))) {
            return error_set(error, STATUS_UNSUPPORTED,
                             "%s: only produce and consume can do that; this command speaks "
                             "plaintext",
                             text);
        }
    }
    return STATUS_OK;
}

enum status program_connect(const struct program *program, struct admin_client **client,
                            struct error *error)
{
    const struct command_line *command_line = &program->command_line;
    enum status status = check_security(program, error);
    if (status != STATUS_OK) {
        return status;
    }
    return admin_client_open(option_text(command_line, "bootstrap"),
                             option_duration_ms(command_line, "timeout"), client, error);
}

enum exit_code run_completion(struct program *program)
{
    struct error error;
    const char *shell = program->command_line.arguments[0];
    if (strcmp(shell, "bash") == 0) {
        completion_print_bash(program->console.out);
        return EXIT_CODE_OK;
    }
    if (strcmp(shell, "zsh") == 0) {
        completion_print_zsh(program->console.out);
        return EXIT_CODE_OK;
    }
    error.status = error_set(&error, STATUS_INVALID, "'%s' is none of bash and zsh", shell);
    return program_misuse(program, &error);
}

enum exit_code run_man(struct program *program)
{
    manual_page_print(program->console.out);
    return EXIT_CODE_OK;
}

enum exit_code run_help(struct program *program)
{
    struct error error;
    FILE *out = program->console.out;
    const char **words = program->command_line.arguments;
    size_t count = program->command_line.arguments_count;
    if (count == 0) {
        help_print_overview(out, NULL);
        return EXIT_CODE_OK;
    }
    enum command_id command = command_find(words[0], count > 1 ? words[1] : NULL);
    if (command != COMMAND_COUNT) {
        help_print_command(out, command);
        return EXIT_CODE_OK;
    }
    if (count == 1 && command_group_exists(words[0])) {
        help_print_overview(out, words[0]);
        return EXIT_CODE_OK;
    }
    error.status = error_set(&error, STATUS_INVALID, "unknown command '%s%s%s'", words[0],
                             count > 1 ? " " : "", count > 1 ? words[1] : "");
    return program_misuse(program, &error);
}

static enum exit_code dispatch(struct program *program)
{
    const struct command_line *command_line = &program->command_line;
    if (option_is_given(command_line, "version")) {
        fputs("rollway " ROLLWAY_VERSION "\n", program->console.out);
        return EXIT_CODE_OK;
    }
    if (option_is_given(command_line, "help")) {
        if (command_line->command == COMMAND_COUNT) {
            help_print_overview(program->console.out, command_line->group);
        } else {
            help_print_command(program->console.out, command_line->command);
        }
        return EXIT_CODE_OK;
    }
    return RUN[command_line->command](program);
}

int program_run(size_t count, char *const *words, environment_fn *environment, int input, FILE *out,
                FILE *err)
{
    struct program program = {.clock = clock_system(), .input = input};
    struct error error;
    enum exit_code code;
    arena_init(&program.arena, PROGRAM_ARENA_SIZE_MAX);
    console_init(&program.console, out, err, environment("NO_COLOR"));
    if (command_line_parse(&program.command_line, count, words, environment, &program.arena,
                           &error) != STATUS_OK) {
        code = program_misuse(&program, &error);
    } else {
        program.console.is_json = option_is(&program.command_line, "output", "json");
        code = dispatch(&program);
    }
    if (console_flush(&program.console, &error) != STATUS_OK && code == EXIT_CODE_OK) {
        code = program_fail(&program, &error);
    }
    arena_clear(&program.arena);
    return (int)code;
}
