#include <raft.h>
#include <string.h>

#include "replication/quorum/quorum_core.h"

/* libraft's encoding of a configuration, all integers little-endian:
 *
 *     0  u8   format, 1
 *     1  u64  number of servers
 *     then each: u64 id, address with its zero, u8 role; padded to 8 bytes at the end */
#define CONFIGURATION_FORMAT      1
#define CONFIGURATION_HEADER_SIZE 9
#define SERVER_ID_SIZE            8

enum status quorum_configuration_encode(const struct quorum_server *servers, size_t servers_count,
                                        struct arena *arena, struct bytes *configuration,
                                        struct error *error)
{
    struct raft_configuration raft_configuration;
    struct raft_buffer buffer = {.base = NULL, .len = 0};
    int result = 0;

    raft_configuration_init(&raft_configuration);
    for (size_t i = 0; i < servers_count && result == 0; i++) {
        result = raft_configuration_add(&raft_configuration, servers[i].id, servers[i].address,
                                        (int)servers[i].role);
    }
    if (result == 0) {
        result = raft_configuration_encode(&raft_configuration, &buffer);
    }
    raft_configuration_close(&raft_configuration);
    if (result != 0) {
        return error_set(error, result == RAFT_NOMEM ? STATUS_NO_MEMORY : STATUS_INVALID,
                         "configuration of %zu servers: %s", servers_count, raft_strerror(result));
    }
    uint8_t *copy = arena_allocate(arena, buffer.len);
    if (copy != NULL) {
        memcpy(copy, buffer.base, buffer.len);
        *configuration = (struct bytes){.data = copy, .size = buffer.len};
    }
    raft_free(buffer.base);
    return copy != NULL ? STATUS_OK
                        : error_set(error, STATUS_NO_MEMORY, "no memory for a configuration");
}

static uint64_t load_little_endian(const uint8_t *place)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < SERVER_ID_SIZE; i++) {
        value |= (uint64_t)place[i] << (8 * i);
    }
    return value;
}

static bool read_server(struct byte_reader *reader)
{
    struct bytes id = read_bytes(reader, SERVER_ID_SIZE);

    if (reader->failed || load_little_endian(id.data) == 0) {
        return false;
    }
    size_t remaining = byte_reader_remaining(reader);
    const uint8_t *end = remaining == 0 ? NULL : memchr(reader->position, 0, remaining);
    if (end == NULL || end - reader->position >= QUORUM_ADDRESS_SIZE_MAX) {
        return false;
    }
    read_skip(reader, (size_t)(end - reader->position) + 1);
    return read_u8(reader) <= QUORUM_SPARE && !reader->failed;
}

bool quorum_configuration_is_valid(struct bytes configuration)
{
    struct byte_reader reader = byte_reader_over(configuration);

    if (configuration.size < CONFIGURATION_HEADER_SIZE ||
        read_u8(&reader) != CONFIGURATION_FORMAT) {
        return false;
    }
    uint64_t count = load_little_endian(read_bytes(&reader, SERVER_ID_SIZE).data);
    if (count > QUORUM_SERVERS_MAX) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (!read_server(&reader)) {
            return false;
        }
    }
    return byte_reader_remaining(&reader) < SERVER_ID_SIZE;
}
