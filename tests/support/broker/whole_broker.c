#include "tests/support/broker/whole_broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "proto/generated/create_topics.h"
#include "proto/wire/message_table.h"
#include "proto/wire/response_header.h"
#include "tests/support/proto/message_bytes.h"

/* Turns with a pause between them: the disk works by itself. */
#define TURNS_MAX      100000
#define TURNS_QUIET    6
#define TURN_PAUSE_NS  50000
#define CORRELATION_ID 4711

#define ARENA_SIZE_MAX ((size_t)256 * 1024 * 1024)

/* ---- the broker ---- */

static void registered(struct broker *broker)
{
    /* The clock is the only thing that leads back to the test. */
    struct whole_broker *whole =
        CONTAINER_OF(broker->options.clock, struct whole_broker, clock.clock);
    whole->registered_count++;
}

static void pause_turn(void)
{
    nanosleep(&(struct timespec){.tv_nsec = TURN_PAUSE_NS}, NULL);
}

void whole_broker_turn(struct whole_broker *whole)
{
    for (unsigned i = 0; i < whole->broker->units_count; i++) {
        shard_turn(whole->broker->units[i].shard, false);
    }
}

static bool is_disk_busy(const struct whole_broker *whole)
{
    for (unsigned i = 0; i < whole->broker->units_count; i++) {
        struct disk_queue *queue = whole->broker->units[i].disk_queue;
        if (queue->pending(queue) > 0) {
            return true;
        }
    }
    return false;
}

void whole_broker_settle(struct whole_broker *whole)
{
    int quiet = 0;
    for (int i = 0; i < TURNS_MAX && quiet < TURNS_QUIET; i++) {
        whole_broker_turn(whole);
        bool busy = is_disk_busy(whole);
        quiet = busy ? 0 : quiet + 1;
        if (busy) {
            pause_turn();
        }
    }
    ASSERT(quiet == TURNS_QUIET);
}

void whole_broker_advance_ms(struct whole_broker *whole, int64_t ms)
{
    fake_clock_advance_us(&whole->clock, ms * 1000);
    whole_broker_settle(whole);
}

void whole_broker_start(struct whole_broker *whole, unsigned shards, const char *const *overrides)
{
    char log_dirs[TEMPORARY_DIRECTORY_SIZE + 16];
    char threads[64];
    const char *all[WHOLE_BROKER_OVERRIDES_MAX];
    size_t count = 0;
    snprintf(log_dirs, sizeof log_dirs, "log.dirs=%s/data", whole->directory.path);
    snprintf(threads, sizeof threads, "num.network.threads=%u", shards);
    all[count++] = log_dirs;
    all[count++] = threads;
    all[count++] = "listeners=PLAINTEXT://127.0.0.1:0";
    all[count++] = "admin.listener=";
    for (size_t i = 0; overrides != NULL && overrides[i] != NULL; i++) {
        ASSERT(count < WHOLE_BROKER_OVERRIDES_MAX);
        all[count++] = overrides[i];
    }
    struct broker_config_sources sources = {.overrides = all, .overrides_count = count};
    struct error error;
    ASSERT(broker_config_load(&sources, &whole->diagnostics.sink, &whole->config, &error) ==
           STATUS_OK);
    struct broker_options options = {
        .config = whole->config,
        .diagnostics = &whole->diagnostics.sink,
        .clock = &whole->clock.clock,
        .random = &whole->random.random,
        .files = file_system_posix(),
    };
    ASSERT(broker_open(&options, &whole->broker, &error) == STATUS_OK);
    whole->registered_count = 0;
    log_keeper_start(whole->broker->log_keeper, whole->broker->units[0].shard);
    broker_start_storage_timers(whole->broker);
    broker_start_metadata(whole->broker, registered);
    for (int i = 0; i < TURNS_MAX && whole->registered_count == 0; i++) {
        whole_broker_turn(whole);
        pause_turn();
        fake_clock_advance_us(&whole->clock, 100);
    }
    ASSERT(whole->registered_count == 1);
    whole_broker_settle(whole);
}

void whole_broker_open(struct whole_broker *whole, unsigned shards, const char *const *overrides)
{
    memset(whole, 0, sizeof *whole);
    temporary_directory_make(&whole->directory);
    fake_clock_init(&whole->clock, WHOLE_BROKER_NOW_MS);
    fake_clock_advance_us(&whole->clock, 1000);
    recorded_diagnostics_init(&whole->diagnostics, DIAGNOSTIC_WARNING);
    random_seeded_init(&whole->random, 7);
    whole_broker_start(whole, shards, overrides);
}

