/* rollway consume: records of a topic become lines. No group: partitions are read from offsets that
 * consumption.h decides, until every partition is done. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/number_text.h"
#include "tools/rollway/client_record.h"
#include "tools/rollway/consumption.h"
#include "tools/rollway/interruption.h"
#include "tools/rollway/kafka_client.h"
#include "tools/rollway/record_format.h"

/* Of one step of the loop. */
#define MESSAGES_MAX 1000
#define STEP_MS      100

#define RECORD_ARENA_SIZE_MAX ((size_t)1024 * 1024 * 1024)

struct consumed_partition {
    int32_t id;
    bool is_done;
    struct partition_range range;
};

struct consumption {
    struct kafka_trouble trouble;
    struct program *program;
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    rd_kafka_queue_t *queue;
    const char *name;
    struct log_position from;
    struct log_position until;
    bool has_until;
    bool follow;
    bool is_json;
    struct text format;
    struct text null_text;
    int timeout_ms;
    int64_t count_max;
    struct consumed_partition *partitions; /* The arena's. */
    size_t partitions_count;
    size_t open_count;  /* Partitions that are not done. */
    struct arena arena; /* Of one record. */
    int64_t printed_count;
    int64_t printed_bytes;
    int64_t started_us;
    int64_t shown_us;
};

static enum status client_error(struct consumption *consumption, rd_kafka_resp_err_t code,
                                struct error *error)
{
    char what[ERROR_TEXT_SIZE_MAX];
    snprintf(what, sizeof what, "topic %s", consumption->name);
    return kafka_client_error(consumption->client, &consumption->trouble, code, what, error);
}

/* -- what was asked for -------------------------------------------------------------------------*/

static enum status take_positions(struct consumption *consumption, struct error *error)
{
    const struct program *program = consumption->program;
    const struct command_line *command_line = &program->command_line;
    int64_t now_ms = program->clock->wall_ms(program->clock);
    const char *from = option_text(command_line, "from");
    const char *until = option_text(command_line, "until");
    consumption->follow = option_is_given(command_line, "follow");
    consumption->from.kind = consumption->follow ? LOG_POSITION_LATEST : LOG_POSITION_EARLIEST;
    consumption->has_until = until != NULL;
    enum status status = from != NULL
                             ? parse_log_position(text_of(from), now_ms, &consumption->from, error)
                             : STATUS_OK;
    if (status != STATUS_OK) {
        return error_wrap(error, "--from");
    }
    status = until != NULL ? parse_log_position(text_of(until), now_ms, &consumption->until, error)
                           : STATUS_OK;
    return status == STATUS_OK ? STATUS_OK : error_wrap(error, "--until");
}

static enum status take_plain_format(struct consumption *consumption, struct error *error)
{
    struct program *program = consumption->program;
    const char *escaped = option_text(&program->command_line, "key-separator");
    struct text separator = TEXT_NULL;
    if (escaped != NULL && !unescape_text(escaped, &program->arena, &separator)) {
        return error_set(error, STATUS_INVALID, "--key-separator: '%s' has an unknown escape",
                         escaped);
    }
    consumption->format = record_format_plain(
        option_is_given(&program->command_line, "print-headers"), separator, &program->arena);
    return consumption->format.data != NULL
               ? STATUS_OK
               : error_set(error, STATUS_NO_MEMORY, "no memory for a format");
}

static enum status take_format(struct consumption *consumption, struct error *error)
{
    struct program *program = consumption->program;
    const struct command_line *command_line = &program->command_line;
    const char *format = option_text(command_line, "format");
    consumption->null_text = text_of(option_text(command_line, "null"));
    consumption->is_json = strcmp(format, "json") == 0 ||
                           (!option_is_given(command_line, "format") && program->console.is_json);
    if (consumption->is_json) {
        return STATUS_OK;
    }
    if (strcmp(format, "text") == 0) {
        return take_plain_format(consumption, error);
    }
    if (option_is_given(command_line, "key-separator") ||
        option_is_given(command_line, "print-headers")) {
        return error_set(error, STATUS_INVALID,
                         "--key-separator and --print-headers are for -f text; a template has %%k "
                         "and %%h");
    }
    if (!unescape_text(format, &program->arena, &consumption->format)) {
        return error_set(error, STATUS_INVALID, "--format: '%s' has an unknown escape", format);
    }
    enum status status = record_format_check(consumption->format, error);
    return status == STATUS_OK ? STATUS_OK : error_wrap(error, "--format");
}

