#include "proto/record/control_record.h"

#include <stddef.h>

#include "base/assert.h"

#define VERSION  0
#define VALUE_AT 2 /* Behind the version, in key and value. */

const char *control_record_type_text(enum control_record_type type)
{
#define TYPE_TEXT(name, number, text) [number] = text,
    static const char *const texts[] = {CONTROL_RECORD_TYPE_LIST(TYPE_TEXT)};
#undef TYPE_TEXT

    ASSERT(type <= CONTROL_RECORD_UNKNOWN);
    return texts[type];
}

/* The part that key and value share: enough bytes, and a version that is none from a later format
 * with another beginning. */
static enum status check(struct bytes bytes, size_t size_min, const char *what, struct error *error)
{
    if (bytes.data == NULL || bytes.size < size_min) {
        return error_set(error, STATUS_MALFORMED, "control record: %s of %zu bytes, at least %zu",
                         what, bytes.size, size_min);
    }
    int16_t version = load_i16(bytes.data);
    if (version < 0) {
        return error_set(error, STATUS_MALFORMED, "control record: %s of version %d", what,
                         version);
    }
    return STATUS_OK;
}

enum status control_record_read_key(struct bytes key, enum control_record_type *type,
                                    struct error *error)
{
    enum status status = check(key, CONTROL_RECORD_KEY_SIZE, "key", error);
    if (status != STATUS_OK) {
        return status;
    }
    int16_t number = load_i16(key.data + VALUE_AT);
    *type = number >= 0 && number < CONTROL_RECORD_UNKNOWN ? (enum control_record_type)number
                                                           : CONTROL_RECORD_UNKNOWN;
    return STATUS_OK;
}

enum status control_record_read_marker(struct bytes value, int32_t *coordinator_epoch,
                                       struct error *error)
{
    enum status status = check(value, CONTROL_RECORD_MARKER_VALUE_SIZE, "marker", error);
    if (status != STATUS_OK) {
        return status;
    }
    *coordinator_epoch = load_i32(value.data + VALUE_AT);
    return STATUS_OK;
}

void control_record_write_key(enum control_record_type type, uint8_t key[CONTROL_RECORD_KEY_SIZE])
{
    ASSERT(type < CONTROL_RECORD_UNKNOWN);
    store_i16(key, VERSION);
    store_i16(key + VALUE_AT, (int16_t)type);
}

void control_record_write_marker(int32_t coordinator_epoch,
                                 uint8_t value[CONTROL_RECORD_MARKER_VALUE_SIZE])
{
    store_i16(value, VERSION);
    store_i32(value + VALUE_AT, coordinator_epoch);
}
