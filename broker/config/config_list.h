/* Every key of the broker's configuration, one row each. Loading, checking, DescribeConfigs, the
 * manual page and the tests are derived from this table; nothing else lists keys.
 *
 *   id       CONFIG_<id> in C
 *   key      Kafka's name where Kafka has one
 *   type     as DescribeConfigs says it: BOOLEAN STRING INT SHORT LONG DOUBLE LIST CLASS PASSWORD
 *   default  as text; NULL: unset
 *   min, max of a number; 0, 0: none
 *   allowed  values, or entries of a list, separated by '|'; NULL: anything
 *   scope    READ_ONLY, PER_BROKER or CLUSTER_WIDE: how it may be altered at run time
 *   sentence what it does
 *
 * No include guard: every includer defines CONFIG() its own way, includes this, and undefines
 * it. */

/* ---- identity and roles ---- */
CONFIG(NODE_ID, "node.id", INT, "1", 0, INT32_MAX, NULL, READ_ONLY,
       "The number of this node in the cluster")
CONFIG(BROKER_ID, "broker.id", INT, "-1", -1, INT32_MAX, NULL, READ_ONLY,
       "The old name of node.id; counts when node.id is not set")
CONFIG(PROCESS_ROLES, "process.roles", LIST, "broker,controller", 0, 0, "broker|controller",
       READ_ONLY,
       "What this process is: broker, controller, or both")
CONFIG(CONTROLLER_QUORUM_VOTERS, "controller.quorum.voters", LIST, "", 0, 0, NULL, READ_ONLY,
       "The voters of the metadata quorum, as id@host:port: this node alone")
CONFIG(CONTROLLER_LISTENER_NAMES, "controller.listener.names", LIST, NULL, 0, 0, NULL, READ_ONLY,
       "The listeners of the controller; they serve no clients")
CONFIG(BROKER_RACK, "broker.rack", STRING, NULL, 0, 0, NULL, READ_ONLY,
       "The rack or zone of this broker, for the placement of replicas")
CONFIG(CLUSTER_ID, "cluster.id", STRING, NULL, 0, 0, NULL, READ_ONLY,
       "The cluster that new data directories are formatted for; unset: a new one")

/* ---- network ---- */
CONFIG(LISTENERS, "listeners", LIST, "PLAINTEXT://127.0.0.1:9092", 0, 0, NULL, READ_ONLY,
       "Where the broker listens, as NAME://HOST:PORT; no host means all interfaces")
CONFIG(ADVERTISED_LISTENERS, "advertised.listeners", LIST, NULL, 0, 0, NULL, READ_ONLY,
       "What clients are told to connect to; unset: the address that the client dialled")
CONFIG(LISTENER_SECURITY_PROTOCOL_MAP, "listener.security.protocol.map", LIST,
       "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT", 0, 0, NULL,
       READ_ONLY,
       "The security protocol of each listener name")
CONFIG(NUM_NETWORK_THREADS, "num.network.threads", INT, "0", 0, 1024, NULL, READ_ONLY,
       "How many shards serve connections and partitions; 0: half as many as there are CPUs")
CONFIG(NUM_IO_THREADS, "num.io.threads", INT, "2", 1, 1024, NULL, READ_ONLY,
       "Threads of a shard that may wait for the disk; they are started when they are needed")
CONFIG(SOCKET_REQUEST_MAX_BYTES, "socket.request.max.bytes", INT, "104857600", 1024, INT32_MAX,
       NULL, READ_ONLY,
       "The largest request; a larger one closes its connection")
CONFIG(SOCKET_SEND_BUFFER_BYTES, "socket.send.buffer.bytes", INT, "-1", -1, INT32_MAX, NULL,
       READ_ONLY,
       "SO_SNDBUF of client connections; -1: the system chooses")
CONFIG(SOCKET_RECEIVE_BUFFER_BYTES, "socket.receive.buffer.bytes", INT, "-1", -1, INT32_MAX, NULL,
       READ_ONLY,
       "SO_RCVBUF of client connections; -1: the system chooses")
CONFIG(SOCKET_LISTEN_BACKLOG_SIZE, "socket.listen.backlog.size", INT, "4096", 1, INT32_MAX, NULL,
       READ_ONLY,
       "Connections that may wait to be accepted")
