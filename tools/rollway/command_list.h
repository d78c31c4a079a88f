/* The command line, once: commands, their arguments, options and examples. The parser, --help, the
 * completions of bash and zsh and the man page are all derived from these tables (commands.h).
 *
 * Sentences begin in lower case and have no full stop; a description may be several sentences. */
#ifndef TOOLS_ROLLWAY_COMMAND_LIST_H
#define TOOLS_ROLLWAY_COMMAND_LIST_H

/* clang-format off */

/* What stands before the second word of two-word commands: word, sentence. */
#define COMMAND_GROUP_LIST(X) \
    X("topic", "topics: list, create, describe, alter, delete") \
    X("config", "configuration of topics and brokers") \
    X("cluster", "brokers, controller and what they speak") \
    X("log", "files of a data directory, without a server")

/* Symbol, function (program.h), words, arguments as shown, least and most of them, what the
 * arguments are, sentence, description. */
#define COMMAND_LIST(X) \
    X(TOPIC_LIST, run_topic_list, "topic list", "", 0, 0, ARGUMENT_NONE, \
      "list topics", \
      "Internal topics are left out unless asked for.") \
    X(TOPIC_CREATE, run_topic_create, "topic create", "TOPIC...", 1, ARGUMENTS_MAX, ARGUMENT_NEW, \
      "create topics", \
      "Partitions and replication factor that are not given are the broker's num.partitions and " \
      "default.replication.factor.") \
    X(TOPIC_DESCRIBE, run_topic_describe, "topic describe", "[TOPIC...]", \
      0, ARGUMENTS_MAX, ARGUMENT_TOPIC, \
      "show partitions, leaders and replicas of topics", \
      "Without a topic, of all topics.") \
    X(TOPIC_ALTER, run_topic_alter, "topic alter", "TOPIC", 1, 1, ARGUMENT_TOPIC, \
      "add partitions to a topic, change its configuration", \
      "Partitions can be added and never be taken away. A key's records go to other partitions " \
      "afterwards than before.") \
    X(TOPIC_DELETE, run_topic_delete, "topic delete", "TOPIC...", \
      1, ARGUMENTS_MAX, ARGUMENT_TOPIC, \
      "delete topics and all their records", \
      "There is no question asked, and no way back.") \
    X(PRODUCE, run_produce, "produce", "TOPIC", 1, 1, ARGUMENT_TOPIC, \
      "write the lines of standard input as records", \
      "Each line is a record's value; with --key-separator its first part is the key. With " \
      "-f json each line is an object with any of key, value, headers, partition and timestamp, " \
      "as 'rollway consume -f json' writes them; key_base64 and value_base64 stand for bytes " \
      "that are not UTF-8. Keys choose partitions as in the Java client. The producer is " \
      "idempotent unless --acks asks for less than all. Exit code 1 when any record failed.") \
    X(CONSUME, run_consume, "consume", "TOPIC", 1, 1, ARGUMENT_TOPIC, \
      "read records", \
      "Reads what the topic holds when it starts, and ends there unless --follow is given. " \
      "A position is earliest, latest, an offset, -N (the last N records of each partition), " \
      "a time as 2026-01-31, 2026-01-31T08:30:00Z or @1769848200000 (milliseconds; without a " \
      "zone it is UTC), or a duration ago such as -15m. " \
      "A format other than text and json is a template: %v value, %k key, %h headers, %t topic, " \
      "%p partition, %o offset, %T timestamp in milliseconds, %D timestamp as date, %S and %K " \
      "sizes of value and key, %% itself; \\n, \\t, \\r, \\0 and \\\\ as in C.") \
    X(CONFIG_DESCRIBE, run_config_describe, "config describe", "TYPE NAME", \
      2, 2, ARGUMENT_RESOURCE, \
      "show configuration with its sources", \
      "TYPE is topic or broker. NAME is the topic, or the broker's id; broker 'default' is what " \
      "was set for all brokers.") \
    X(CONFIG_SET, run_config_set, "config set", "TYPE NAME KEY=VALUE...", \
      3, ARGUMENTS_MAX, ARGUMENT_RESOURCE, \
      "set keys of a topic or a broker", \
      "All of them or none. Other keys stay as they are.") \
    X(CONFIG_UNSET, run_config_unset, "config unset", "TYPE NAME KEY...", \
      3, ARGUMENTS_MAX, ARGUMENT_RESOURCE, \
      "bring keys back to their defaults", \
      "All of them or none.") \
    X(CLUSTER_DESCRIBE, run_cluster_describe, "cluster describe", "", 0, 0, ARGUMENT_NONE, \
      "show brokers, controller and features", \
      "") \
    X(LOG_DUMP, run_log_dump, "log dump", "FILE...", 1, ARGUMENTS_MAX, ARGUMENT_FILE, \
      "show what is in the files of a log", \
      "Reads segments (.log), .index, .timeindex, .txnindex, .snapshot, .checksums, " \
      "leader-epoch-checkpoint and partition.metadata, without a server and without changing " \
      "anything; a directory stands for all such files in it. Exit code 1 when a file is " \
      "damaged.") \
    X(COMPLETION, run_completion, "completion", "bash|zsh", 1, 1, ARGUMENT_SHELL, \
      "print the completion of a shell", \
      "") \
    X(MAN, run_man, "man", "", 0, 0, ARGUMENT_NONE, \
      "print the manual page, in the language of man(1)", \
      "") \
    X(HELP, run_help, "help", "[COMMAND]", 0, 2, ARGUMENT_COMMAND, \
      "print the help of a command", \
      "")