static enum status create_client(struct consumption *consumption, struct error *error)
{
    const struct command_line *command_line = &consumption->program->command_line;
    /* Partitions join while a fetch for others waits; who only reads what is there, waits little.
     */
    const char *fetch_wait_ms = consumption->follow ? "500" : "20";
    const struct kafka_property properties[] = {
        {"fetch.wait.max.ms", fetch_wait_ms},
        {"enable.partition.eof", "true"},
        {"auto.offset.reset", "error"},
        {"check.crcs", "true"},
        {"isolation.level",
         option_is_given(command_line, "uncommitted") ? "read_uncommitted" : "read_committed"},
    };
    return kafka_client_create(consumption->program, RD_KAFKA_CONSUMER, properties,
                               sizeof properties / sizeof properties[0], &consumption->trouble,
                               NULL, &consumption->client, error);
}

/* -- which partitions, from where to where ------------------------------------------------------*/

static bool is_wanted(const struct command_line *command_line, int32_t partition)
{
    const char *text;
    size_t count = option_occurrences(command_line, "partition");
    for (size_t i = 0; i < count; i++) {
        int64_t wanted = -1;
        text = option_text_at(command_line, "partition", i);
        ASSERT(parse_i64(text_of(text), &wanted));
        if (wanted == partition) {
            return true;
        }
    }
    return count == 0;
}

static enum status check_wanted(const struct command_line *command_line, int count,
                                struct error *error)
{
    const char *text;
    for (size_t i = 0; (text = option_text_at(command_line, "partition", i)) != NULL; i++) {
        int64_t wanted = -1;
        ASSERT(parse_i64(text_of(text), &wanted));
        if (wanted >= count) {
            return error_set(error, STATUS_NOT_FOUND, "topic %s has no partition %s, it has %d",
                             command_line->arguments[0], text, count);
        }
    }
    return STATUS_OK;
}

static enum status take_partitions(struct consumption *consumption,
                                   const struct rd_kafka_metadata_topic *topic, struct error *error)
{
    struct program *program = consumption->program;
    enum status status = check_wanted(&program->command_line, topic->partition_cnt, error);
    if (status != STATUS_OK) {
        return status;
    }
    size_t count = (size_t)topic->partition_cnt;
    consumption->partitions =
        arena_allocate_array(&program->arena, count, sizeof *consumption->partitions);
    if (consumption->partitions == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu partitions", count);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_wanted(&program->command_line, topic->partitions[i].id)) {
            consumption->partitions[consumption->partitions_count++].id = topic->partitions[i].id;
        }
    }
    return STATUS_OK;
}

static enum status find_partitions(struct consumption *consumption, struct error *error)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(consumption->client, 0, consumption->topic,
                                                 &metadata, consumption->timeout_ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return client_error(consumption, code, error);
    }
    enum status status;
    if (metadata->topic_cnt != 1) {
        status = error_set(error, STATUS_MALFORMED, "topic %s: no metadata", consumption->name);
    } else if (metadata->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        status = client_error(consumption, metadata->topics[0].err, error);
    } else {
        status = take_partitions(consumption, &metadata->topics[0], error);
    }
    rd_kafka_metadata_destroy(metadata);
    return status;
}

/* The first offset at or after a time; -1 when there is none. */
static enum status offset_of_time(struct consumption *consumption, int32_t partition,
                                  const struct log_position *position, int64_t *offset,
                                  struct error *error)
{
    *offset = -1;
    if (position->kind != LOG_POSITION_TIME) {
        return STATUS_OK;
    }
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *asked =
        rd_kafka_topic_partition_list_add(list, consumption->name, partition);
    asked->offset = position->value;
    rd_kafka_resp_err_t code =
        rd_kafka_offsets_for_times(consumption->client, list, consumption->timeout_ms);
    code = code == RD_KAFKA_RESP_ERR_NO_ERROR ? list->elems[0].err : code;
    *offset = list->elems[0].offset >= 0 ? list->elems[0].offset : -1;
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK : client_error(consumption, code, error);
}

