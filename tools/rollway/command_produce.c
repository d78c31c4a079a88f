/* rollway produce: lines of a file become records.
 *
 *     read a line -> take it apart -> hand it to librdkafka -> its delivery report is counted
 *
 * A line that makes no sense ends the reading; what was read before it is still delivered. So does
 * a signal; a second one gives up what is not delivered yet. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "tools/rollway/client_record.h"
#include "tools/rollway/interruption.h"
#include "tools/rollway/kafka_client.h"
#include "tools/rollway/line_reader.h"
#include "tools/rollway/time_text.h"

/* Memory of one line in JSON. */
#define RECORD_ARENA_SIZE_MAX ((size_t)1024 * 1024 * 1024)

/* How long to wait for input, for room in the queue, for deliveries, before looking around. */
#define STEP_MS 100

/* Delivery reports are looked at after so many lines that were all there. */
#define LINES_PER_STEP 1000

/* What fits is the broker's to say, not librdkafka's. */
#define MESSAGE_BYTES_MAX "100000000"

struct production {
    struct kafka_trouble trouble; /* First: librdkafka hands it back. */
    struct program *program;
    rd_kafka_t *client;
    const char *topic;
    struct line_rules rules;
    bool is_json;
    struct client_record defaults; /* What a record has that says nothing of its own. */
    struct arena arena;            /* Of one line. */
    int64_t handed_count;
    int64_t delivered_count;
    int64_t delivered_bytes;
    int64_t failed_count;
    struct error first_failure;
    int64_t started_us;
    int64_t shown_us;
};

static void count_failure(struct production *production, int64_t line, const char *reason)
{
    if (production->failed_count++ == 0) {
        production->first_failure.status =
            error_set(&production->first_failure, STATUS_IO, "line %" PRId64 ": %s", line, reason);
    }
}

static void count_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *context)
{
    struct production *production = context;
    (void)client;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        production->delivered_count++;
        production->delivered_bytes += (int64_t)(message->len + message->key_len);
        return;
    }
    char reason[ERROR_TEXT_SIZE_MAX];
    bool is_local = message->err < RD_KAFKA_RESP_ERR_NO_ERROR;
    bool has_trouble = is_local && production->trouble.text[0] != '\0';
    snprintf(reason, sizeof reason, "%s%s%.160s", rd_kafka_err2str(message->err),
             has_trouble ? ": " : "", has_trouble ? production->trouble.text : "");
    count_failure(production, (int64_t)(intptr_t)message->_private, reason);
}

static void show_progress(struct production *production, bool is_last)
{
    const struct program *program = production->program;
    char line[128];
    int64_t now_us = program->clock->monotonic_us(program->clock);
    if (!program->console.is_err_terminal ||
        (!is_last && now_us - production->shown_us < PROGRESS_INTERVAL_US)) {
        return;
    }
    production->shown_us = now_us;
    double seconds = (double)(now_us - production->started_us) / 1e6;
    double rate = seconds > 0 ? (double)production->delivered_count / seconds : 0;
    snprintf(line, sizeof line, "%" PRId64 " records, %.1f MiB, %.0f/s, %" PRId64 " failed",
             production->delivered_count, (double)production->delivered_bytes / 1048576, rate,
             production->failed_count);
    if (is_last) {
        console_note(&program->console, line);
    } else {
        console_progress(&program->console, line);
    }
}

