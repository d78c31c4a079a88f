/* The one place where decisions of the layers below become Kafka's error codes. */
#ifndef BROKER_API_API_ERROR_H
#define BROKER_API_API_ERROR_H

#include <stdint.h>

#include "base/status.h"
#include "proto/wire/kafka_error.h"
#include "replication/partition/partition.h"
#include "storage/log/partition_log.h"

/* KAFKA_NONE for accepted and duplicate batches. */
int16_t api_error_of_append(enum append_decision decision);

/* How waiting for an append ended. */
int16_t api_error_of_wait(enum wait_outcome outcome);

/* KAFKA_NONE for a current epoch. */
int16_t api_error_of_epoch(enum partition_epoch_check check);

/* A read of the log that did not succeed. */
int16_t api_error_of_read(enum status status);

#endif /* BROKER_API_API_ERROR_H */
