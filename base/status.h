/* The one vocabulary of operating errors, shared by every layer.
 *
 * A status says what kind of trouble it was. It is not a Kafka error code: the wire's codes are
 * chosen once, at the edge, by broker/api/api_error.c. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#define STATUS_LIST(X)                                                                             \
    X(STATUS_OK, "ok")                                                                             \
    X(STATUS_NO_MEMORY, "out of memory")                                                           \
    X(STATUS_NO_SPACE, "no space left on the device")                                              \
    X(STATUS_IO, "input/output error")                                                             \
    X(STATUS_CORRUPT, "stored bytes do not match their checksum or format")                        \
    X(STATUS_MALFORMED, "received bytes do not follow the protocol")                               \
    X(STATUS_INVALID, "value that makes no sense here")                                            \
    X(STATUS_NOT_FOUND, "not found")                                                               \
    X(STATUS_EXISTS, "exists already")                                                             \
    X(STATUS_OUT_OF_RANGE, "value outside the allowed range")                                      \
    X(STATUS_LIMIT, "limit reached")                                                               \
    X(STATUS_UNSUPPORTED, "not supported")                                                         \
    X(STATUS_DENIED, "not allowed for this client")                                                \
    X(STATUS_STALE_EPOCH, "epoch is older than the current one")                                   \
    X(STATUS_BUSY, "in use by somebody else")                                                      \
    X(STATUS_AGAIN, "cannot be answered without waiting")                                          \
    X(STATUS_TIMED_OUT, "took longer than allowed")                                                \
    X(STATUS_STOPPING, "shutting down")

#define STATUS_ENUM_MEMBER(name, text) name,
enum status { STATUS_LIST(STATUS_ENUM_MEMBER) STATUS_COUNT };
#undef STATUS_ENUM_MEMBER

/* Every function that returns a status carries this, so that dropping one does not compile. */
#define MUST_USE __attribute__((warn_unused_result))

/* The only way to ignore a status; a comment beside the call says why that is safe. */
static inline void status_ignore(enum status status)
{
    (void)status;
}

/* Returns a static, lower-case phrase without a full stop. */
const char *status_text(enum status status);

#endif /* BASE_STATUS_H */
