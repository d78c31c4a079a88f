/* A client that speaks the protocol through our own codec and nothing else, so that a test may send
 * what no real client sends: one connection, requests of any version, answers as they came.
 *
 * Answers lie in the client's arena until wire_client_forget() or wire_client_close(). When the
 * connection breaks, calls answer NULL. What the server must never send ends the test. */
#ifndef TESTS_SUPPORT_BROKER_WIRE_CLIENT_H
#define TESTS_SUPPORT_BROKER_WIRE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "proto/generated/create_topics.h"
#include "proto/generated/fetch.h"
#include "proto/generated/list_offsets.h"
#include "proto/generated/metadata.h"
#include "proto/generated/produce.h"
#include "proto/wire/kafka_error.h"
#include "proto/wire/message.h"

#define WIRE_CLIENT_PATIENCE_MS 60000

struct wire_client {
    int socket; /* -1: closed. */
    int32_t correlation_id;
    struct arena arena;
};

/* Connects to 127.0.0.1. False when nobody listens. */
bool wire_client_connect(struct wire_client *client, uint16_t port);

/* As wire_client_connect() to ::1. */
bool wire_client_connect_ipv6(struct wire_client *client, uint16_t port);

/* Closes and releases. */
void wire_client_close(struct wire_client *client);

/* Releases all answers. */
void wire_client_forget(struct wire_client *client);

/* Sends bytes as they are. False when the connection is broken. */
bool wire_client_send_bytes(struct wire_client *client, const void *data, size_t size);

/* True when the server closes the connection without another byte. */
bool wire_client_is_closed(struct wire_client *client);

/* Sends a request without waiting for an answer. False when the connection is broken. */
bool wire_client_send(struct wire_client *client, const struct message_descriptor *request_type,
                      const void *request, int16_t version);

/* The answer to the oldest request that has none yet, if that is of this type; NULL when the
 * connection is broken. */
void *wire_client_receive(struct wire_client *client,
                          const struct message_descriptor *response_type, int16_t version);

/* True when an answer has begun to arrive within `wait_ms`. */
bool wire_client_has_answer(struct wire_client *client, int wait_ms);

/* Sends a request and waits for its answer. */
void *wire_client_call(struct wire_client *client, const struct message_descriptor *request_type,
                       const void *request, int16_t version);

/* ---- what most tests ask, one topic and partition at a time ---- */

/* NULL when acks is 0, too. */
const struct produce_response_partition *wire_produce(struct wire_client *client, const char *topic,
                                                      int32_t partition, struct bytes batch,
                                                      int16_t acks);

struct wire_fetch {
    const char *topic;
    int32_t partition;
    int64_t offset;
    int32_t wait_ms_max;
    int32_t bytes_min;
    int32_t bytes_max;           /* 0: a lot. */
    int32_t partition_bytes_max; /* 0: a lot. */
};

/* Sends the request only; the answer has version WIRE_FETCH_VERSION. */
bool wire_fetch_send(struct wire_client *client, const struct wire_fetch *fetch);

#define WIRE_FETCH_VERSION 12

/* As wire_fetch_send(), and waits for the answer. */
const struct fetch_response_partition *wire_fetch(struct wire_client *client,
                                                  const struct wire_fetch *fetch);

/* The records of a fetch as one piece. */
struct bytes wire_records(const struct fetch_response_partition *partition);

/* Timestamp, or one of Kafka's special negative ones. */
const struct list_offsets_response_partition *wire_list_offset(struct wire_client *client,
                                                               const char *topic, int32_t partition,
                                                               int64_t timestamp);

/* `configs` are names and values in turn, closed by NULL; NULL: none. */
const struct create_topics_response_topic *wire_create_topic(struct wire_client *client,
                                                             const char *topic,
                                                             int32_t partitions_count,
                                                             const char *const *configs);

/* Kafka's error code; INT16_MIN when the connection is broken. */
int16_t wire_delete_topic(struct wire_client *client, const char *topic);

/* Sets a configuration, or deletes it when `value` is NULL. Topic NULL: of the broker's default.
 * Errors as wire_delete_topic(). */
int16_t wire_set_config(struct wire_client *client, const char *topic, const char *name,
                        const char *value);

/* The value of a topic's configuration, TEXT_NULL when it has none or the connection is broken. */
struct text wire_config(struct wire_client *client, const char *topic, const char *name);

/* All topics, nothing is created. */
const struct metadata_response *wire_metadata(struct wire_client *client);

/* One topic; created when `may_create` and the broker allows it. */
const struct metadata_response_topic *wire_topic(struct wire_client *client, const char *topic,
                                                 bool may_create);

/* The producer id of a new idempotent producer, whose epoch is 0; -1 when the connection is
 * broken. */
int64_t wire_producer_id(struct wire_client *client);

#endif /* TESTS_SUPPORT_BROKER_WIRE_CLIENT_H */
