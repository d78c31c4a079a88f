#include "proto/wire/response_header.h"

#include "proto/wire/wire_writer.h"

int16_t response_header_version(const struct api_messages *messages, int16_t version)
{
    bool flexible = version >= messages->response->flexible_min;
    return flexible && messages->key != API_KEY_API_VERSIONS ? 1 : 0;
}

enum status response_header_write(const struct api_messages *messages, int16_t version,
                                  int32_t correlation_id, struct wire_writer *writer,
                                  struct error *error)
{
    struct response_header header = {.correlation_id = correlation_id};
    return response_header_encode(&header, response_header_version(messages, version), writer,
                                  error);
}

enum status response_header_read(const struct api_messages *messages, int16_t version,
                                 struct byte_reader *reader, int32_t *correlation_id,
                                 struct error *error)
{
    struct response_header header;
    enum status status = response_header_decode(&header, response_header_version(messages, version),
                                                reader, NULL, error);

    if (status == STATUS_OK) {
        *correlation_id = header.correlation_id;
    }
    return status;
}