static rd_kafka_headers_t *headers_of(const struct production *production,
                                      const struct client_record *record)
{
    size_t count = record->headers_count + production->defaults.headers_count;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(count);
    for (size_t i = 0; i < count; i++) {
        bool is_own = i < record->headers_count;
        const struct record_header *header =
            is_own ? &record->headers[i] : &production->defaults.headers[i - record->headers_count];
        ASSERT(rd_kafka_header_add(headers, header->key.data, (ssize_t)header->key.size,
                                   header->value.data,
                                   (ssize_t)header->value.size) == RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    return headers;
}

/* librdkafka copies what is borrowed here, and takes no const. */
static void *unconst(struct bytes bytes)
{
    return (void *)(uintptr_t)bytes.data;
}

static rd_kafka_resp_err_t hand_over(struct production *production,
                                     const struct client_record *record, int64_t line)
{
    rd_kafka_headers_t *headers = headers_of(production, record);
    int32_t partition = record->partition >= 0 ? record->partition : RD_KAFKA_PARTITION_UA;
    int64_t timestamp_ms = record->timestamp_ms >= 0 ? record->timestamp_ms : 0;
    rd_kafka_resp_err_t code = rd_kafka_producev(
        production->client, RD_KAFKA_V_TOPIC(production->topic), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_VALUE(unconst(record->value), record->value.size),
        RD_KAFKA_V_KEY(unconst(record->key), record->key.size), RD_KAFKA_V_TIMESTAMP(timestamp_ms),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE((void *)(intptr_t)line), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_headers_destroy(headers); /* Only a success takes them over. */
    }
    return code;
}

static enum status produce_line(struct production *production, struct text text, int64_t line,
                                struct error *error)
{
    struct client_record record = production->defaults;
    record.headers = NULL;
    record.headers_count = 0;
    arena_reset(&production->arena);
    enum status status = production->is_json
                             ? client_record_from_json(text, &record, &production->arena, error)
                             : client_record_from_line(text, &production->rules, &record, error);
    if (status != STATUS_OK) {
        return error_wrap(error, "line %" PRId64, line);
    }
    rd_kafka_resp_err_t code = hand_over(production, &record, line);
    while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        rd_kafka_poll(production->client, STEP_MS);
        show_progress(production, false);
        code = hand_over(production, &record, line);
    }
    production->handed_count++;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        count_failure(production, line, rd_kafka_err2str(code));
    }
    return STATUS_OK;
}

static enum status produce_lines(struct production *production, struct line_reader *reader,
                                 struct interruption *interruption, struct error *error)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !interruption_take(interruption)) {
        struct text line;
        size_t taken = 0;
        while (status == STATUS_OK && taken++ < LINES_PER_STEP && line_reader_next(reader, &line)) {
            status = produce_line(production, line, reader->lines_count, error);
        }
        rd_kafka_poll(production->client, 0);
        show_progress(production, false);
        if (status != STATUS_OK || taken > LINES_PER_STEP) {
            continue;
        }
        if (reader->is_at_end) {
            break;
        }
        if (interruption_wait_input(interruption, reader->descriptor, STEP_MS)) {
            status = line_reader_fill(reader, error);
        }
    }
    return status;
}

