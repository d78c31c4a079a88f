/* Keys of Apache Kafka's brokers that are known but have no effect here: inert_config_list.h. */
#ifndef BROKER_CONFIG_INERT_CONFIG_H
#define BROKER_CONFIG_INERT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/diagnostic.h"
#include "base/error.h"

/* Why a key has no effect: constant | the sentence's end behind «without effect, because» | the
 * level at which that is worth a line. */
#define INERT_REASON_LIST(X)                                                                       \
    X(OWN, "this server adjusts it by itself", DIAGNOSTIC_INFO)                                    \
    X(JAVA, "this server does not run Java code", DIAGNOSTIC_INFO)                                 \
    X(ONE_NODE, "this server works alone", DIAGNOSTIC_INFO)                                        \
    X(COMPACTION, "logs are not compacted yet", DIAGNOSTIC_WARNING)                                \
    X(GROUPS, "groups are not served yet", DIAGNOSTIC_INFO)                                        \
    X(TRANSACTIONS, "transactions are not served yet", DIAGNOSTIC_INFO)                            \
    X(QUOTAS, "there are no quotas yet", DIAGNOSTIC_WARNING)                                       \
    X(SECURITY, "there is neither encryption nor login nor access control yet",                    \
      DIAGNOSTIC_WARNING)                                                                          \
    X(TIERED_STORAGE, "there is no tiered storage yet", DIAGNOSTIC_INFO)                           \
    X(REMOVED, "Apache Kafka 4 has removed it", DIAGNOSTIC_INFO)

enum inert_reason {
#define INERT_REASON(id, text, level) INERT_##id,
    INERT_REASON_LIST(INERT_REASON)
#undef INERT_REASON
        INERT_REASON_COUNT
};

struct inert_config {
    const char *name;
    enum inert_reason reason;
    const char *only; /* The one value that is taken; NULL: any. */
};

/* How many rows there are, and one of them. */
size_t inert_config_count(void);
/* As above; index < inert_config_count(). */
const struct inert_config *inert_config_at(size_t index);

/* The row of a key. For "listener.name.<listener>.<key>" and the same with a SASL mechanism before
 * the key it is the row of <key>. NULL when there is none. */
const struct inert_config *inert_config_find(struct text name);

/* "listener.name.<listener>." is taken off; the name itself when it does not begin so. */
struct text inert_config_base_name(struct text name);

/* STATUS_UNSUPPORTED when the value asks for what does not exist here. */
MUST_USE enum status inert_config_check(const struct inert_config *inert, struct text value,
                                        struct error *error);

/* What follows «without effect, because». */
const char *inert_reason_text(enum inert_reason reason);

/* At which level keys of this kind are worth a line. */
enum diagnostic_level inert_reason_level(enum inert_reason reason);

#endif /* BROKER_CONFIG_INERT_CONFIG_H */
