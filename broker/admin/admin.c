#include "broker/admin/admin.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "broker/admin/cluster_metrics.h"
#include "broker/api/api_table.h"
#include "broker/metrics/metrics_page.h"
#include "broker/server/http_server.h"
#include "broker/server/listener.h"
#include "replication/controller/controller.h"

#define API_NAME_SIZE_MAX 64

struct admin {
    struct http_server *http;
    struct broker_shard *const *shards;
    unsigned shards_count;
    const struct controller *controller;
    const char *api_names[METRICS_APIS_MAX];
    char api_name_memory[METRICS_APIS_MAX][API_NAME_SIZE_MAX];
    bool is_ready;
    bool is_stopped;
};

/* ---- scrapes ---- */

/* What one shard adds to a page. */
struct scrape_part {
    struct shard_message message;
    struct scrape *scrape;
    struct broker_shard *broker;
    struct partition_metrics metrics;
    char *memory[3]; /* Of the streams in `metrics`. */
    size_t size[3];
};

struct scrape {
    struct admin *admin;
    struct http_request *request;
    unsigned outstanding;
    struct scrape_part parts[];
};

static FILE **stream_of(struct scrape_part *part, unsigned index)
{
    FILE **streams[] = {&part->metrics.current_offset, &part->metrics.oldest_offset,
                        &part->metrics.size};
    return streams[index];
}

static void write_family(FILE *page, const struct scrape *scrape, unsigned index, const char *name,
                         const char *help)
{
    metrics_page_family(page, name, "gauge", help);
    for (unsigned i = 0; i < scrape->admin->shards_count; i++) {
        fwrite(scrape->parts[i].memory[index], 1, scrape->parts[i].size[index], page);
    }
}

static void write_gauge(FILE *page, const char *name, const char *help, uint64_t value)
{
    metrics_page_family(page, name, "gauge", help);
    fprintf(page, "%s %" PRIu64 "\n", name, value);
}

static void write_partitions(FILE *page, const struct scrape *scrape)
{
    struct partition_metrics sum = {0};
    for (unsigned i = 0; i < scrape->admin->shards_count; i++) {
        const struct partition_metrics *part = &scrape->parts[i].metrics;
        sum.partitions_count += part->partitions_count;
        sum.leaders_count += part->leaders_count;
        sum.offline_count += part->offline_count;
        sum.under_replicated_count += part->under_replicated_count;
    }
    write_family(page, scrape, 0, "kafka_topic_partition_current_offset",
                 "One past the last record that consumers can read");
    write_family(page, scrape, 1, "kafka_topic_partition_oldest_offset",
                 "The first record that is kept");
    write_family(page, scrape, 2, "rollway_partition_size_bytes", "Bytes of the partition's log");
    write_gauge(page, "kafka_server_replicamanager_partitioncount", "Partitions on this broker",
                sum.partitions_count);
    write_gauge(page, "kafka_server_replicamanager_leadercount",
                "Partitions that this broker leads", sum.leaders_count);
    write_gauge(page, "kafka_server_replicamanager_offlinereplicacount",
                "Partitions whose log cannot be used", sum.offline_count);
    write_gauge(page, "kafka_server_replicamanager_underreplicatedpartitions",
                "Partitions led here with a replica that is not in sync",
                sum.under_replicated_count);
}

/* The second number of Linux's statm; 0 when it cannot be known. */
static uint64_t resident_pages(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    char line[128] = "";
    if (file == NULL) {
        return 0;
    }
    const char *second = fgets(line, sizeof line, file) != NULL ? strchr(line, ' ') : NULL;
    fclose(file);
    return second != NULL ? strtoull(second, NULL, 10) : 0;
}

static void write_process(FILE *page)
{
    static const size_t page_size = 4096;
    write_gauge(page, "process_resident_memory_bytes", "Memory of the process",
                resident_pages() * page_size);
}

static void write_page(FILE *page, const struct scrape *scrape)
{
    const struct admin *admin = scrape->admin;
    const struct metrics_shard *metrics[BROKER_SHARDS_MAX];
    for (unsigned i = 0; i < admin->shards_count; i++) {
        metrics[i] = admin->shards[i]->metrics;
    }
    metrics_page_write_shards(page, metrics, admin->shards_count, admin->api_names);
    cluster_metrics_write(page, admin->shards[0]->image, controller_is_active(admin->controller));
    write_partitions(page, scrape);
    write_process(page);
}

static void free_scrape(struct scrape *scrape)
{
    for (unsigned i = 0; i < scrape->admin->shards_count; i++) {
        for (unsigned k = 0; k < 3; k++) {
            FILE **stream = stream_of(&scrape->parts[i], k);
            if (*stream != NULL) {
                fclose(*stream);
            }
            free(scrape->parts[i].memory[k]);
        }
    }
    free(scrape);
}

static void answer_text(struct http_request *request, int code, const char *type, const char *text)
{
    http_request_answer(request, code, type, text, strlen(text));
}

static void answer_scrape(struct scrape *scrape)
{
    char *text = NULL;
    size_t size = 0;
    FILE *page = open_memstream(&text, &size);
    if (page == NULL) {
        answer_text(scrape->request, 503, "text/plain", "no memory\n");
        return;
    }
    write_page(page, scrape);
    if (fclose(page) == 0) {
        http_request_answer(scrape->request, 200, METRICS_PAGE_CONTENT_TYPE, text, size);
    } else {
        answer_text(scrape->request, 503, "text/plain", "no memory\n");
    }
    free(text);
}