static enum status start_partition(struct consumption *consumption,
                                   struct consumed_partition *partition, struct error *error)
{
    struct partition_bounds bounds = {0};
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
        consumption->client, consumption->name, partition->id, &bounds.first_offset,
        &bounds.end_offset, consumption->timeout_ms);
    enum status status =
        code == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK : client_error(consumption, code, error);
    if (status == STATUS_OK) {
        status = offset_of_time(consumption, partition->id, &consumption->from,
                                &bounds.from_time_offset, error);
    }
    if (status == STATUS_OK) {
        status = offset_of_time(consumption, partition->id, &consumption->until,
                                &bounds.until_time_offset, error);
    }
    if (status == STATUS_OK) {
        status = partition_range_decide(&bounds, &consumption->from,
                                        consumption->has_until ? &consumption->until : NULL,
                                        consumption->follow, &partition->range, error);
    }
    if (status != STATUS_OK) {
        return error_wrap(error, "partition %d", partition->id);
    }
    partition->is_done = partition_range_is_done(&partition->range, partition->range.start_offset);
    if (partition->is_done) {
        return STATUS_OK;
    }
    consumption->open_count++;
    if (rd_kafka_consume_start_queue(consumption->topic, partition->id,
                                     partition->range.start_offset, consumption->queue) != 0) {
        return client_error(consumption, rd_kafka_last_error(), error);
    }
    return STATUS_OK;
}

/* -- reading ------------------------------------------------------------------------------------*/

static void show_progress(struct consumption *consumption)
{
    const struct program *program = consumption->program;
    char line[128];
    int64_t now_us = program->clock->monotonic_us(program->clock);
    if (program->console.is_out_terminal || !program->console.is_err_terminal ||
        now_us - consumption->shown_us < PROGRESS_INTERVAL_US) {
        return;
    }
    consumption->shown_us = now_us;
    double seconds = (double)(now_us - consumption->started_us) / 1e6;
    snprintf(line, sizeof line, "%" PRId64 " records, %.1f MiB, %.0f/s", consumption->printed_count,
             (double)consumption->printed_bytes / 1048576,
             seconds > 0 ? (double)consumption->printed_count / seconds : 0);
    console_progress(&program->console, line);
}

static enum status take_message_headers(struct consumption *consumption,
                                        const rd_kafka_message_t *message,
                                        struct client_record *record, struct error *error)
{
    rd_kafka_headers_t *headers = NULL;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return STATUS_OK; /* It has none. */
    }
    size_t count = rd_kafka_header_cnt(headers);
    struct record_header *taken = arena_allocate_array(&consumption->arena, count, sizeof *taken);
    if (taken == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu headers", count);
    }
    for (size_t i = 0; i < count; i++) {
        const char *name;
        const void *value;
        size_t size;
        ASSERT(rd_kafka_header_get_all(headers, i, &name, &value, &size) ==
               RD_KAFKA_RESP_ERR_NO_ERROR);
        taken[i] = (struct record_header){text_of(name), {value, size}};
    }
    record->headers = taken;
    record->headers_count = count;
    return STATUS_OK;
}

static enum status print_message(struct consumption *consumption, const rd_kafka_message_t *message,
                                 struct error *error)
{
    FILE *out = consumption->program->console.out;
    rd_kafka_timestamp_type_t timestamp_type;
    struct client_record record;
    client_record_init(&record);
    arena_reset(&consumption->arena);
    record.topic = text_of(consumption->name);
    record.partition = message->partition;
    record.offset = message->offset;
    record.timestamp_ms = rd_kafka_message_timestamp(message, &timestamp_type);
    record.is_append_time = timestamp_type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
    record.key = (struct bytes){message->key, message->key_len};
    record.value = (struct bytes){message->payload, message->len};
    enum status status = take_message_headers(consumption, message, &record, error);
    if (status != STATUS_OK) {
        return status;
    }
    consumption->printed_count++;
    consumption->printed_bytes += (int64_t)(message->len + message->key_len);
    if (!consumption->is_json) {
        record_format_print(out, consumption->format, &record, consumption->null_text);
        return STATUS_OK;
    }
    struct text line;
    status = client_record_to_json(&record, &consumption->arena, &line, error);
    if (status == STATUS_OK) {
        fprintf(out, "%.*s\n", TEXT_ARGUMENTS(line));
    }
    return status;
}

static struct consumed_partition *find_partition(const struct consumption *consumption, int32_t id)
{
    for (size_t i = 0; i < consumption->partitions_count; i++) {
        if (consumption->partitions[i].id == id) {
            return &consumption->partitions[i];
        }
    }
    ASSERT(false); /* Only partitions that were started have messages. */
    return NULL;
}

static void finish_partition(struct consumption *consumption, struct consumed_partition *partition)
{
    if (!partition->is_done) {
        partition->is_done = true;
        consumption->open_count--;
        (void)rd_kafka_consume_stop(consumption->topic, partition->id);
    }
}

