/* Kafka's error codes in ascending order: name, number, whether a client may simply try again, and
 * what it means. kafka_error.h makes an enum and a table of it. */
#ifndef PROTO_WIRE_KAFKA_ERROR_LIST_H
#define PROTO_WIRE_KAFKA_ERROR_LIST_H

/* clang-format off */
#define KAFKA_ERROR_LIST(X) \
    X(UNKNOWN_SERVER_ERROR, -1, false, "an error that the server did not expect") \
    X(NONE, 0, false, "no error") \
    X(OFFSET_OUT_OF_RANGE, 1, false, "offset lies outside what the log holds") \
    X(CORRUPT_MESSAGE, 2, true, "batch fails its checksum or is not well formed") \
    X(UNKNOWN_TOPIC_OR_PARTITION, 3, true, "topic or partition is not known here") \
    X(INVALID_FETCH_SIZE, 4, false, "fetch size makes no sense") \
    X(LEADER_NOT_AVAILABLE, 5, true, "partition has no leader at the moment") \
    X(NOT_LEADER_OR_FOLLOWER, 6, true, "this broker does not lead or follow the partition") \
    X(REQUEST_TIMED_OUT, 7, true, "time allowed for the request is over") \
    X(BROKER_NOT_AVAILABLE, 8, false, "broker cannot be reached") \
    X(REPLICA_NOT_AVAILABLE, 9, true, "replica cannot serve the partition now") \
    X(MESSAGE_TOO_LARGE, 10, false, "batch is larger than the topic accepts") \
    X(STALE_CONTROLLER_EPOCH, 11, false, "another controller has taken over") \
    X(OFFSET_METADATA_TOO_LARGE, 12, false, "metadata beside an offset is too long") \
    X(NETWORK_EXCEPTION, 13, true, "connection broke before the response came") \
    X(COORDINATOR_LOAD_IN_PROGRESS, 14, true, "coordinator is still reading its log") \
    X(COORDINATOR_NOT_AVAILABLE, 15, true, "coordinator cannot be reached") \
    X(NOT_COORDINATOR, 16, true, "another broker is the coordinator") \
    X(INVALID_TOPIC_EXCEPTION, 17, false, \
      "topic name is not valid, or the topic is not for clients") \
    X(RECORD_LIST_TOO_LARGE, 18, false, "batch does not fit a segment") \
    X(NOT_ENOUGH_REPLICAS, 19, true, "too few replicas are in sync, nothing was written") \
    X(NOT_ENOUGH_REPLICAS_AFTER_APPEND, 20, true, "written, but too few replicas are in sync") \
    X(INVALID_REQUIRED_ACKS, 21, false, "acks is none of -1, 0 and 1") \
    X(ILLEGAL_GENERATION, 22, false, "group has moved on to another generation") \
    X(INCONSISTENT_GROUP_PROTOCOL, 23, false, "group members share no protocol with this one") \
    X(INVALID_GROUP_ID, 24, false, "group id is not valid") \
    X(UNKNOWN_MEMBER_ID, 25, false, "group has no such member") \
    X(INVALID_SESSION_TIMEOUT, 26, false, "session timeout is outside the allowed range") \
    X(REBALANCE_IN_PROGRESS, 27, false, "group is rebalancing, join again") \
    X(INVALID_COMMIT_OFFSET_SIZE, 28, false, "offset commit is larger than accepted") \
    X(TOPIC_AUTHORIZATION_FAILED, 29, false, "not allowed to use this topic") \
    X(GROUP_AUTHORIZATION_FAILED, 30, false, "not allowed to use this group") \
    X(CLUSTER_AUTHORIZATION_FAILED, 31, false, "not allowed to do this to the cluster") \
    X(INVALID_TIMESTAMP, 32, false, "timestamp is further off than accepted") \
    X(UNSUPPORTED_SASL_MECHANISM, 33, false, "SASL mechanism is not enabled here") \
    X(ILLEGAL_SASL_STATE, 34, false, "request does not fit the state of the authentication") \
    X(UNSUPPORTED_VERSION, 35, false, "version of the request is not served") \
    X(TOPIC_ALREADY_EXISTS, 36, false, "a topic of this name exists") \
    X(INVALID_PARTITIONS, 37, false, "number of partitions is not valid") \
    X(INVALID_REPLICATION_FACTOR, 38, false, \
      "replication factor is below 1 or above the number of brokers") \
    X(INVALID_REPLICA_ASSIGNMENT, 39, false, "assignment of replicas is not valid") \
    X(INVALID_CONFIG, 40, false, "config key or value is not valid") \
    X(NOT_CONTROLLER, 41, true, "this broker is not the controller") \
    X(INVALID_REQUEST, 42, false, "request contradicts itself or the protocol") \
    X(UNSUPPORTED_FOR_MESSAGE_FORMAT, 43, false, "old message format is not served") \
    X(POLICY_VIOLATION, 44, false, "a policy forbids this") \
    X(OUT_OF_ORDER_SEQUENCE_NUMBER, 45, false, "sequence number does not follow the last one") \
    X(DUPLICATE_SEQUENCE_NUMBER, 46, false, "sequence number was used before") \
    X(INVALID_PRODUCER_EPOCH, 47, false, "producer epoch is not the current one") \
    X(INVALID_TXN_STATE, 48, false, "transaction is not in a state that allows this") \
    X(INVALID_PRODUCER_ID_MAPPING, 49, false, \
      "producer id does not belong to the transactional id") \
    X(INVALID_TRANSACTION_TIMEOUT, 50, false, "transaction timeout is longer than allowed") \
    X(CONCURRENT_TRANSACTIONS, 51, true, "an earlier step of the transaction is not finished") \
    X(TRANSACTION_COORDINATOR_FENCED, 52, false, \
      "a newer transaction coordinator has taken over") \
    X(TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 53, false, \
      "not allowed to use this transactional id") \
    X(SECURITY_DISABLED, 54, false, "no authorizer is configured") \
    X(OPERATION_NOT_ATTEMPTED, 55, false, \
      "not tried, because another part of the request failed") \
    X(KAFKA_STORAGE_ERROR, 56, true, "the disk failed under the partition") \
    X(LOG_DIR_NOT_FOUND, 57, false, "broker has no such log directory") \
    X(SASL_AUTHENTICATION_FAILED, 58, false, "authentication failed") \
    X(UNKNOWN_PRODUCER_ID, 59, false, "nothing is known of this producer id") \
    X(REASSIGNMENT_IN_PROGRESS, 60, false, "partition is being reassigned") \
    X(DELEGATION_TOKEN_AUTH_DISABLED, 61, false, "delegation tokens are not enabled") \
    X(DELEGATION_TOKEN_NOT_FOUND, 62, false, "no such delegation token") \
    X(DELEGATION_TOKEN_OWNER_MISMATCH, 63, false, "delegation token belongs to somebody else") \
    X(DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, 64, false, \
      "delegation tokens cannot be asked for on this connection") \
    X(DELEGATION_TOKEN_AUTHORIZATION_FAILED, 65, false, \
      "not allowed to use this delegation token") \
    X(DELEGATION_TOKEN_EXPIRED, 66, false, "delegation token has expired") \
    X(INVALID_PRINCIPAL_TYPE, 67, false, "type of principal is not supported") \
    X(NON_EMPTY_GROUP, 68, false, "group still has members") \
    X(GROUP_ID_NOT_FOUND, 69, false, "no such group") \
    X(FETCH_SESSION_ID_NOT_FOUND, 70, true, "no such fetch session") \
    X(INVALID_FETCH_SESSION_EPOCH, 71, true, "epoch of the fetch session is not the next one") \
    X(LISTENER_NOT_FOUND, 72, true, "leader has no listener of this name") \
    X(TOPIC_DELETION_DISABLED, 73, false, "deleting topics is switched off") \
    X(FENCED_LEADER_EPOCH, 74, true, "leader epoch is older than the broker's") \
    X(UNKNOWN_LEADER_EPOCH, 75, true, "leader epoch is newer than the broker's") \
    X(UNSUPPORTED_COMPRESSION_TYPE, 76, false, \
      "codec cannot be used with this version of the request") \
    X(STALE_BROKER_EPOCH, 77, false, "broker has registered again since") \
    X(OFFSET_NOT_AVAILABLE, 78, true, "new leader does not know its high watermark yet") \
    X(MEMBER_ID_REQUIRED, 79, false, "join again with the member id given here") \
    X(PREFERRED_LEADER_NOT_AVAILABLE, 80, true, "preferred leader is not available") \
    X(GROUP_MAX_SIZE_REACHED, 81, false, "group has as many members as allowed") \
    X(FENCED_INSTANCE_ID, 82, false, "another member uses this group instance id") \
    X(ELIGIBLE_LEADERS_NOT_AVAILABLE, 83, true, "no replica may become leader now") \
    X(ELECTION_NOT_NEEDED, 84, true, "partition has the leader asked for already") \
    X(NO_REASSIGNMENT_IN_PROGRESS, 85, false, "partition is not being reassigned") \
    X(GROUP_SUBSCRIBED_TO_TOPIC, 86, false, "group still reads this topic") \
    X(INVALID_RECORD, 87, false, "record breaks a rule of the broker or the topic") \
    X(UNSTABLE_OFFSET_COMMIT, 88, true, "an offset commit is part of an open transaction") \
    X(THROTTLING_QUOTA_EXCEEDED, 89, true, "quota is used up for now") \
    X(PRODUCER_FENCED, 90, false, "a newer producer uses this transactional id") \
    X(RESOURCE_NOT_FOUND, 91, false, "no such resource") \
    X(DUPLICATE_RESOURCE, 92, false, "resource is named twice") \
    X(UNACCEPTABLE_CREDENTIAL, 93, false, "credential is not good enough") \
    X(INCONSISTENT_VOTER_SET, 94, false, "sender and receiver differ on who votes") \
    X(INVALID_UPDATE_VERSION, 95, false, "version does not follow the current one") \
    X(FEATURE_UPDATE_FAILED, 96, false, "feature levels could not be changed") \
    X(PRINCIPAL_DESERIALIZATION_FAILURE, 97, false, "forwarded principal cannot be read") \
    X(SNAPSHOT_NOT_FOUND, 98, false, "no such snapshot") \
    X(POSITION_OUT_OF_RANGE, 99, false, "position lies outside the snapshot") \
    X(UNKNOWN_TOPIC_ID, 100, true, "topic id is not known here") \
    X(DUPLICATE_BROKER_REGISTRATION, 101, false, "a live broker uses this id") \
    X(BROKER_ID_NOT_REGISTERED, 102, false, "no broker of this id is registered") \
    X(INCONSISTENT_TOPIC_ID, 103, true, "topic id differs from that of the log") \
    X(INCONSISTENT_CLUSTER_ID, 104, false, "cluster id differs from this cluster's") \
    X(TRANSACTIONAL_ID_NOT_FOUND, 105, false, "no such transactional id") \
    X(FETCH_SESSION_TOPIC_ID_ERROR, 106, true, "fetch session mixes topic names and ids") \
    X(INELIGIBLE_REPLICA, 107, false, \
      "proposed in-sync set holds a replica that may not be in it") \
    X(NEW_LEADER_ELECTED, 108, false, "changed as asked, and another replica leads now") \
    X(OFFSET_MOVED_TO_TIERED_STORAGE, 109, false, "offset lies in remote storage only") \
    X(FENCED_MEMBER_EPOCH, 110, false, "member was fenced and must join again") \
    X(UNRELEASED_INSTANCE_ID, 111, false, "group instance id is still in use") \
    X(UNSUPPORTED_ASSIGNOR, 112, false, "assignor is not one the group can use") \
    X(STALE_MEMBER_EPOCH, 113, false, "member epoch is older than the current one") \
    X(MISMATCHED_ENDPOINT_TYPE, 114, false, "request came to the wrong kind of endpoint") \
    X(UNSUPPORTED_ENDPOINT_TYPE, 115, false, "kind of endpoint is not supported") \
    X(UNKNOWN_CONTROLLER_ID, 116, false, "no controller of this id") \
    X(UNKNOWN_SUBSCRIPTION_ID, 117, false, "telemetry subscription is unknown or out of date") \
    X(TELEMETRY_TOO_LARGE, 118, false, "pushed metrics are larger than accepted") \
    X(INVALID_REGISTRATION, 119, false, "registration of the broker is not valid") \
    X(TRANSACTION_ABORTABLE, 120, false, "transaction failed and has to be aborted") \
    X(INVALID_RECORD_STATE, 121, false, "record is not in a state that can be acknowledged so") \
    X(SHARE_SESSION_NOT_FOUND, 122, true, "no such share session") \
    X(INVALID_SHARE_SESSION_EPOCH, 123, true, "epoch of the share session is not the next one") \
    X(FENCED_STATE_EPOCH, 124, false, "state epoch is older than the current one") \
    X(INVALID_VOTER_KEY, 125, false, "voter key is not that of this replica") \
    X(DUPLICATE_VOTER, 126, false, "replica votes already") \
    X(VOTER_NOT_FOUND, 127, false, "replica does not vote") \
    X(INVALID_REGULAR_EXPRESSION, 128, false, "regular expression cannot be parsed") \
    X(REBOOTSTRAP_REQUIRED, 129, false, \
      "client reached another cluster or node and must start over") \
    X(STREAMS_INVALID_TOPOLOGY, 130, false, "streams topology is not valid") \
    X(STREAMS_INVALID_TOPOLOGY_EPOCH, 131, false, "streams topology epoch is not valid") \
    X(STREAMS_TOPOLOGY_FENCED, 132, false, "streams topology is older than the current one") \
    X(SHARE_SESSION_LIMIT_REACHED, 133, true, "as many share sessions are open as allowed") \
    X(GROUP_DELETION_FAILED, 134, false, "group could not be deleted") \
    X(STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED, 135, false, \
      "description of the streams topology was not taken") \
    X(CONTROLLER_ID_NOT_REGISTERED, 136, false, "no controller of this id is registered")
/* clang-format on */

#endif /* PROTO_WIRE_KAFKA_ERROR_LIST_H */