static void part_back(struct shard *shard, struct shard_message *message)
{
    (void)shard;
    struct scrape *scrape = CONTAINER_OF(message, struct scrape_part, message)->scrape;
    if (--scrape->outstanding == 0) {
        answer_scrape(scrape);
        free_scrape(scrape);
    }
}

static void part_arrived(struct shard *shard, struct shard_message *message)
{
    (void)shard;
    struct scrape_part *part = CONTAINER_OF(message, struct scrape_part, message);
    cluster_metrics_collect(part->broker, &part->metrics);
    for (unsigned k = 0; k < 3; k++) {
        fflush(*stream_of(part, k)); /* Now memory and size are valid. */
    }
    part->message.receive = part_back;
    shard_post(part->scrape->admin->shards[0]->shard, &part->message);
}

static bool open_streams(struct scrape *scrape)
{
    for (unsigned i = 0; i < scrape->admin->shards_count; i++) {
        struct scrape_part *part = &scrape->parts[i];
        for (unsigned k = 0; k < 3; k++) {
            *stream_of(part, k) = open_memstream(&part->memory[k], &part->size[k]);
            if (*stream_of(part, k) == NULL) {
                return false;
            }
        }
    }
    return true;
}

static void start_scrape(struct admin *admin, struct http_request *request)
{
    struct scrape *scrape =
        calloc(1, sizeof *scrape + admin->shards_count * sizeof scrape->parts[0]);
    if (scrape == NULL) {
        answer_text(request, 503, "text/plain", "no memory\n");
        return;
    }
    scrape->admin = admin;
    scrape->request = request;
    scrape->outstanding = admin->shards_count;
    if (!open_streams(scrape)) {
        answer_text(request, 503, "text/plain", "no memory\n");
        free_scrape(scrape);
        return;
    }
    for (unsigned i = 0; i < admin->shards_count; i++) {
        struct scrape_part *part = &scrape->parts[i];
        part->scrape = scrape;
        part->broker = admin->shards[i];
        part->message.receive = part_arrived;
        shard_post(part->broker->shard, &part->message);
    }
}

/* ---- routes ---- */

static void show_metrics(struct admin *admin, struct http_request *request)
{
    if (admin->is_stopped) {
        answer_text(request, 503, "text/plain", "stopping\n");
    } else {
        start_scrape(admin, request);
    }
}

static void show_live(struct admin *admin, struct http_request *request)
{
    (void)admin;
    answer_text(request, 200, "application/json", "{\"status\":\"live\"}\n");
}

static void show_ready(struct admin *admin, struct http_request *request)
{
    if (admin->is_ready) {
        answer_text(request, 200, "application/json", "{\"status\":\"ready\"}\n");
    } else {
        answer_text(request, 503, "application/json", "{\"status\":\"booting\"}\n");
    }
}

struct route {
    const char *path;
    void (*show)(struct admin *admin, struct http_request *request);
};

static const struct route routes[] = {
    {"/metrics", show_metrics},
    {"/health/live", show_live},
    {"/health/ready", show_ready},
    {"/v1/status/ready", show_ready},
};

static void handle(void *context, struct http_request *request, const char *path)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (strcmp(path, routes[i].path) == 0) {
            routes[i].show(context, request);
            return;
        }
    }
    answer_text(request, 404, "text/plain", "there are /metrics, /health/live and /health/ready\n");
}

/* ---- life ---- */

/* "offset_for_leader_epoch" is OffsetForLeaderEpoch on dashboards. */
static void make_api_name(const char *name, char memory[API_NAME_SIZE_MAX])
{
    size_t size = 0;
    bool starts_word = true;
    for (; *name != '\0' && size + 1 < API_NAME_SIZE_MAX; name++) {
        if (*name == '_') {
            starts_word = true;
            continue;
        }
        memory[size++] = (char)(starts_word ? toupper((unsigned char)*name) : *name);
        starts_word = false;
    }
    memory[size] = '\0';
}

enum status admin_open(struct text address, struct broker_shard *const *shards,
                       unsigned shards_count, const struct controller *controller,
                       struct admin **admin_out, struct error *error)
{
    struct endpoint endpoint = {.port = 0};
    if (!endpoint_parse_address(address, &endpoint)) {
        return error_set(error, STATUS_INVALID, "admin.listener: %.*s is not HOST:PORT",
                         TEXT_ARGUMENTS(address));
    }
    struct admin *admin = calloc(1, sizeof *admin);
    if (admin == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the admin listener");
    }
    admin->shards = shards;
    admin->shards_count = shards_count;
    admin->controller = controller;
    for (size_t i = 0; i < api_count(); i++) {
        make_api_name(api_at(i)->name, admin->api_name_memory[i]);
        admin->api_names[i] = admin->api_name_memory[i];
    }
    char host[HOST_SIZE_MAX + 1];
    snprintf(host, sizeof host, "%.*s", TEXT_ARGUMENTS(endpoint.host));
    if (http_server_open(shards[0]->shard, host, endpoint.port, handle, admin, &admin->http,
                         error) != STATUS_OK) {
        free(admin);
        return error_wrap(error, "admin.listener");
    }
    *admin_out = admin;
    return STATUS_OK;
}

void admin_close(struct admin *admin)
{
    if (admin != NULL) {
        http_server_close(admin->http);
        free(admin);
    }
}

void admin_set_ready(struct admin *admin, bool is_ready)
{
    admin->is_ready = is_ready;
}

void admin_stop(struct admin *admin)
{
    admin->is_ready = false;
    admin->is_stopped = true;
}

uint16_t admin_port(const struct admin *admin)
{
    return http_server_port(admin->http);
}
