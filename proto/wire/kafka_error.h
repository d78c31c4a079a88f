/* The error codes of Kafka's protocol. Which one a failure becomes is decided in
 * broker/api/api_error.c. */
#ifndef PROTO_WIRE_KAFKA_ERROR_H
#define PROTO_WIRE_KAFKA_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "proto/wire/kafka_error_list.h"

#define KAFKA_ERROR_ENUM_MEMBER(name, number, retriable, text) KAFKA_##name = (number),
enum kafka_error { KAFKA_ERROR_LIST(KAFKA_ERROR_ENUM_MEMBER) };
#undef KAFKA_ERROR_ENUM_MEMBER

#define KAFKA_ERROR_MIN KAFKA_UNKNOWN_SERVER_ERROR
#define KAFKA_ERROR_MAX KAFKA_CONTROLLER_ID_NOT_REGISTERED

/* Whether the number is one of the list. */
bool kafka_error_is_known(int16_t number);

/* "OFFSET_OUT_OF_RANGE"; "UNKNOWN_SERVER_ERROR" for a number that is not in the list. */
const char *kafka_error_name(int16_t number);

/* A lower-case phrase without a full stop; as kafka_error_name(). */
const char *kafka_error_text(int16_t number);

/* Whether a client that gets this code tries again by itself. */
bool kafka_error_is_retriable(int16_t number);

/* The number of a name in upper case. False when there is none. */
bool kafka_error_from_name(struct text name, int16_t *number);

#endif /* PROTO_WIRE_KAFKA_ERROR_H */