/* Every record ends in a delivery report: --timeout is their message.timeout.ms. */
static void wait_for_deliveries(struct production *production, struct interruption *interruption)
{
    while (rd_kafka_outq_len(production->client) > 0) {
        (void)rd_kafka_flush(production->client, STEP_MS);
        show_progress(production, false);
        if (interruption_take(interruption)) {
            (void)rd_kafka_purge(production->client,
                                 RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        }
    }
}

static enum status take_separators(struct production *production, struct error *error)
{
    const struct command_line *command_line = &production->program->command_line;
    const char *separator = option_text(command_line, "key-separator");
    const char *null_text = option_text(command_line, "null");
    if (production->is_json && (separator != NULL || null_text != NULL)) {
        return error_set(error, STATUS_INVALID,
                         "--key-separator and --null are for lines of text, not of JSON");
    }
    if (separator != NULL &&
        (!unescape_text(separator, &production->program->arena, &production->rules.key_separator) ||
         production->rules.key_separator.size == 0)) {
        return error_set(error, STATUS_INVALID, "--key-separator: '%s' is empty or ends badly",
                         separator);
    }
    production->rules.null_text = text_of(null_text);
    return STATUS_OK;
}

/* Reads what every record gets: key, partition, timestamp, headers. */
static enum status take_defaults(struct production *production, struct error *error)
{
    struct program *program = production->program;
    const struct command_line *command_line = &program->command_line;
    struct client_record *defaults = &production->defaults;
    const char *key = option_text(command_line, "key");
    const char *timestamp = option_text(command_line, "timestamp");
    size_t count = option_occurrences(command_line, "header");
    struct record_header *headers = arena_allocate_array(&program->arena, count, sizeof *headers);
    client_record_init(defaults);
    defaults->key = key != NULL ? (struct bytes){(const uint8_t *)key, strlen(key)} : BYTES_NULL;
    defaults->partition = option_count(command_line, "partition", CLIENT_RECORD_NO_PARTITION);
    if (timestamp != NULL && (!parse_time_ms(text_of(timestamp), &defaults->timestamp_ms) ||
                              defaults->timestamp_ms < 0)) {
        return error_set(error, STATUS_INVALID,
                         "--timestamp: '%s' is neither milliseconds nor a date since 1970",
                         timestamp);
    }
    if (headers == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu headers", count);
    }
    for (size_t i = 0; i < count; i++) {
        struct option_pair pair;
        ASSERT(option_pair_split(option_text_at(command_line, "header", i), &pair));
        headers[i] =
            (struct record_header){pair.key, {(const uint8_t *)pair.value.data, pair.value.size}};
    }
    defaults->headers = headers;
    defaults->headers_count = count;
    return STATUS_OK;
}

static enum status create_client(struct production *production, struct error *error)
{
    const struct command_line *command_line = &production->program->command_line;
    char timeout[24];
    snprintf(timeout, sizeof timeout, "%" PRId64, option_duration_ms(command_line, "timeout"));
    /* Idempotence needs every replica's acknowledgement. */
    const char *idempotence = option_is(command_line, "acks", "all") ? "true" : "false";
    const struct kafka_property properties[] = {
        {"enable.idempotence", idempotence},
        {"acks", option_text(command_line, "acks")},
        {"compression.type", option_text(command_line, "compression")},
        {"message.timeout.ms", timeout},
        {"message.max.bytes", MESSAGE_BYTES_MAX},
        {"partitioner", "murmur2_random"},
    };
    return kafka_client_create(production->program, RD_KAFKA_PRODUCER, properties,
                               sizeof properties / sizeof properties[0], &production->trouble,
                               count_delivery, &production->client, error);
}

static enum exit_code report(struct production *production, const struct error *reading)
{
    const struct program *program = production->program;
    show_progress(production, true);
    if (program->console.is_json) {
        json_t *result = json_made(json_object());
        json_put(result, "topic", json_string(production->topic));
        json_put(result, "delivered", json_integer(production->delivered_count));
        json_put(result, "failed", json_integer(production->failed_count));
        json_put(result, "bytes", json_integer(production->delivered_bytes));
        console_json(&program->console, result);
        json_decref(result);
    }
    if (production->failed_count > 0) {
        struct error failure = production->first_failure;
        failure.status = error_wrap(&failure, "%" PRId64 " of %" PRId64 " records failed, first",
                                    production->failed_count, production->handed_count);
        (void)program_fail(program, &failure);
    }
    if (reading != NULL) {
        (void)program_fail(program, reading);
    }
    return production->failed_count > 0 || reading != NULL ? EXIT_CODE_FAILED : EXIT_CODE_OK;
}

static enum exit_code produce_from(struct production *production, int descriptor)
{
    struct program *program = production->program;
    struct error error;
    struct interruption interruption;
    struct line_reader reader;
    enum exit_code code;
    enum status status = interruption_open(&interruption, &error);
    if (status != STATUS_OK) {
        return program_fail(program, &error);
    }
    if (create_client(production, &error) != STATUS_OK) {
        interruption_close(&interruption);
        return program_misuse(program, &error);
    }
    line_reader_init(&reader, descriptor);
    arena_init(&production->arena, RECORD_ARENA_SIZE_MAX);
    production->started_us = program->clock->monotonic_us(program->clock);
    status = produce_lines(production, &reader, &interruption, &error);
    wait_for_deliveries(production, &interruption);
    code = report(production, status == STATUS_OK ? NULL : &error);
    arena_clear(&production->arena);
    line_reader_clear(&reader);
    rd_kafka_destroy(production->client);
    interruption_close(&interruption);
    return code;
}

enum exit_code run_produce(struct program *program)
{
    const struct command_line *command_line = &program->command_line;
    struct production production = {.program = program, .topic = command_line->arguments[0]};
    struct error error;
    const char *path = option_text(command_line, "file");
    int descriptor = program->input;
    production.is_json = option_is(command_line, "format", "json");
    if (take_separators(&production, &error) != STATUS_OK ||
        take_defaults(&production, &error) != STATUS_OK) {
        return program_misuse(program, &error);
    }
    if (path != NULL) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC);
        if (descriptor < 0) {
            error.status = error_set(&error, STATUS_IO, "%s: %s", path, strerror(errno));
            return program_fail(program, &error);
        }
    }
    enum exit_code code = produce_from(&production, descriptor);
    if (path != NULL) {
        close(descriptor);
    }
    return code;
}
