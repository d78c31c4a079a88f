/* bench_load: load on any server that speaks Kafka's protocol. See ../../README.md.
 *
 *     bench_load produce|consume|end-to-end HOST:PORT [--option value]...
 *     bench_load first-answer COMMAND [ARGUMENT]... */
#include <stdio.h>
#include <string.h>

#include "bench/programs/load/load_modes.h"

struct mode {
    const char *name;
    enum status (*run)(const struct load_options *options, struct error *error);
};

static const struct mode modes[] = {
    {"produce", load_produce},
    {"consume", load_consume},
    {"end-to-end", load_end_to_end},
};

static int usage(void)
{
    fprintf(stderr, "usage: bench_load produce|consume|end-to-end HOST:PORT [--option value]...\n"
                    "       bench_load first-answer COMMAND [ARGUMENT]...\n"
                    "options, with their defaults:\n");
    load_options_print();
    return 2;
}

static int finish(enum status status, const struct error *error)
{
    if (status != STATUS_OK) {
        fprintf(stderr, "bench_load: %s\n", error->text);
    }
    return status == STATUS_OK ? 0 : 1;
}

int main(int count, char **arguments)
{
    struct error error = {0};
    struct load_options options;
    if (count < 3) {
        return usage();
    }
    if (strcmp(arguments[1], "first-answer") == 0) {
        return finish(load_first_answer(arguments + 2, &error), &error);
    }
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(arguments[1], modes[i].name) == 0) {
            if (!load_options_parse(count - 2, arguments + 2, &options)) {
                return usage();
            }
            return finish(modes[i].run(&options, &error), &error);
        }
    }
    return usage();
}
