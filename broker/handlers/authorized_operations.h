/* The operations that a client may do, as the bit fields of Metadata and DescribeCluster (KIP-430):
 * bit n stands for Kafka's operation n. Without an authorizer everybody may do everything. */
#ifndef BROKER_HANDLERS_AUTHORIZED_OPERATIONS_H
#define BROKER_HANDLERS_AUTHORIZED_OPERATIONS_H

#define OPERATION_BIT(operation) (1 << (operation))

enum acl_operation {
    OPERATION_READ = 3,
    OPERATION_WRITE = 4,
    OPERATION_CREATE = 5,
    OPERATION_DELETE = 6,
    OPERATION_ALTER = 7,
    OPERATION_DESCRIBE = 8,
    OPERATION_CLUSTER_ACTION = 9,
    OPERATION_DESCRIBE_CONFIGS = 10,
    OPERATION_ALTER_CONFIGS = 11,
    OPERATION_IDEMPOTENT_WRITE = 12,
};

#define TOPIC_OPERATIONS_ALL                                                                       \
    (OPERATION_BIT(OPERATION_READ) | OPERATION_BIT(OPERATION_WRITE) |                              \
     OPERATION_BIT(OPERATION_CREATE) | OPERATION_BIT(OPERATION_DELETE) |                           \
     OPERATION_BIT(OPERATION_ALTER) | OPERATION_BIT(OPERATION_DESCRIBE) |                          \
     OPERATION_BIT(OPERATION_DESCRIBE_CONFIGS) | OPERATION_BIT(OPERATION_ALTER_CONFIGS))

#define CLUSTER_OPERATIONS_ALL                                                                     \
    (OPERATION_BIT(OPERATION_CREATE) | OPERATION_BIT(OPERATION_ALTER) |                            \
     OPERATION_BIT(OPERATION_DESCRIBE) | OPERATION_BIT(OPERATION_CLUSTER_ACTION) |                 \
     OPERATION_BIT(OPERATION_DESCRIBE_CONFIGS) | OPERATION_BIT(OPERATION_ALTER_CONFIGS) |          \
     OPERATION_BIT(OPERATION_IDEMPOTENT_WRITE))

#endif /* BROKER_HANDLERS_AUTHORIZED_OPERATIONS_H */
