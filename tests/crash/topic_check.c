#include "tests/crash/topic_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/number_text.h"
#include "proto/record/record_builder.h"
#include "tests/support/broker/wire_client.h"

#define NAME_SIZE     32
#define SIZE_MAX_BASE 100000
#define KEPT_COUNT    5

static const char *name_of(unsigned index, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "topic-%u", index);
    return name;
}

__attribute__((format(printf, 2, 3))) static void find(struct topic_check *check,
                                                       const char *format, ...)
{
    check->lost_count++;
    if (check->finding[0] == '\0') {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(check->finding, sizeof check->finding, format, arguments);
        va_end(arguments);
    }
}

static bool create(struct topic_check *check, struct wire_client *client, unsigned index)
{
    char name[NAME_SIZE];
    char size_text[NAME_SIZE];
    struct checked_topic *topic = &check->topics[index];
    *topic = (struct checked_topic){.state = TOPIC_IN_DOUBT,
                                    .partitions_count = 1 + (int32_t)(index % 3),
                                    .size_max = SIZE_MAX_BASE + (int)index};
    topic->size_max_doubt = topic->size_max;
    snprintf(size_text, sizeof size_text, "%d", topic->size_max);
    const char *const configs[] = {"max.message.bytes", size_text, NULL};
    const struct create_topics_response_topic *answer =
        wire_create_topic(client, name_of(index, name), topic->partitions_count, configs);
    if (answer == NULL) {
        return false;
    }
    if (answer->error_code != KAFKA_NONE) {
        find(check, "%s: not created, error %d", name, answer->error_code);
    }
    topic->state = TOPIC_PRESENT;
    check->answered_count++;
    return true;
}

static bool produce(struct topic_check *check, struct wire_client *client, unsigned index)
{
    char name[NAME_SIZE];
    struct record_builder builder;
    struct record_builder_options options = RECORD_BUILDER_PLAIN;
    struct record_content content = {.value = {(const uint8_t *)"one", 3}};
    struct bytes batch;
    struct error error;
    record_builder_init(&builder, &options, 1024);
    ASSERT(record_builder_add(&builder, &content, &error) == STATUS_OK);
    ASSERT(record_builder_finish(&builder, NULL, &batch, &error) == STATUS_OK);
    const struct produce_response_partition *answer =
        wire_produce(client, name_of(index, name), 0, batch, -1);
    record_builder_clear(&builder);
    if (answer == NULL) {
        return false;
    }
    if (answer->error_code == KAFKA_NONE) {
        check->topics[index].records_count = answer->base_offset + 1;
        check->answered_count++;
    } else {
        find(check, "%s: produce: error %d", name, answer->error_code);
    }
    return true;
}

static bool configure(struct topic_check *check, struct wire_client *client, unsigned index)
{
    char name[NAME_SIZE];
    char value[NAME_SIZE];
    struct checked_topic *topic = &check->topics[index];
    topic->size_max_doubt = topic->size_max + 1;
    snprintf(value, sizeof value, "%d", topic->size_max_doubt);
    int16_t code = wire_set_config(client, name_of(index, name), "max.message.bytes", value);
    if (code == INT16_MIN) {
        return false;
    }
    if (code != KAFKA_NONE) {
        find(check, "%s: not configured, error %d", name, code);
    }
    topic->size_max = topic->size_max_doubt;
    check->answered_count++;
    return true;
}

static bool delete (struct topic_check *check, struct wire_client *client, unsigned index)
{
    char name[NAME_SIZE];
    struct checked_topic *topic = &check->topics[index];
    if (topic->state != TOPIC_PRESENT) {
        return true;
    }
    topic->state = TOPIC_IN_DOUBT;
    int16_t code = wire_delete_topic(client, name_of(index, name));
    if (code == INT16_MIN) {
        return false;
    }
    if (code != KAFKA_NONE) {
        find(check, "%s: not deleted, error %d", name, code);
    }
    topic->state = TOPIC_ABSENT;
    check->answered_count++;
    return true;
}

void topic_check_change(struct topic_check *check, struct wire_client *client)
{
    if (check->count == TOPIC_CHECK_MAX) {
        return;
    }
    unsigned index = check->count++;
    if (create(check, client, index) && produce(check, client, index) &&
        configure(check, client, index) && index >= KEPT_COUNT) {
        delete (check, client, index - KEPT_COUNT);
    }
}

static const struct metadata_response_topic *find_topic(const struct metadata_response *metadata,
                                                        const char *name)
{
    for (size_t i = 0; i < metadata->topics.count; i++) {
        if (text_equal(metadata->topics.items[i].name, text_of(name))) {
            return &metadata->topics.items[i];
        }
    }
    return NULL;
}

static void check_config(struct topic_check *check, struct wire_client *client, unsigned index)
{
    char name[NAME_SIZE];
    struct checked_topic *topic = &check->topics[index];
    struct text value = wire_config(client, name_of(index, name), "max.message.bytes");
    int64_t size_max = 0;
    if (!parse_i64(value, &size_max) ||
        (size_max != topic->size_max && size_max != topic->size_max_doubt)) {
        find(check, "%s: max.message.bytes is %lld, %d was answered", name, (long long)size_max,
             topic->size_max);
    }
    topic->size_max = (int)size_max;
    topic->size_max_doubt = topic->size_max;
}

static void check_topic(struct topic_check *check, struct wire_client *client,
                        const struct metadata_response *metadata, unsigned index)
{
    char name[NAME_SIZE];
    struct checked_topic *topic = &check->topics[index];
    const struct metadata_response_topic *seen = find_topic(metadata, name_of(index, name));
    if (topic->state == TOPIC_IN_DOUBT) {
        topic->state = seen != NULL ? TOPIC_PRESENT : TOPIC_ABSENT;
    }
    if ((seen != NULL) != (topic->state == TOPIC_PRESENT)) {
        find(check, "%s is %s", name, seen != NULL ? "there again" : "gone");
        topic->state = seen != NULL ? TOPIC_PRESENT : TOPIC_ABSENT;
    }
    if (seen == NULL) {
        return;
    }
    if ((int32_t)seen->partitions.count != topic->partitions_count) {
        find(check, "%s has %zu partitions, not %d", name, seen->partitions.count,
             topic->partitions_count);
    }
    const struct list_offsets_response_partition *end = wire_list_offset(client, name, 0, -1);
    ASSERT(end != NULL);
    if (end->error_code != KAFKA_NONE || end->offset < topic->records_count) {
        find(check, "%s ends at %lld with error %d, %lld was answered", name,
             (long long)end->offset, end->error_code, (long long)topic->records_count);
    }
    check_config(check, client, index);
}

void topic_check_run(struct topic_check *check, struct wire_client *client)
{
    const struct metadata_response *metadata = wire_metadata(client);
    ASSERT(metadata != NULL);
    for (unsigned i = 0; i < check->count; i++) {
        check_topic(check, client, metadata, i);
    }
    wire_client_forget(client);
}