/* Those of every command: symbol (always GLOBAL), name, short name or 0, type, value as shown,
 * default or NULL, may be repeated, sentence. */
#define GLOBAL_OPTION_LIST(X) \
    X(GLOBAL, "bootstrap", 'b', OPTION_TEXT, "HOST:PORT", "localhost:9092", false, \
      "a broker to start with; several with commas") \
    X(GLOBAL, "set", 'X', OPTION_PAIR, "KEY=VALUE", NULL, true, \
      "a property of librdkafka, for produce and consume") \
    X(GLOBAL, "output", 'o', OPTION_CHOICE, "text|json", "text", false, \
      "how results are printed") \
    X(GLOBAL, "timeout", 0, OPTION_DURATION, "DURATION", "30s", false, \
      "how long to wait for a server") \
    X(GLOBAL, "help", 'h', OPTION_FLAG, "", NULL, false, \
      "print the help of the command") \
    X(GLOBAL, "version", 0, OPTION_FLAG, "", NULL, false, \
      "print the version")

/* As above, of one command. */
#define OPTION_LIST(X) \
    X(TOPIC_LIST, "internal", 'i', OPTION_FLAG, "", NULL, false, \
      "also internal topics") \
    X(TOPIC_LIST, "names", 'n', OPTION_FLAG, "", NULL, false, \
      "only names, one on each line") \
    X(TOPIC_CREATE, "partitions", 'p', OPTION_COUNT, "COUNT", NULL, false, \
      "number of partitions") \
    X(TOPIC_CREATE, "replication-factor", 'r', OPTION_COUNT, "COUNT", NULL, false, \
      "number of replicas of each partition") \
    X(TOPIC_CREATE, "config", 'c', OPTION_PAIR, "KEY=VALUE", NULL, true, \
      "a configuration key of the topic") \
    X(TOPIC_CREATE, "if-not-exists", 0, OPTION_FLAG, "", NULL, false, \
      "a topic that exists is no failure; it stays as it is") \
    X(TOPIC_CREATE, "validate-only", 0, OPTION_FLAG, "", NULL, false, \
      "only ask whether the server would do it") \
    X(TOPIC_DESCRIBE, "offsets", 0, OPTION_FLAG, "", NULL, false, \
      "also the first offset and the end of each partition") \
    X(TOPIC_ALTER, "partitions", 'p', OPTION_COUNT, "COUNT", NULL, false, \
      "number of partitions, more than there are") \
    X(TOPIC_ALTER, "config", 'c', OPTION_PAIR, "KEY=VALUE", NULL, true, \
      "set a configuration key") \
    X(TOPIC_ALTER, "unset", 'u', OPTION_TEXT, "KEY", NULL, true, \
      "bring a configuration key back to its default") \
    X(TOPIC_ALTER, "validate-only", 0, OPTION_FLAG, "", NULL, false, \
      "only ask whether the server would do it") \
    X(TOPIC_DELETE, "if-exists", 0, OPTION_FLAG, "", NULL, false, \
      "a topic that does not exist is no failure") \
    X(PRODUCE, "format", 'f', OPTION_CHOICE, "text|json", "text", false, \
      "what a line is") \
    X(PRODUCE, "file", 'F', OPTION_FILE, "FILE", NULL, false, \
      "read from a file instead of standard input") \
    X(PRODUCE, "key-separator", 'K', OPTION_TEXT, "TEXT", NULL, false, \
      "a line is a key, this, and a value; \\t is a tabulator") \
    X(PRODUCE, "key", 'k', OPTION_TEXT, "KEY", NULL, false, \
      "the key of every record that has none of its own") \
    X(PRODUCE, "header", 'H', OPTION_PAIR, "NAME=VALUE", NULL, true, \
      "a header of every record") \
    X(PRODUCE, "null", 0, OPTION_TEXT, "TEXT", NULL, false, \
      "a key or value that is this text is null; a record with a null value is a tombstone") \
    X(PRODUCE, "partition", 'p', OPTION_COUNT, "PARTITION", NULL, false, \
      "the partition of every record that names none") \
    X(PRODUCE, "timestamp", 'T', OPTION_TEXT, "TIME", NULL, false, \
      "the timestamp of every record that has none, in milliseconds or as date; else it is now") \
    X(PRODUCE, "compression", 'z', OPTION_CHOICE, "none|gzip|snappy|lz4|zstd", "none", false, \
      "codec of the batches") \
    X(PRODUCE, "acks", 'a', OPTION_CHOICE, "all|1|0", "all", false, \
      "whose acknowledgement a record waits for: all replicas in sync, the leader, nobody") \
    X(CONSUME, "partition", 'p', OPTION_COUNT, "PARTITION", NULL, true, \
      "only this partition; else all") \
    X(CONSUME, "from", 'F', OPTION_TEXT, "POSITION", NULL, false, \
      "where to start; earliest, or latest with --follow, unless given") \
    X(CONSUME, "until", 'U', OPTION_TEXT, "POSITION", NULL, false, \
      "where to end: before this offset or time") \
    X(CONSUME, "count", 'n', OPTION_COUNT, "COUNT", NULL, false, \
      "end after so many records in all") \
    X(CONSUME, "follow", 0, OPTION_FLAG, "", NULL, false, \
      "wait for new records at the end") \
    X(CONSUME, "format", 'f', OPTION_TEXT, "FORMAT", "text", false, \
      "text (value and line feed), json (an object on each line), or a template") \
    X(CONSUME, "key-separator", 'K', OPTION_TEXT, "TEXT", NULL, false, \
      "in text: key and this before the value; \\t is a tabulator") \
    X(CONSUME, "print-headers", 0, OPTION_FLAG, "", NULL, false, \
      "in text: headers and a tabulator before everything else") \
    X(CONSUME, "null", 0, OPTION_TEXT, "TEXT", "", false, \
      "printed for a null key or value in text and templates") \
    X(CONSUME, "uncommitted", 0, OPTION_FLAG, "", NULL, false, \
      "also records of open and aborted transactions") \
    X(CONFIG_DESCRIBE, "changed", 'c', OPTION_FLAG, "", NULL, false, \
      "only keys that somebody set") \
    X(CONFIG_DESCRIBE, "key", 'k', OPTION_TEXT, "KEY", NULL, true, \
      "only this key") \
    X(CONFIG_DESCRIBE, "documentation", 'd', OPTION_FLAG, "", NULL, false, \
      "also what each key means") \
    X(CONFIG_DESCRIBE, "synonyms", 's', OPTION_FLAG, "", NULL, false, \
      "also every place that the value could come from") \
    X(CONFIG_SET, "validate-only", 0, OPTION_FLAG, "", NULL, false, \
      "only ask whether the server would do it") \
    X(CONFIG_UNSET, "validate-only", 0, OPTION_FLAG, "", NULL, false, \
      "only ask whether the server would do it") \
    X(CLUSTER_DESCRIBE, "api-versions", 'a', OPTION_FLAG, "", NULL, false, \
      "also the versions of every API") \
    X(LOG_DUMP, "records", 'r', OPTION_FLAG, "", NULL, false, \
      "also the records of each batch, with keys and values") \
    X(LOG_DUMP, "verify", 'v', OPTION_FLAG, "", NULL, false, \
      "check checksums, records, and the indexes beside a segment") \
    X(LOG_DUMP, "quiet", 'q', OPTION_FLAG, "", NULL, false, \
      "only the summary of each file, and what is wrong")