CONFIG(QUEUED_MAX_REQUESTS, "queued.max.requests", INT, "64", 1, 65536, NULL, READ_ONLY,
       "Requests of one connection that may be in work at once; then it is not read from")
CONFIG(QUEUED_MAX_REQUEST_BYTES, "queued.max.request.bytes", LONG, "-1", -1, INT64_MAX, NULL,
       READ_ONLY,
       "Memory of requests in work on all connections; -1: a quarter of the system's")
CONFIG(CONNECTIONS_MAX_IDLE_MS, "connections.max.idle.ms", LONG, "600000", 1, INT64_MAX, NULL,
       READ_ONLY,
       "A connection without a request for as long is closed")
CONFIG(MAX_CONNECTIONS, "max.connections", INT, "2147483647", 0, INT32_MAX, NULL, READ_ONLY,
       "Connections of the whole broker; more are closed at once")
CONFIG(MAX_CONNECTIONS_PER_IP, "max.connections.per.ip", INT, "2147483647", 0, INT32_MAX, NULL,
       READ_ONLY,
       "Connections from one address; more are closed at once")
CONFIG(MAX_CONNECTION_CREATION_RATE, "max.connection.creation.rate", INT, "2147483647", 1,
       INT32_MAX, NULL, READ_ONLY,
       "New connections per second; the others wait to be accepted")
CONFIG(ADMIN_LISTENER, "admin.listener", STRING, "127.0.0.1:9644", 0, 0, NULL, READ_ONLY,
       "Where metrics and health are served over HTTP; empty: nowhere")
CONFIG(LOG_FORMAT, "log.format", STRING, "logfmt", 0, 0, "logfmt|json", READ_ONLY,
       "How diagnostics are printed")
CONFIG(LOG_LEVEL, "log.level", STRING, "info", 0, 0, "debug|info|warning|error", READ_ONLY,
       "Diagnostics below this level are not printed")

/* ---- limits of requests ---- */
CONFIG(FETCH_MAX_BYTES, "fetch.max.bytes", INT, "57671680", 1024, INT32_MAX, NULL, READ_ONLY,
       "The most that one fetch response carries, but for a first batch that is larger")
CONFIG(MAX_INCREMENTAL_FETCH_SESSION_CACHE_SLOTS, "max.incremental.fetch.session.cache.slots", INT,
       "1000", 0, INT32_MAX, NULL, READ_ONLY,
       "Fetch sessions that are remembered; clients beyond fetch without")
CONFIG(MAX_REQUEST_PARTITION_SIZE_LIMIT, "max.request.partition.size.limit", INT, "2000", 1,
       INT32_MAX, NULL, READ_ONLY,
       "Partitions in one page of DescribeTopicPartitions")

/* ---- topics ---- */
CONFIG(AUTO_CREATE_TOPICS_ENABLE, "auto.create.topics.enable", BOOLEAN, "true", 0, 0, NULL,
       READ_ONLY,
       "Creates a topic when a client asks for it by name")
CONFIG(DELETE_TOPIC_ENABLE, "delete.topic.enable", BOOLEAN, "true", 0, 0, NULL, READ_ONLY,
       "Allows topics to be deleted")
CONFIG(NUM_PARTITIONS, "num.partitions", INT, "1", 1, INT32_MAX, NULL, READ_ONLY,
       "Partitions of a topic that does not say how many")
CONFIG(DEFAULT_REPLICATION_FACTOR, "default.replication.factor", INT, "1", 1, 16, NULL, READ_ONLY,
       "Replicas of a topic that does not say how many")
CONFIG(MIN_INSYNC_REPLICAS, "min.insync.replicas", INT, "1", 1, INT32_MAX, NULL, CLUSTER_WIDE,
       "In-sync replicas that acks=all needs")
CONFIG(UNCLEAN_LEADER_ELECTION_ENABLE, "unclean.leader.election.enable", BOOLEAN, "false", 0, 0,
       NULL, CLUSTER_WIDE,
       "Lets a replica lead that may lack acknowledged records")
CONFIG(COMPRESSION_TYPE, "compression.type", STRING, "producer", 0, 0,
       "producer|uncompressed|gzip|snappy|lz4|zstd", CLUSTER_WIDE,
       "The codec in which batches are kept; producer keeps what arrives")
