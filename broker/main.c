/* rollwayd: the server. Exit codes: 0 stopped in an orderly way, 1 failure, 2 usage, 78 a
 * configuration that cannot be used (sysexits' EX_CONFIG). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "broker/broker.h"
#include "broker/server/diagnostic_printer.h"
#include "broker/server/signal_watch.h"
#include "storage/io/open_files.h"

#define OVERRIDES_MAX 1024

enum exit_code { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CONFIG = 78 };

extern char **environ;

struct arguments {
    const char *file_path;
    const char *overrides[OVERRIDES_MAX];
    size_t overrides_count;
    const char *log_format;
    bool wants_help;
    bool wants_version;
};

static const char usage[] =
    "usage: rollwayd [--config FILE] [-o KEY=VALUE]...\n"
    "\n"
    "  --config FILE        read a server.properties\n"
    "  -o, --override K=V   set one key, stronger than the file; may be repeated\n"
    "  --log-format FORMAT  logfmt (default) or json, on standard error\n"
    "  --version            print the version\n"
    "  --help               print this\n"
    "\n"
    "Without arguments it listens on 127.0.0.1:9092 and keeps its data in ./rollway-data.\n"
    "KAFKA_* environment variables set keys, too: KAFKA_NUM_PARTITIONS=3 is num.partitions=3.\n";

/* The value of an option: behind '=' in the same argument, or the next argument. */
static bool option_value(const char *name, int count, char **values, int *index, const char **value)
{
    const char *argument = values[*index];
    size_t size = strlen(name);
    if (strncmp(argument, name, size) != 0) {
        return false;
    }
    if (argument[size] == '=' && strncmp(name, "--", 2) == 0) {
        *value = argument + size + 1;
        return true;
    }
    if (argument[size] != '\0') {
        return false;
    }
    *value = *index + 1 < count ? values[++*index] : NULL;
    return true;
}

static bool usage_error(const char *what, const char *argument)
{
    fprintf(stderr, "rollwayd: %s: %s\n%s", what, argument, usage);
    return false;
}

static bool parse_arguments(int count, char **values, struct arguments *arguments)
{
    for (int i = 1; i < count; i++) {
        const char *argument = values[i];
        const char *value = "";
        if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
            arguments->wants_help = true;
        } else if (strcmp(argument, "--version") == 0) {
            arguments->wants_version = true;
        } else if (option_value("--config", count, values, &i, &value)) {
            arguments->file_path = value;
        } else if (option_value("--log-format", count, values, &i, &value)) {
            arguments->log_format = value;
        } else if (option_value("-o", count, values, &i, &value) ||
                   option_value("--override", count, values, &i, &value)) {
            if (arguments->overrides_count == OVERRIDES_MAX) {
                return usage_error("too many", argument);
            }
            arguments->overrides[arguments->overrides_count++] = value;
        } else {
            return usage_error("unknown argument", argument);
        }
        if (value == NULL) {
            return usage_error("value missing behind", argument);
        }
    }
    return true;
}

static void print_ready(void *context, const char *addresses)
{
    (void)context;
    printf("rollwayd ready on %s\n", addresses);
    fflush(stdout);
}

static int fail(struct diagnostic_sink *sink, const struct error *error)
{
    diagnose(sink, DIAGNOSTIC_ERROR, "rollwayd", "%s", error->text);
    bool is_config = error->status == STATUS_INVALID || error->status == STATUS_OUT_OF_RANGE ||
                     error->status == STATUS_UNSUPPORTED;
    return is_config ? EXIT_CONFIG : EXIT_FAILED;
}

static int serve(const struct broker_config *config, struct diagnostic_sink *sink)
{
    struct broker_options options = {
        .config = config,
        .diagnostics = sink,
        .clock = clock_system(),
        .random = random_system(),
        .files = file_system_posix(),
        .stops_on_signals = true,
    };
    struct broker *broker;
    struct error error;
    open_files_raise_limit();
    if (broker_open(&options, &broker, &error) != STATUS_OK) {
        return fail(sink, &error);
    }
    int code = EXIT_OK;
    if (broker_run(broker, print_ready, NULL, &error) != STATUS_OK) {
        code = fail(sink, &error);
    }
    if (broker_close(broker, &error) != STATUS_OK) {
        code = fail(sink, &error);
    }
    return code;
}

/* log.format and log.level; --log-format goes before the key. */
static void apply_log_keys(const struct arguments *arguments, const struct broker_config *config,
                           struct diagnostic_printer *printer)
{
    struct text level = broker_config_text(config, CONFIG_LOG_LEVEL);
    for (int i = DIAGNOSTIC_DEBUG; i <= DIAGNOSTIC_ERROR; i++) {
        if (text_equal(level, text_of(diagnostic_level_text((enum diagnostic_level)i)))) {
            printer->sink.level_min = (enum diagnostic_level)i;
        }
    }
    if (arguments->log_format == NULL &&
        !diagnostic_format_parse(broker_config_text(config, CONFIG_LOG_FORMAT), &printer->format)) {
        printer->format = DIAGNOSTIC_LOGFMT;
    }
}

static int load_and_serve(const struct arguments *arguments)
{
    struct diagnostic_printer printer;
    diagnostic_printer_init(&printer, clock_system(), fileno(stderr));
    if (arguments->log_format != NULL &&
        !diagnostic_format_parse(text_of(arguments->log_format), &printer.format)) {
        usage_error("log format is neither logfmt nor json", arguments->log_format);
        return EXIT_USAGE;
    }
    struct broker_config_sources sources = {
        .file_path = arguments->file_path,
        .overrides = arguments->overrides,
        .overrides_count = arguments->overrides_count,
        .environment = (const char *const *)environ,
    };
    struct broker_config *config;
    struct error error;
    if (broker_config_load(&sources, &printer.sink, &config, &error) != STATUS_OK) {
        diagnose(&printer.sink, DIAGNOSTIC_ERROR, "rollwayd", "%s", error.text);
        return error.status == STATUS_NO_MEMORY ? EXIT_FAILED : EXIT_CONFIG;
    }
    apply_log_keys(arguments, config, &printer);
    int code = serve(config, &printer.sink);
    broker_config_destroy(config);
    return code;
}

int main(int count, char **values)
{
    struct arguments arguments = {0};
    if (!parse_arguments(count, values, &arguments)) {
        return EXIT_USAGE;
    }
    if (arguments.wants_help) {
        fputs(usage, stdout);
        return EXIT_OK;
    }
    if (arguments.wants_version) {
        puts("rollwayd " ROLLWAY_VERSION);
        return EXIT_OK;
    }
    signal_watch_block();
    return load_and_serve(&arguments);
}
