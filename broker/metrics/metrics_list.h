/* Every counter and gauge that shards keep, one row each: what /metrics prints is derived. Rows of
 * one name stand together; they differ in their labels. Values that are read where they lie
 * (topics, partitions) come from broker/admin/cluster_metrics.c.
 *
 * No include guard: every includer defines METRIC() its own way, includes this, undefines it. */

/*     id                        name, labels, kind, help */
METRIC(CONNECTIONS, "rollway_connections", "", GAUGE, "Connections of clients that are open now")
METRIC(CONNECTIONS_ACCEPTED, "rollway_connections_accepted_total", "", COUNTER,
       "Connections accepted since the start")
METRIC(REFUSED_TOTAL, "rollway_connections_refused_total", "reason=\"max.connections\"", COUNTER,
       "Connections closed at once because of a limit")
METRIC(REFUSED_PER_ADDRESS, "rollway_connections_refused_total",
       "reason=\"max.connections.per.ip\"", COUNTER,
       "Connections closed at once because of a limit")
METRIC(REFUSED_DESCRIPTORS, "rollway_connections_refused_total", "reason=\"descriptors\"", COUNTER,
       "Connections closed at once because of a limit")
METRIC(REFUSED_MEMORY, "rollway_connections_refused_total", "reason=\"memory\"", COUNTER,
       "Connections closed at once because of a limit")
METRIC(REJECTED_FRAME_SIZE, "rollway_rejected_frames_total", "reason=\"frame_size\"", COUNTER,
       "Requests that cannot be answered: their connection is closed")
METRIC(REJECTED_TRUNCATED, "rollway_rejected_frames_total", "reason=\"truncated\"", COUNTER,
       "Requests that cannot be answered: their connection is closed")
METRIC(REJECTED_HEADER, "rollway_rejected_frames_total", "reason=\"header\"", COUNTER,
       "Requests that cannot be answered: their connection is closed")
METRIC(REJECTED_API, "rollway_rejected_frames_total", "reason=\"api\"", COUNTER,
       "Requests that cannot be answered: their connection is closed")
METRIC(REJECTED_MALFORMED, "rollway_rejected_frames_total", "reason=\"malformed\"", COUNTER,
       "Requests that cannot be answered: their connection is closed")
METRIC(CLOSED_IDLE, "rollway_connections_timed_out_total", "reason=\"idle\"", COUNTER,
       "Connections closed because they took too long")
METRIC(CLOSED_SLOW_SENDER, "rollway_connections_timed_out_total", "reason=\"slow_sender\"",
       COUNTER, "Connections closed because they took too long")
METRIC(CLOSED_SLOW_READER, "rollway_connections_timed_out_total", "reason=\"slow_reader\"",
       COUNTER, "Connections closed because they took too long")
METRIC(READING_PAUSED, "rollway_reading_paused_total", "", COUNTER,
       "Times that a connection was not read from because of a limit")
METRIC(BYTES_RECEIVED, "rollway_received_bytes_total", "", COUNTER, "Bytes received from clients")
METRIC(BYTES_SENT, "rollway_sent_bytes_total", "", COUNTER, "Bytes sent to clients")
METRIC(RECEIVE_MEMORY, "rollway_memory_bytes", "subsystem=\"receive\"", GAUGE,
       "Memory by subsystem")
METRIC(CALL_MEMORY, "rollway_memory_bytes", "subsystem=\"free_calls\"", GAUGE,
       "Memory by subsystem")
METRIC(CALLS, "rollway_requests_under_way", "", GAUGE, "Requests that are not yet answered")
METRIC(MESSAGES_IN, "kafka_server_brokertopicmetrics_messagesin_total", "", COUNTER,
       "Records appended by producers")
METRIC(BYTES_IN, "kafka_server_brokertopicmetrics_bytesin_total", "", COUNTER,
       "Bytes of record batches appended by producers")
METRIC(BYTES_OUT, "kafka_server_brokertopicmetrics_bytesout_total", "", COUNTER,
       "Bytes of record batches sent to consumers")
METRIC(PRODUCE_FAILED, "kafka_server_brokertopicmetrics_failedproducerequests_total", "", COUNTER,
       "Partitions of produce requests that were answered with an error")
METRIC(FETCH_FAILED, "kafka_server_brokertopicmetrics_failedfetchrequests_total", "", COUNTER,
       "Partitions of fetch requests that were answered with an error")
