#include "proto/wire/request_header.h"

#include "proto/wire/message_table.h"
#include "proto/wire/wire_writer.h"

#define HEADER_VERSION_PLAIN    1
#define HEADER_VERSION_FLEXIBLE 2

int16_t request_header_version(const struct api_messages *messages, int16_t version)
{
    return version >= messages->request->flexible_min ? HEADER_VERSION_FLEXIBLE
                                                      : HEADER_VERSION_PLAIN;
}

enum status request_header_read(struct byte_reader *reader, struct request_header *header,
                                const struct api_messages **messages, struct error *error)
{
    struct byte_reader ahead = *reader;
    int16_t key = read_i16(&ahead);
    int16_t version = read_i16(&ahead);
    const struct api_messages *found = api_messages_find(key);

    if (ahead.failed) {
        return error_set(error, STATUS_MALFORMED, "request header: %zu bytes are too few",
                         byte_reader_remaining(reader));
    }
    if (found == NULL) {
        return error_set(error, STATUS_UNSUPPORTED, "api key %d is none that is known", key);
    }
    enum status status =
        request_header_decode(header, request_header_version(found, version), reader, NULL, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (header->client_id.size > REQUEST_CLIENT_ID_SIZE_MAX) {
        return error_set(error, STATUS_MALFORMED,
                         "request header: client id of %zu bytes, at most %u are accepted",
                         header->client_id.size, REQUEST_CLIENT_ID_SIZE_MAX);
    }
    *messages = found;
    return STATUS_OK;
}

enum status request_header_write(const struct request_header *header, struct wire_writer *writer,
                                 struct error *error)
{
    const struct api_messages *messages = api_messages_find(header->request_api_key);

    if (messages == NULL) {
        return error_set(error, STATUS_UNSUPPORTED, "api key %d is none that is known",
                         header->request_api_key);
    }
    return request_header_encode(
        header, request_header_version(messages, header->request_api_version), writer, error);
}