void whole_broker_stop(struct whole_broker *whole)
{
    struct error error;
    whole_broker_settle(whole);
    broker_stop_metadata(whole->broker);
    listeners_stop(whole->broker->listeners);
    ASSERT(broker_close(whole->broker, &error) == STATUS_OK);
    broker_config_destroy(whole->config);
}

void whole_broker_restart(struct whole_broker *whole, unsigned shards, const char *const *overrides)
{
    whole_broker_stop(whole);
    whole_broker_start(whole, shards, overrides);
}

void whole_broker_close(struct whole_broker *whole)
{
    whole_broker_stop(whole);
    temporary_directory_remove(&whole->directory);
}

static const struct topic_image *topic_of(struct whole_broker *whole, const char *topic)
{
    const struct topic_image *found =
        metadata_image_topic(whole->broker->units[0].part.image, text_of(topic));
    ASSERT(found != NULL);
    return found;
}

struct uuid whole_broker_topic_id(struct whole_broker *whole, const char *topic)
{
    return topic_of(whole, topic)->id;
}

unsigned whole_broker_shard_of(struct whole_broker *whole, const char *topic, int32_t index)
{
    return broker_shard_of_partition(&whole->broker->units[0].part, topic_of(whole, topic)->id,
                                     index);
}

struct partition *whole_broker_partition(struct whole_broker *whole, const char *topic,
                                         int32_t index)
{
    unsigned shard = whole_broker_shard_of(whole, topic, index);
    struct partition *partition = partition_table_find(whole->broker->units[shard].part.partitions,
                                                       whole_broker_topic_id(whole, topic), index);
    ASSERT(partition != NULL);
    return partition;
}

void whole_broker_create_topic(struct whole_broker *whole, const char *topic, int32_t partitions,
                               const char *config)
{
    struct create_topics_request request;
    struct create_topics_request_topic wanted;
    struct create_topics_request_topic_config entry = {.name = TEXT_NULL};
    create_topics_request_init(&request);
    create_topics_request_topic_init(&wanted);
    wanted.name = text_of(topic);
    wanted.num_partitions = partitions;
    wanted.replication_factor = 1;
    request.topics.items = &wanted;
    request.topics.count = 1;
    if (config != NULL) {
        const char *equals = strchr(config, '=');
        ASSERT(equals != NULL);
        entry.name = (struct text){config, (size_t)(equals - config)};
        entry.value = text_of(equals + 1);
        wanted.configs.items = &entry;
        wanted.configs.count = 1;
    }
    struct test_call *call = test_call_answer(whole, API_KEY_CREATE_TOPICS, 7, &request);
    const struct create_topics_response *response = call->response;
    ASSERT(response->topics.count == 1 && response->topics.items[0].error_code == 0);
    test_call_clear(call);
}

/* ---- requests ---- */

static struct test_call *call_of(struct api_call *call)
{
    return CONTAINER_OF(call, struct test_call, call);
}

static void frame_done(struct api_call *api_call)
{
    struct test_call *call = call_of(api_call);
    free(call->body);
    call->body = NULL;
}

static void end(struct test_call *call, enum test_call_outcome outcome)
{
    ASSERT(call->outcome == TEST_CALL_PENDING);
    call->outcome = outcome;
    frame_done(&call->call);
}

static struct bytes put_together(struct arena *arena, const struct slices *slices)
{
    uint8_t *memory = arena_allocate(arena, slices->size);
    size_t size = 0;
    ASSERT(memory != NULL);
    for (size_t i = 0; i < slices->count; i++) {
        const struct slice *slice = &slices->items[i];
        if (slice->data != NULL) {
            memcpy(memory + size, slice->data, slice->size);
        } else if (slice->size > 0) {
            ssize_t count = pread(slice->file_descriptor, memory + size, slice->size,
                                  (off_t)slice->file_position);
            ASSERT(count == (ssize_t)slice->size);
        }
        size += slice->size;
    }
    return (struct bytes){memory, size};
}

struct bytes test_call_bytes(struct test_call *call, const struct slices *slices)
{
    return put_together(&call->decoded, slices);
}

