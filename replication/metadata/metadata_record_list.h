/* The records of the metadata log: enum suffix and type number | member and name of the generated
 * struct. Each is declared in proto/schema/metadata_records.schema. X(CONSTANT, key, member) */
#define METADATA_RECORD_LIST(X)                                                                    \
    X(METADATA_REGISTER_BROKER, 0, register_broker)                                                \
    X(METADATA_UNREGISTER_BROKER, 1, unregister_broker)                                            \
    X(METADATA_TOPIC, 2, topic)                                                                    \
    X(METADATA_PARTITION, 3, partition)                                                            \
    X(METADATA_CONFIG, 4, config)                                                                  \
    X(METADATA_PARTITION_CHANGE, 5, partition_change)                                              \
    X(METADATA_REMOVE_TOPIC, 9, remove_topic)                                                      \
    X(METADATA_FEATURE_LEVEL, 12, feature_level)                                                   \
    X(METADATA_PRODUCER_IDS, 15, producer_ids)                                                     \
    X(METADATA_BROKER_CHANGE, 17, broker_registration_change)
