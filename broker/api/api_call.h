/* One request under way: from the frame that arrived to the response that left.
 *
 *   connection reads a frame -> api_admit() -> api->handle(call)
 *        handler: decodes call->body into call->arena, asks, encodes into call->response
 *        now or later, on call->shard: api_call_complete(call)
 *   responses leave in request order; the arena is freed when the response has left
 *
 * Several requests of a connection may be under way at once (pipelining), up to a limit. A call
 * belongs to the shard of its connection. When the connection dies first, the call stays until the
 * handler completes it: call->connection_lost is true then and the response is dropped. Handlers
 * that wait long (fetch) may set `abandoned`, which is called when the connection dies. */
#ifndef BROKER_API_API_CALL_H
#define BROKER_API_API_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/list.h"
#include "broker/api/api_table.h"
#include "proto/wire/request_header.h"
#include "proto/wire/wire_writer.h"

struct broker_shard; /* broker/broker_shard.h */
struct connection;   /* broker/server/connection.h */
struct receive_buffer;
struct shard;

/* What a handler may know of the connection; lives as long as the connection and its calls. */
struct client_identity {
    struct text listener_name; /* "PLAINTEXT", "INTERNAL" … */
    unsigned listener_index;
    uint32_t listener_rule;    /* API_LISTENER_* */
    bool is_inter_broker;      /* The inter-broker listener. */
    struct text local_address; /* What the client dialled: answered when nothing is advertised. */
    uint16_t local_port;
    struct text peer_address;
    struct text software_name;    /* From ApiVersions; "" until then. */
    struct text software_version; /* From ApiVersions; "" until then. */
    uint64_t connection_id;
};

struct api_call {
    struct shard *shard;
    struct broker_shard *broker;
    struct connection *connection;
    struct client_identity *client;
    const struct api *api;
    struct request_header header; /* Its texts lie in the frame. */
    struct bytes body;            /* The rest of the frame; valid until completion. */
    struct arena arena;
    struct wire_writer response; /* Filled by api_call_respond(). */
    int64_t arrived_us;          /* Monotonic. */
    bool connection_lost;
    void (*abandoned)(struct api_call *call); /* Set by the handler, or NULL. */
    void *handler_state;                      /* The handler's. */

    /* The server's; handlers leave it alone. */
    const struct api_call_owner *owner;
    struct receive_buffer *frame_buffer; /* Where the frame lies; NULL: in the arena. */
    size_t request_size;
    size_t response_size;
    struct slices outgoing; /* The response, or what is left of it. */
    size_t outgoing_index;  /* The first item that is not wholly sent. */
    struct list_node connection_node;
    unsigned state; /* enum response_state */
};

/* Who made the call and is told how it ended: the connection, or a test. Takes the call over. */
struct api_call_owner {
    /* call->outgoing is the response; the owner releases it. */
    void (*completed)(struct api_call *call);
    void (*completed_silently)(struct api_call *call);
    void (*rejected)(struct api_call *call, const struct error *error);
    /* The call's frame is needed no more, though the call goes on. */
    void (*frame_done)(struct api_call *call);
};

/* Decodes the whole body into `request`, the generated request struct of the call's API, by the
 * descriptor in its row. On malformed or trailing bytes it rejects the call and returns false: the
 * handler returns at once. */
MUST_USE bool api_call_decode(struct api_call *call, void *request);

/* Encodes frame, header and `response`, the generated response struct of the call's API, and
 * completes the call. References of slices in it stay the caller's; the call must not be touched
 * after. */
void api_call_respond(struct api_call *call, const void *response);

/* The first half of api_call_respond(): false when the response could not be encoded; the call was
 * rejected then. For handlers that give something back between the two. */
MUST_USE bool api_call_encode(struct api_call *call, const void *response);

/* As api_call_reject(), for a request that does not fit into its arena. */
void api_call_reject_no_memory(struct api_call *call);

/* As api_call_respond(), at another version than the request's: ApiVersions answers what it does
 * not know at version 0. */
void api_call_respond_at(struct api_call *call, const void *response, int16_t version);

/* The handler needs neither header, body nor what it decoded any more, but has not responded yet:
 * lets a large receive buffer go early. Optional. */
void api_call_frame_done(struct api_call *call);

/* The response is in call->response: it leaves in its turn. The call must not be touched after. */
void api_call_complete(struct api_call *call);

/* No response at all (Produce with acks=0). */
void api_call_complete_silently(struct api_call *call);

/* The request cannot be answered: closes the connection after earlier responses have left, counts,
 * and prints one line with the reason. */
void api_call_reject(struct api_call *call, const struct error *error);

#endif /* BROKER_API_API_CALL_H */
