#include "bench/programs/load/load_options.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/number_text.h"

struct known_option {
    const char *name;
    size_t field_at;
    int64_t value;
    int64_t least;
    int64_t most;
    const char *sentence;
};

static const struct known_option known_options[] = {
#define LOAD_OPTION_ROW(name, field, value, least, most, sentence)                                 \
    {(name), offsetof(struct load_options, field), (value), (least), (most), (sentence)},
    LOAD_OPTION_LIST(LOAD_OPTION_ROW)
#undef LOAD_OPTION_ROW
};
#define KNOWN_COUNT (sizeof known_options / sizeof known_options[0])

static void set_field(struct load_options *options, const struct known_option *known, int64_t value)
{
    memcpy((char *)options + known->field_at, &value, sizeof value);
}

static bool set_number(struct load_options *options, const char *name, const char *argument)
{
    int64_t value = 0;
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        const struct known_option *known = &known_options[i];
        if (strcmp(name, known->name) != 0) {
            continue;
        }
        if (!parse_i64(text_of(argument), &value) || value < known->least || value > known->most) {
            fprintf(stderr, "--%s %s: allowed are %lld to %lld\n", name, argument,
                    (long long)known->least, (long long)known->most);
            return false;
        }
        set_field(options, known, value);
        return true;
    }
    fprintf(stderr, "--%s is not known\n", name);
    return false;
}

bool load_options_parse(int count, char **arguments, struct load_options *options)
{
    *options = (struct load_options){.topic = "bench"};
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        set_field(options, &known_options[i], known_options[i].value);
    }
    for (int i = 0; i < count; i++) {
        if (strncmp(arguments[i], "--", 2) != 0) {
            options->address = arguments[i];
        } else if (i + 1 == count) {
            fprintf(stderr, "%s needs a value\n", arguments[i]);
            return false;
        } else if (strcmp(arguments[i], "--topic") == 0) {
            options->topic = arguments[++i];
        } else {
            const char *name = arguments[i] + 2;
            if (!set_number(options, name, arguments[++i])) {
                return false;
            }
        }
    }
    if (options->address == NULL) {
        fprintf(stderr, "HOST:PORT is missing\n");
    }
    return options->address != NULL;
}

void load_options_print(void)
{
    fprintf(stderr, "    --topic           (bench) name of the topic\n");
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        fprintf(stderr, "    --%-15s (%lld) %s\n", known_options[i].name,
                (long long)known_options[i].value, known_options[i].sentence);
    }
}