/* Command, what to type, sentence. */
#define EXAMPLE_LIST(X) \
    X(TOPIC_LIST, "rollway topic list -o json", "all topics for a script") \
    X(TOPIC_CREATE, "rollway topic create orders --partitions 12 -c retention.ms=604800000", \
      "twelve partitions, kept for a week") \
    X(TOPIC_DESCRIBE, "rollway topic describe orders --offsets", "with offsets") \
    X(TOPIC_ALTER, "rollway topic alter orders --partitions 24 -c cleanup.policy=compact", \
      "more partitions, and compaction") \
    X(TOPIC_DELETE, "rollway topic delete orders --if-exists", "gone, if it was there") \
    X(PRODUCE, "echo 'alice:hello' | rollway produce chat -K :", "one record with a key") \
    X(PRODUCE, "rollway consume a -f json | rollway produce b -f json", \
      "copy a topic with keys, headers and timestamps") \
    X(CONSUME, "rollway consume orders", "all records, then end") \
    X(CONSUME, "rollway consume orders --follow --from -10", "the last ten, and what comes") \
    X(CONSUME, "rollway consume orders --from -1h -f '%D %p:%o %k=%v\\n'", "the last hour") \
    X(CONFIG_DESCRIBE, "rollway config describe topic orders --changed", "what was set") \
    X(CONFIG_SET, "rollway config set topic orders retention.ms=86400000", "keep a day") \
    X(CONFIG_UNSET, "rollway config unset topic orders retention.ms", \
      "the broker's default again") \
    X(CLUSTER_DESCRIBE, "rollway cluster describe -b broker-1:9092", "who is there") \
    X(LOG_DUMP, "rollway log dump rollway-data/orders-0 --verify --quiet", \
      "check all files of a partition") \
    X(COMPLETION, "source <(rollway completion bash)", "completion in this shell") \
    X(MAN, "rollway man | man -l -", "read the manual") \
    X(HELP, "rollway help topic create", "help of a command")

/* Name, option that it stands for or NULL, sentence. */
#define ENVIRONMENT_LIST(X) \
    X("ROLLWAY_BOOTSTRAP", "bootstrap", "the default of --bootstrap") \
    X("NO_COLOR", NULL, "when set and not empty, nothing is coloured")

/* clang-format on */

#endif /* TOOLS_ROLLWAY_COMMAND_LIST_H */
