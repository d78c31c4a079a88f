#include "broker/api/api_call.h"

#include "proto/wire/message_table.h"
#include "proto/wire/response_header.h"

bool api_call_decode(struct api_call *call, void *request)
{
    struct byte_reader reader = byte_reader_over(call->body);
    struct error error;
    enum status status = call->api->request->decode(request, call->header.request_api_version,
                                                    &reader, &call->arena, &error);
    if (status == STATUS_OK && byte_reader_remaining(&reader) > 0) {
        status = error_set(&error, STATUS_MALFORMED, "%s version %d: %zu bytes behind its end",
                           call->api->name, call->header.request_api_version,
                           byte_reader_remaining(&reader));
    }
    if (status != STATUS_OK) {
        api_call_reject(call, &error);
        return false;
    }
    return true;
}

static bool encode_at(struct api_call *call, const void *response, int16_t version)
{
    struct wire_writer *writer = &call->response;
    const struct api_messages *messages = api_messages_find(call->api->key);
    struct error error;
    wire_writer_init(writer, &call->arena);
    wire_writer_begin_frame(writer);
    enum status status =
        response_header_write(messages, version, call->header.correlation_id, writer, &error);
    if (status == STATUS_OK) {
        status = call->api->response->encode(response, version, writer, &error);
    }
    if (status != STATUS_OK) {
        wire_writer_clear(writer);
        status_ignore(error_wrap(&error, "answer %s", call->api->name)); /* It is handed on. */
        api_call_reject(call, &error);
        return false;
    }
    wire_writer_end_frame(writer);
    return true;
}

void api_call_respond_at(struct api_call *call, const void *response, int16_t version)
{
    if (encode_at(call, response, version)) {
        api_call_complete(call);
    }
}

bool api_call_encode(struct api_call *call, const void *response)
{
    return encode_at(call, response, call->header.request_api_version);
}

void api_call_respond(struct api_call *call, const void *response)
{
    api_call_respond_at(call, response, call->header.request_api_version);
}

void api_call_frame_done(struct api_call *call)
{
    call->owner->frame_done(call);
}

void api_call_complete(struct api_call *call)
{
    struct error error;
    if (wire_writer_finish(&call->response, &call->outgoing, &error) != STATUS_OK) {
        status_ignore(error_wrap(&error, "answer %s", call->api->name)); /* It is handed on. */
        api_call_reject(call, &error);
        return;
    }
    call->response_size = call->outgoing.size;
    call->owner->completed(call);
}

void api_call_complete_silently(struct api_call *call)
{
    call->owner->completed_silently(call);
}

void api_call_reject(struct api_call *call, const struct error *error)
{
    call->owner->rejected(call, error);
}

void api_call_reject_no_memory(struct api_call *call)
{
    struct error error;
    status_ignore(error_set(&error, STATUS_NO_MEMORY, "%s does not fit into %zu bytes",
                            call->api->name, call->arena.size_max)); /* It is handed on. */
    api_call_reject(call, &error);
}
