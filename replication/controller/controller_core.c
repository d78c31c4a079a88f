#include "replication/controller/controller_core.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "replication/controller/broker_control.h"
#include "replication/controller/config_control.h"
#include "replication/controller/producer_id_control.h"
#include "replication/controller/topic_control.h"
#include "replication/metadata/topic_name.h"

#define REFUSAL_TEXT_SIZE_MAX 1024

enum status controller_core_decide(struct controller_decision *decision,
                                   enum controller_command_kind kind, const void *request,
                                   void *response, struct error *error)
{
    switch (kind) {
    case CONTROLLER_REGISTER_BROKER:
        broker_control_register(decision, request, response);
        break;
    case CONTROLLER_CREATE_TOPICS:
        topic_control_create(decision, request, response);
        break;
    case CONTROLLER_DELETE_TOPICS:
        topic_control_delete(decision, request, response);
        break;
    case CONTROLLER_CREATE_PARTITIONS:
        topic_control_add_partitions(decision, request, response);
        break;
    case CONTROLLER_ALTER_CONFIGS:
        config_control_replace(decision, request, response);
        break;
    case CONTROLLER_INCREMENTAL_ALTER_CONFIGS:
        config_control_alter(decision, request, response);
        break;
    case CONTROLLER_ALLOCATE_PRODUCER_IDS:
        producer_id_control_allocate(decision, request, response);
        break;
    default:
        ASSERT(false);
    }
    if (decision->arena->exhausted || decision->records->failed ||
        decision->records->arena->exhausted) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for deciding on a request");
    }
    return STATUS_OK;
}

struct controller_refusal controller_accept(void)
{
    return (struct controller_refusal){.code = KAFKA_NONE, .message = TEXT_NULL};
}

struct controller_refusal controller_refuse(struct controller_decision *decision, int16_t code,
                                            const char *format, ...)
{
    char text[REFUSAL_TEXT_SIZE_MAX];
    va_list arguments;

    ASSERT(code != KAFKA_NONE);
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return (struct controller_refusal){
        .code = code,
        .message = arena_copy_text(decision->arena, text_of(text)),
    };
}

struct controller_refusal controller_check_topic_name(struct controller_decision *decision,
                                                      struct text name)
{
    struct error error;

    if (topic_name_check(name, &error) != STATUS_OK) {
        return controller_refuse(decision, KAFKA_INVALID_TOPIC_EXCEPTION, "%s", error.text);
    }
    return controller_accept();
}

struct bytes text_key(struct text text)
{
    return (struct bytes){.data = (const uint8_t *)text.data, .size = text.size};
}

void key_counts_init(struct key_counts *counts, struct arena *arena)
{
    hash_map_init(&counts->map);
    counts->arena = arena;
}

void key_counts_clear(struct key_counts *counts)
{
    hash_map_clear(&counts->map);
}

size_t key_counts_add(struct key_counts *counts, struct bytes key)
{
    size_t *count = hash_map_get(&counts->map, key);

    if (count == NULL) {
        count = arena_allocate(counts->arena, sizeof(*count));
        if (count == NULL || hash_map_put(&counts->map, key, count, NULL) != STATUS_OK) {
            counts->arena->exhausted = true;
            return 0;
        }
    }
    return ++*count;
}

size_t key_counts_of(const struct key_counts *counts, struct bytes key)
{
    const size_t *count = hash_map_get(&counts->map, key);

    return count == NULL ? 0 : *count;
}
