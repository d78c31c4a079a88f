/* Every configuration key of a topic.
 *
 *   TOPIC_CONFIG      with the broker's key that supplies the default, the type, the range and the
 *                     allowed values
 *   TOPIC_CONFIG_OWN  that no key of the broker stands behind: columns as in config_list.h. `only`
 *                     is the one value that is taken when others ask for what does not exist here;
 *                     NULL: any, because it has no effect as long as that one is in force
 *
 * No include guard: every includer defines both its own way, includes this, and undefines them. */

/*           id, key, broker's key in config_list.h */
TOPIC_CONFIG(CLEANUP_POLICY, "cleanup.policy", LOG_CLEANUP_POLICY)
TOPIC_CONFIG(COMPRESSION_GZIP_LEVEL, "compression.gzip.level", COMPRESSION_GZIP_LEVEL)
TOPIC_CONFIG(COMPRESSION_LZ4_LEVEL, "compression.lz4.level", COMPRESSION_LZ4_LEVEL)
TOPIC_CONFIG(COMPRESSION_TYPE, "compression.type", COMPRESSION_TYPE)
TOPIC_CONFIG(COMPRESSION_ZSTD_LEVEL, "compression.zstd.level", COMPRESSION_ZSTD_LEVEL)
TOPIC_CONFIG(DELETE_RETENTION_MS, "delete.retention.ms", LOG_CLEANER_DELETE_RETENTION_MS)
TOPIC_CONFIG(FILE_DELETE_DELAY_MS, "file.delete.delay.ms", LOG_SEGMENT_DELETE_DELAY_MS)
TOPIC_CONFIG(FLUSH_MESSAGES, "flush.messages", LOG_FLUSH_INTERVAL_MESSAGES)
TOPIC_CONFIG(FLUSH_MS, "flush.ms", LOG_FLUSH_INTERVAL_MS)
TOPIC_CONFIG(INDEX_INTERVAL_BYTES, "index.interval.bytes", LOG_INDEX_INTERVAL_BYTES)
TOPIC_CONFIG(MAX_COMPACTION_LAG_MS, "max.compaction.lag.ms", LOG_CLEANER_MAX_COMPACTION_LAG_MS)
TOPIC_CONFIG(MAX_MESSAGE_BYTES, "max.message.bytes", MESSAGE_MAX_BYTES)
TOPIC_CONFIG(MESSAGE_TIMESTAMP_AFTER_MAX_MS, "message.timestamp.after.max.ms",
             LOG_MESSAGE_TIMESTAMP_AFTER_MAX_MS)
TOPIC_CONFIG(MESSAGE_TIMESTAMP_BEFORE_MAX_MS, "message.timestamp.before.max.ms",
             LOG_MESSAGE_TIMESTAMP_BEFORE_MAX_MS)
TOPIC_CONFIG(MESSAGE_TIMESTAMP_TYPE, "message.timestamp.type", LOG_MESSAGE_TIMESTAMP_TYPE)
TOPIC_CONFIG(MIN_CLEANABLE_DIRTY_RATIO, "min.cleanable.dirty.ratio",
             LOG_CLEANER_MIN_CLEANABLE_RATIO)
TOPIC_CONFIG(MIN_COMPACTION_LAG_MS, "min.compaction.lag.ms", LOG_CLEANER_MIN_COMPACTION_LAG_MS)
TOPIC_CONFIG(MIN_INSYNC_REPLICAS, "min.insync.replicas", MIN_INSYNC_REPLICAS)
TOPIC_CONFIG(PREALLOCATE, "preallocate", LOG_PREALLOCATE)
TOPIC_CONFIG(RETENTION_BYTES, "retention.bytes", LOG_RETENTION_BYTES)
TOPIC_CONFIG(RETENTION_MS, "retention.ms", LOG_RETENTION_MS)
TOPIC_CONFIG(SEGMENT_BYTES, "segment.bytes", LOG_SEGMENT_BYTES)
TOPIC_CONFIG(SEGMENT_INDEX_BYTES, "segment.index.bytes", LOG_INDEX_SIZE_MAX_BYTES)
TOPIC_CONFIG(SEGMENT_JITTER_MS, "segment.jitter.ms", LOG_ROLL_JITTER_MS)
TOPIC_CONFIG(SEGMENT_MS, "segment.ms", LOG_ROLL_MS)
TOPIC_CONFIG(UNCLEAN_LEADER_ELECTION_ENABLE, "unclean.leader.election.enable",
             UNCLEAN_LEADER_ELECTION_ENABLE)

/*               id, key, type, default, min, max, only */
TOPIC_CONFIG_OWN(DEAD_LETTER_QUEUE_GROUP_ENABLE, "errors.deadletterqueue.group.enable", BOOLEAN,
                 "false", 0, 0, "false")
TOPIC_CONFIG_OWN(FOLLOWER_REPLICATION_THROTTLED_REPLICAS, "follower.replication.throttled.replicas",
                 LIST, "", 0, 0, "")
TOPIC_CONFIG_OWN(LEADER_REPLICATION_THROTTLED_REPLICAS, "leader.replication.throttled.replicas",
                 LIST, "", 0, 0, "")
TOPIC_CONFIG_OWN(LOCAL_RETENTION_BYTES, "local.retention.bytes", LONG, "-2", -2, INT64_MAX, NULL)
TOPIC_CONFIG_OWN(LOCAL_RETENTION_MS, "local.retention.ms", LONG, "-2", -2, INT64_MAX, NULL)
TOPIC_CONFIG_OWN(REMOTE_COPY_LAG_BYTES, "remote.copy.lag.bytes", LONG, "-1", -1, INT64_MAX, NULL)
TOPIC_CONFIG_OWN(REMOTE_COPY_LAG_MS, "remote.copy.lag.ms", LONG, "0", -1, INT64_MAX, NULL)
TOPIC_CONFIG_OWN(REMOTE_LOG_COPY_DISABLE, "remote.log.copy.disable", BOOLEAN, "false", 0, 0,
                 "false")
TOPIC_CONFIG_OWN(REMOTE_LOG_DELETE_ON_DISABLE, "remote.log.delete.on.disable", BOOLEAN, "false", 0,
                 0, "false")
TOPIC_CONFIG_OWN(REMOTE_STORAGE_ENABLE, "remote.storage.enable", BOOLEAN, "false", 0, 0, "false")
