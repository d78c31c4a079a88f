/* bench_yardstick: what this machine allows a server that speaks Kafka's protocol, in one thread
 * and with nothing that a product needs. See ../../README.md.
 *
 *     bench_yardstick --directory DIR [--partitions N] [--mode MODE] [--port PORT]
 *
 * Prints "yardstick ready on 127.0.0.1:PORT" and serves until SIGTERM. */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/number_text.h"
#include "bench/programs/yardstick/server.h"

static bool parse_number(const char *argument, int64_t max, int64_t *number)
{
    return parse_i64(text_of(argument), number) && *number >= 0 && *number <= max;
}

static bool parse_options(int count, char **arguments, struct server_options *options)
{
    static const struct option known[] = {
        {"directory", required_argument, NULL, 'd'},
        {"partitions", required_argument, NULL, 'n'},
        {"mode", required_argument, NULL, 'm'},
        {"port", required_argument, NULL, 'p'},
        {NULL, 0, NULL, 0},
    };
    int64_t number = 0;
    int option = 0;
    while ((option = getopt_long(count, arguments, "", known, NULL)) != -1) {
        if (option == 'd') {
            options->directory = optarg;
        } else if (option == 'n' && parse_number(optarg, PARTITIONS_MAX, &number) && number > 0) {
            options->partitions_count = (int32_t)number;
        } else if (option == 'p' && parse_number(optarg, UINT16_MAX, &number)) {
            options->port = (uint16_t)number;
        } else if (option != 'm' || !append_mode_parse(text_of(optarg), &options->mode)) {
            return false;
        }
    }
    return options->directory != NULL && optind == count;
}

int main(int count, char **arguments)
{
    struct server_options options = {.partitions_count = 1, .mode = APPEND_PAGE_CACHE};
    struct server server;
    struct error error = {0};
    if (!parse_options(count, arguments, &options)) {
        fprintf(stderr,
                "usage: bench_yardstick --directory DIR [--partitions 1-%d] [--port PORT]\n"
                "    [--mode page-cache|fdatasync|direct|ahead|ring]\n",
                PARTITIONS_MAX);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    enum status status = server_open(&server, &options, &error);
    if (status == STATUS_OK) {
        printf("yardstick ready on 127.0.0.1:%d\n", server.broker.port);
        fflush(stdout);
        status = server_run(&server, &error);
        server_close(&server);
    }
    fprintf(stderr, "yardstick: %s\n", error.text);
    return status == STATUS_OK ? 0 : 1;
}