CONFIG(COMPRESSION_GZIP_LEVEL, "compression.gzip.level", INT, "-1", -1, 9, "-1|1|2|3|4|5|6|7|8|9",
       CLUSTER_WIDE,
       "The level of gzip when batches are compressed here")
CONFIG(COMPRESSION_LZ4_LEVEL, "compression.lz4.level", INT, "9", 1, 17, NULL, CLUSTER_WIDE,
       "The level of lz4 when batches are compressed here")
CONFIG(COMPRESSION_ZSTD_LEVEL, "compression.zstd.level", INT, "3", -131072, 22, NULL, CLUSTER_WIDE,
       "The level of zstd when batches are compressed here")
CONFIG(MESSAGE_MAX_BYTES, "message.max.bytes", INT, "1048588", 0, INT32_MAX, NULL, CLUSTER_WIDE,
       "The largest batch, with its 12 bytes of offset and length")

/* ---- log ---- */
CONFIG(LOG_DIR, "log.dir", STRING, "./rollway-data", 0, 0, NULL, READ_ONLY,
       "The data directory when log.dirs is not set")
CONFIG(LOG_DIRS, "log.dirs", LIST, NULL, 0, 0, NULL, READ_ONLY,
       "The data directories; partitions are spread over them")
CONFIG(METADATA_LOG_DIR, "metadata.log.dir", STRING, NULL, 0, 0, NULL, READ_ONLY,
       "Where the metadata log lies; unset: in the first data directory")
CONFIG(LOG_SEGMENT_BYTES, "log.segment.bytes", INT, "1073741824", 1048576, INT32_MAX, NULL,
       CLUSTER_WIDE,
       "A segment is rolled before it grows beyond this")
CONFIG(LOG_ROLL_MS, "log.roll.ms", LONG, NULL, 1, INT64_MAX, NULL, CLUSTER_WIDE,
       "A segment is rolled when it is as old; goes before log.roll.hours")
CONFIG(LOG_ROLL_HOURS, "log.roll.hours", INT, "168", 1, INT32_MAX, NULL, READ_ONLY,
       "As log.roll.ms, in hours")
CONFIG(LOG_ROLL_JITTER_MS, "log.roll.jitter.ms", LONG, NULL, 0, INT64_MAX, NULL, CLUSTER_WIDE,
       "Taken off the age at random, so that segments do not roll all at once")
CONFIG(LOG_ROLL_JITTER_HOURS, "log.roll.jitter.hours", INT, "0", 0, INT32_MAX, NULL, READ_ONLY,
       "As log.roll.jitter.ms, in hours")
CONFIG(LOG_INDEX_SIZE_MAX_BYTES, "log.index.size.max.bytes", INT, "10485760", 4, INT32_MAX, NULL,
       CLUSTER_WIDE,
       "A segment is rolled when an index of it is as large")
CONFIG(LOG_INDEX_INTERVAL_BYTES, "log.index.interval.bytes", INT, "4096", 0, INT32_MAX, NULL,
       CLUSTER_WIDE,
       "Bytes of log between two entries of an index")
CONFIG(LOG_RETENTION_MS, "log.retention.ms", LONG, NULL, -1, INT64_MAX, NULL, CLUSTER_WIDE,
       "Segments older than this are deleted; -1: never; goes before minutes and hours")
CONFIG(LOG_RETENTION_MINUTES, "log.retention.minutes", INT, NULL, -1, INT32_MAX, NULL, READ_ONLY,
       "As log.retention.ms, in minutes")
CONFIG(LOG_RETENTION_HOURS, "log.retention.hours", INT, "168", -1, INT32_MAX, NULL, READ_ONLY,
       "As log.retention.ms, in hours")
CONFIG(LOG_RETENTION_BYTES, "log.retention.bytes", LONG, "-1", -1, INT64_MAX, NULL, CLUSTER_WIDE,
       "A partition's oldest segments are deleted beyond this size; -1: never")
CONFIG(LOG_RETENTION_CHECK_INTERVAL_MS, "log.retention.check.interval.ms", LONG, "300000", 1,
       INT64_MAX, NULL, READ_ONLY,
       "How often segments are looked at that may be deleted")
CONFIG(LOG_SEGMENT_DELETE_DELAY_MS, "log.segment.delete.delay.ms", LONG, "60000", 0, INT64_MAX,
       NULL, CLUSTER_WIDE,
       "How long the file of a deleted segment stays")
