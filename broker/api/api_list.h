/* Every Kafka API that this broker serves, one row each. This is the only place to edit when an
 * API or a version is added: dispatch, ApiVersions, metrics and the conformance suite read it.
 * Flexible versions are the schema's business and not repeated here.
 *
 * `advertised` is the smallest version that ApiVersions tells: Produce says 0 although 0 to 2 are
 * refused, because librdkafka up to 2.11 turns compression off without it.
 *
 * No include guard: every includer defines API() its own way, includes this, and undefines it. */

/*  key  name               advertised  served     listeners               rules */
API(0, produce, 0, 3, 13, API_LISTENER_CLIENT, API_RULE_THROTTLED)
API(1, fetch, 4, 4, 18, API_LISTENER_CLIENT, API_RULE_THROTTLED | API_RULE_WAITS)
API(2, list_offsets, 1, 1, 11, API_LISTENER_CLIENT, 0)
API(3, metadata, 0, 0, 13, API_LISTENER_CLIENT, 0)
API(18, api_versions, 0, 0, 5, API_LISTENER_ANY, API_RULE_BEFORE_LOGIN)
API(19, create_topics, 2, 2, 7, API_LISTENER_CLIENT, 0)
API(20, delete_topics, 1, 1, 6, API_LISTENER_CLIENT, 0)
API(21, delete_records, 0, 0, 2, API_LISTENER_CLIENT, 0)
API(22, init_producer_id, 0, 0, 5, API_LISTENER_CLIENT, 0)
API(23, offset_for_leader_epoch, 2, 2, 4, API_LISTENER_CLIENT, 0)
API(32, describe_configs, 1, 1, 4, API_LISTENER_CLIENT, 0)
API(33, alter_configs, 0, 0, 2, API_LISTENER_CLIENT, 0)
API(35, describe_log_dirs, 1, 1, 5, API_LISTENER_CLIENT, 0)
API(37, create_partitions, 0, 0, 3, API_LISTENER_CLIENT, 0)
API(44, incremental_alter_configs, 0, 0, 1, API_LISTENER_CLIENT, 0)
API(60, describe_cluster, 0, 0, 2, API_LISTENER_CLIENT, 0)
API(61, describe_producers, 0, 0, 0, API_LISTENER_CLIENT, 0)
API(74, list_config_resources, 0, 0, 1, API_LISTENER_CLIENT, 0)
API(75, describe_topic_partitions, 0, 0, 0, API_LISTENER_CLIENT, 0)
