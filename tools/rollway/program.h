/* One run of the command line: what was typed, where words go, memory; and what commands share. */
#ifndef TOOLS_ROLLWAY_PROGRAM_H
#define TOOLS_ROLLWAY_PROGRAM_H

#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "tools/rollway/admin_client.h"
#include "tools/rollway/command_line.h"
#include "tools/rollway/console.h"

#define PROGRAM_ARENA_SIZE_MAX ((size_t)256 * 1024 * 1024)

enum exit_code { EXIT_CODE_OK = 0, EXIT_CODE_FAILED = 1, EXIT_CODE_USAGE = 2 };

struct program {
    struct console console;
    struct command_line command_line;
    struct clock *clock; /* Borrowed. */
    struct arena arena;  /* Lives as long as the program. */
    int input;           /* File descriptor of standard input. */
};

/* Runs the command line of `count` words behind the program's name and returns the exit code. */
int program_run(size_t count, char *const *words, environment_fn *environment, int input, FILE *out,
                FILE *err);

/* Prints the error; returns the exit code of a failure. */
enum exit_code program_fail(const struct program *program, const struct error *error);

/* As program_fail(), for what was typed wrong, with a hint where help is. */
enum exit_code program_misuse(const struct program *program, const struct error *error);

/* Connects to --bootstrap. STATUS_UNSUPPORTED when -X asks for a security protocol. */
MUST_USE enum status program_connect(const struct program *program, struct admin_client **client,
                                     struct error *error);

/* The commands, one for each row of COMMAND_LIST. They return the exit code. */
enum exit_code run_topic_list(struct program *program);
/* As run_topic_list(). */
enum exit_code run_topic_create(struct program *program);
/* As run_topic_list(). */
enum exit_code run_topic_describe(struct program *program);
/* As run_topic_list(). */
enum exit_code run_topic_alter(struct program *program);
/* As run_topic_list(). */
enum exit_code run_topic_delete(struct program *program);
/* As run_topic_list(). */
enum exit_code run_produce(struct program *program);
/* As run_topic_list(). */
enum exit_code run_consume(struct program *program);
/* As run_topic_list(). */
enum exit_code run_config_describe(struct program *program);
/* As run_topic_list(). */
enum exit_code run_config_set(struct program *program);
/* As run_topic_list(). */
enum exit_code run_config_unset(struct program *program);
/* As run_topic_list(). */
enum exit_code run_cluster_describe(struct program *program);
/* As run_topic_list(). */
enum exit_code run_log_dump(struct program *program);
/* As run_topic_list(). */
enum exit_code run_completion(struct program *program);
/* As run_topic_list(). */
enum exit_code run_man(struct program *program);
/* As run_topic_list(). */
enum exit_code run_help(struct program *program);

#endif /* TOOLS_ROLLWAY_PROGRAM_H */