static enum status message_error(struct consumption *consumption, const rd_kafka_message_t *message,
                                 struct error *error)
{
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        /* All that can be read was: what is left up to the stop are markers of transactions. */
        if (!consumption->follow) {
            finish_partition(consumption, find_partition(consumption, message->partition));
        }
        return STATUS_OK;
    }
    return error_set(error, STATUS_IO, "partition %d, offset %" PRId64 ": %s", message->partition,
                     message->offset, rd_kafka_message_errstr(message));
}

static enum status take_message(struct consumption *consumption, const rd_kafka_message_t *message,
                                struct error *error)
{
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return message_error(consumption, message, error);
    }
    struct consumed_partition *partition = find_partition(consumption, message->partition);
    if (partition->is_done || consumption->printed_count >= consumption->count_max) {
        return STATUS_OK;
    }
    int64_t timestamp_ms = rd_kafka_message_timestamp(message, NULL);
    if (!partition_range_has(&partition->range, message->offset, timestamp_ms)) {
        finish_partition(consumption, partition);
        return STATUS_OK;
    }
    enum status status = print_message(consumption, message, error);
    if (partition_range_is_done(&partition->range, message->offset + 1)) {
        finish_partition(consumption, partition);
    }
    return status;
}

static enum status read_some(struct consumption *consumption, struct error *error)
{
    rd_kafka_message_t *messages[MESSAGES_MAX];
    ssize_t count =
        rd_kafka_consume_batch_queue(consumption->queue, STEP_MS, messages, MESSAGES_MAX);
    enum status status =
        count >= 0 ? STATUS_OK : client_error(consumption, rd_kafka_last_error(), error);
    for (ssize_t i = 0; i < count; i++) {
        if (status == STATUS_OK) {
            status = take_message(consumption, messages[i], error);
        }
        rd_kafka_message_destroy(messages[i]);
    }
    rd_kafka_poll(consumption->client, 0);
    show_progress(consumption);
    if (status == STATUS_OK && (consumption->follow || ferror(consumption->program->console.out))) {
        status = console_flush(&consumption->program->console, error);
    }
    return status;
}

static enum status read_all(struct consumption *consumption, struct error *error)
{
    struct interruption interruption;
    enum status status = interruption_open(&interruption, error);
    if (status != STATUS_OK) {
        return status;
    }
    while (status == STATUS_OK && consumption->open_count > 0 &&
           consumption->printed_count < consumption->count_max &&
           !interruption_take(&interruption)) {
        status = read_some(consumption, error);
    }
    interruption_close(&interruption);
    return status;
}

static enum status consume(struct consumption *consumption, struct error *error)
{
    consumption->topic = rd_kafka_topic_new(consumption->client, consumption->name, NULL);
    if (consumption->topic == NULL) {
        return client_error(consumption, rd_kafka_last_error(), error);
    }
    consumption->queue = rd_kafka_queue_new(consumption->client);
    enum status status = find_partitions(consumption, error);
    for (size_t i = 0; status == STATUS_OK && i < consumption->partitions_count; i++) {
        status = start_partition(consumption, &consumption->partitions[i], error);
    }
    if (status == STATUS_OK) {
        status = read_all(consumption, error);
    }
    for (size_t i = 0; i < consumption->partitions_count; i++) {
        if (!consumption->partitions[i].is_done) {
            (void)rd_kafka_consume_stop(consumption->topic, consumption->partitions[i].id);
        }
    }
    rd_kafka_queue_destroy(consumption->queue);
    rd_kafka_topic_destroy(consumption->topic);
    return status;
}

enum exit_code run_consume(struct program *program)
{
    const struct command_line *command_line = &program->command_line;
    struct error error;
    struct consumption consumption = {
        .program = program,
        .name = command_line->arguments[0],
        .timeout_ms = (int)option_duration_ms(command_line, "timeout"),
        .count_max = option_count(command_line, "count", -1),
        .started_us = program->clock->monotonic_us(program->clock),
    };
    consumption.count_max = consumption.count_max < 0 ? INT64_MAX : consumption.count_max;
    if (take_positions(&consumption, &error) != STATUS_OK ||
        take_format(&consumption, &error) != STATUS_OK ||
        create_client(&consumption, &error) != STATUS_OK) {
        return program_misuse(program, &error);
    }
    arena_init(&consumption.arena, RECORD_ARENA_SIZE_MAX);
    enum status status = consume(&consumption, &error);
    arena_clear(&consumption.arena);
    rd_kafka_destroy(consumption.client);
    console_progress_end(&program->console);
    return status == STATUS_OK ? EXIT_CODE_OK : program_fail(program, &error);
}
