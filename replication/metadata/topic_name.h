/* The one rule of what a topic may be called: 1 to 249 letters, digits, '.', '_' and '-', but not
 * "." or "..", because names become directories. */
#ifndef REPLICATION_METADATA_TOPIC_NAME_H
#define REPLICATION_METADATA_TOPIC_NAME_H

#include "base/bytes.h"
#include "base/error.h"

#define TOPIC_NAME_SIZE_MAX 249

/* STATUS_INVALID says what is wrong with the name. */
MUST_USE enum status topic_name_check(struct text name, struct error *error);

#endif /* REPLICATION_METADATA_TOPIC_NAME_H */