static void completed(struct api_call *api_call)
{
    struct test_call *call = call_of(api_call);
    struct bytes frame = put_together(&call->decoded, &api_call->outgoing);
    slices_release(&api_call->outgoing);
    ASSERT(frame.size >= 4 && load_u32(frame.data) == frame.size - 4);
    struct byte_reader reader = byte_reader_over((struct bytes){frame.data + 4, frame.size - 4});
    const struct message_descriptor *descriptor = api_call->api->response;
    int16_t version = api_call->header.request_api_version;
    int32_t correlation_id = 0;
    struct error error;
    ASSERT(response_header_read(api_messages_find(api_call->api->key), version, &reader,
                                &correlation_id, &error) == STATUS_OK);
    ASSERT(correlation_id == CORRELATION_ID);
    call->response = arena_allocate(&call->decoded, descriptor->structure->size);
    ASSERT(call->response != NULL);
    ASSERT(descriptor->decode(call->response, version, &reader, &call->decoded, &error) ==
           STATUS_OK);
    ASSERT(byte_reader_remaining(&reader) == 0);
    end(call, TEST_CALL_ANSWERED);
}

static void completed_silently(struct api_call *api_call)
{
    end(call_of(api_call), TEST_CALL_SILENT);
}

static void rejected(struct api_call *api_call, const struct error *error)
{
    call_of(api_call)->error = *error;
    end(call_of(api_call), TEST_CALL_REJECTED);
}

static const struct api_call_owner owner = {completed, completed_silently, rejected, frame_done};

static void fill_in_client(struct test_call *call)
{
    call->client = (struct client_identity){
        .listener_name = TEXT_LITERAL("PLAINTEXT"),
        .listener_rule = API_LISTENER_CLIENT,
        .local_address = TEXT_LITERAL("dialled.example"),
        .local_port = 9092,
        .peer_address = TEXT_LITERAL("192.0.2.1"),
        .software_name = TEXT_LITERAL(""),
        .software_version = TEXT_LITERAL(""),
    };
}

struct test_call *test_call_start(struct whole_broker *whole, unsigned shard, int16_t key,
                                  int16_t version, const void *request)
{
    struct test_call *call = calloc(1, sizeof *call);
    ASSERT(call != NULL && shard < whole->broker->units_count);
    struct broker_unit *unit = &whole->broker->units[shard];
    const struct api *api = api_find(key);
    struct bytes body;
    struct error error;
    ASSERT(api != NULL);
    call->whole = whole;
    arena_init(&call->decoded, ARENA_SIZE_MAX);
    ASSERT(message_bytes(api->request, request, version, &call->decoded, &body, &error) ==
           STATUS_OK);
    call->body = malloc(body.size + 1);
    ASSERT(call->body != NULL);
    memcpy(call->body, body.data, body.size);
    fill_in_client(call);
    call->call = (struct api_call){
        .shard = unit->shard,
        .broker = &unit->part,
        .client = &call->client,
        .api = api,
        .body = {call->body, body.size},
        .arrived_us = shard_now_us(unit->shard),
        .owner = &owner,
    };
    call->call.header.request_api_key = key;
    call->call.header.request_api_version = version;
    call->call.header.correlation_id = CORRELATION_ID;
    call->call.header.client_id = TEXT_LITERAL("test");
    arena_init(&call->call.arena, ARENA_SIZE_MAX);
    api->handle(&call->call);
    return call;
}

void test_call_wait(struct test_call *call)
{
    for (int i = 0; i < TURNS_MAX && call->outcome == TEST_CALL_PENDING; i++) {
        whole_broker_turn(call->whole);
        if (i > TURNS_QUIET) {
            pause_turn();
        }
    }
    ASSERT(call->outcome != TEST_CALL_PENDING);
}

bool test_call_is_waiting(struct test_call *call)
{
    whole_broker_settle(call->whole);
    return call->outcome == TEST_CALL_PENDING;
}

void test_call_lose(struct test_call *call)
{
    call->call.connection_lost = true;
    if (call->call.abandoned != NULL) {
        call->call.abandoned(&call->call);
    }
}

void test_call_clear(struct test_call *call)
{
    if (call == NULL) {
        return;
    }
    ASSERT(call->outcome != TEST_CALL_PENDING);
    arena_clear(&call->call.arena);
    arena_clear(&call->decoded);
    free(call);
}

struct test_call *test_call_answer(struct whole_broker *whole, int16_t key, int16_t version,
                                   const void *request)
{
    struct test_call *call = test_call_start(whole, 0, key, version, request);
    test_call_wait(call);
    ASSERT(call->outcome == TEST_CALL_ANSWERED);
    return call;
}
