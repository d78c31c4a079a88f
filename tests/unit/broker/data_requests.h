/* Produce and Fetch requests in short, for the tests of handlers. */
#ifndef TESTS_UNIT_BROKER_DATA_REQUESTS_H
#define TESTS_UNIT_BROKER_DATA_REQUESTS_H

#include "proto/generated/fetch.h"
#include "proto/generated/produce.h"
#include "tests/support/broker/whole_broker.h"

#define DATA_PARTITIONS_MAX 8

/* One topic with some partitions. */
struct produce_asked {
    struct produce_request request;
    struct produce_request_topic topic;
    struct produce_request_partition partitions[DATA_PARTITIONS_MAX];
};

/* No partitions yet; acks=all, 1 s. */
void produce_ask(struct produce_asked *asked, const char *topic);

/* Adds a partition; null bytes are null records. */
void produce_add(struct produce_asked *asked, int32_t index, struct bytes records);

/* The answer of a partition by its place in the request. */
const struct produce_response_partition *produce_answer(const struct test_call *call, size_t place);

/* Produces one batch and expects it to be taken; returns its base offset. */
int64_t produce_batch(struct whole_broker *whole, const char *topic, int32_t index,
                      const struct batch_recipe *recipe);

/* Produces one batch by version 9; returns the call. */
struct test_call *produce_one(struct whole_broker *whole, const char *topic, int32_t index,
                              const struct batch_recipe *recipe);

struct fetch_asked {
    struct fetch_request request;
    struct fetch_request_topic topic;
    struct fetch_request_partition partitions[DATA_PARTITIONS_MAX];
    struct fetch_request_forgotten_topic forgotten;
    int32_t forgotten_partition;
};

/* No partitions yet, no session, no waiting, no limits. */
void fetch_ask(struct fetch_asked *asked, const char *topic);

/* Adds a partition. */
struct fetch_request_partition *fetch_add(struct fetch_asked *asked, int32_t index, int64_t offset);

/* The answer of a partition; NULL when it is not in the response. */
const struct fetch_response_partition *fetch_answer(const struct test_call *call, int32_t index);

/* Partitions in the response. */
size_t fetch_answers_count(const struct test_call *call);

#endif /* TESTS_UNIT_BROKER_DATA_REQUESTS_H */