CONFIG(LOG_CLEANUP_POLICY, "log.cleanup.policy", LIST, "delete", 0, 0, "delete|compact",
       CLUSTER_WIDE,
       "Whether old segments are deleted, compacted, or both")
CONFIG(LOG_CLEANER_DELETE_RETENTION_MS, "log.cleaner.delete.retention.ms", LONG, "86400000", 0,
       INT64_MAX, NULL, CLUSTER_WIDE,
       "How long a compacted topic keeps the marks of deleted keys")
CONFIG(LOG_CLEANER_MIN_CLEANABLE_RATIO, "log.cleaner.min.cleanable.ratio", DOUBLE, "0.5", 0, 1,
       NULL, CLUSTER_WIDE,
       "The share of a compacted log that must be new before it is compacted again")
CONFIG(LOG_CLEANER_MIN_COMPACTION_LAG_MS, "log.cleaner.min.compaction.lag.ms", LONG, "0", 0,
       INT64_MAX, NULL, CLUSTER_WIDE,
       "How long a record of a compacted topic is kept at least")
CONFIG(LOG_CLEANER_MAX_COMPACTION_LAG_MS, "log.cleaner.max.compaction.lag.ms", LONG,
       "9223372036854775807", 1, INT64_MAX, NULL, CLUSTER_WIDE,
       "How long a record of a compacted topic may escape compaction")
CONFIG(LOG_FLUSH_INTERVAL_MESSAGES, "log.flush.interval.messages", LONG, "1", 1, INT64_MAX, NULL,
       CLUSTER_WIDE,
       "1: acknowledged when on stable storage; more: acknowledged from memory of the system, "
       "and flushed after as many records")
CONFIG(LOG_FLUSH_INTERVAL_MS, "log.flush.interval.ms", LONG, NULL, 0, INT64_MAX, NULL,
       CLUSTER_WIDE,
       "How long records may stay unflushed when log.flush.interval.messages is more than 1")
CONFIG(LOG_FLUSH_SCHEDULER_INTERVAL_MS, "log.flush.scheduler.interval.ms", LONG,
       "9223372036854775807", 0, INT64_MAX, NULL, READ_ONLY,
       "Counts as log.flush.interval.ms when that is not set")
CONFIG(LOG_PREALLOCATE, "log.preallocate", BOOLEAN, "false", 0, 0, NULL, CLUSTER_WIDE,
       "Taken as Kafka does; room on disk is always reserved ahead, in steps")
CONFIG(LOG_MESSAGE_TIMESTAMP_TYPE, "log.message.timestamp.type", STRING, "CreateTime", 0, 0,
       "CreateTime|LogAppendTime", CLUSTER_WIDE,
       "Whether records carry the producer's time or the time of arrival")
CONFIG(LOG_MESSAGE_TIMESTAMP_BEFORE_MAX_MS, "log.message.timestamp.before.max.ms", LONG,
       "9223372036854775807", 0, INT64_MAX, NULL, CLUSTER_WIDE,
       "Records with an older time are refused")
CONFIG(LOG_MESSAGE_TIMESTAMP_AFTER_MAX_MS, "log.message.timestamp.after.max.ms", LONG, "3600000",
       0, INT64_MAX, NULL, CLUSTER_WIDE,
       "Records with a time further in the future are refused")
CONFIG(PRODUCER_ID_EXPIRATION_MS, "producer.id.expiration.ms", INT, "86400000", 1, INT32_MAX, NULL,
       CLUSTER_WIDE,
       "A producer that was idle for as long is forgotten")
CONFIG(LOG_READ_CACHE_BYTES, "log.read.cache.bytes", LONG, "33554432", 0, INT64_MAX, NULL,
       READ_ONLY,
       "Memory of recent batches, from which consumers at the end of a log are served")
CONFIG(LOG_WRITE_ENGINE, "log.write.engine", STRING, "automatic", 0, 0,
       "automatic|direct|buffered", READ_ONLY,
       "How segments are written: past the page cache, or through it")
CONFIG(LOG_DISK_QUEUE, "log.disk.queue", STRING, "automatic", 0, 0, "automatic|io_uring|workers",
       READ_ONLY,
       "How the disk is asked: by io_uring, or by threads that wait")
