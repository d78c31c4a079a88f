/* What the command line of the load generator says; the same names in every mode. */
#ifndef BENCH_PROGRAMS_LOAD_LOAD_OPTIONS_H
#define BENCH_PROGRAMS_LOAD_LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* name on the command line, field, default, least, most, sentence */
#define LOAD_OPTION_LIST(X)                                                                        \
    X("partitions", partitions, 1, 1, 10000, "partitions of the topic, all used in turn")          \
    X("message-bytes", message_bytes, 1024, 8, 16 << 20, "size of a record's value")               \
    X("batch-bytes", batch_bytes, 65536, 1, 64 << 20, "size of a batch; 1 for one record")         \
    X("in-flight", in_flight, 16, 1, 4096, "produce requests that are not yet answered")           \
    X("acks", acks, 1, -1, 1, "-1 all, 1 leader, 0 none")                                          \
    X("seconds", seconds, 3, 1, 86400, "how long")                                                 \
    X("megabytes", megabytes, 0, 0, 1 << 20, "stop after that much payload; 0 for no limit")       \
    X("fetch-bytes", fetch_bytes, 1 << 20, 1, 128 << 20, "most bytes of one partition in a fetch") \
    X("rate", rate, 5000, 1, 1000000, "records per second, for end-to-end")                        \
    X("verify", verify, 0, 0, 1, "1 to check checksums and offsets of what is consumed")

struct load_options {
    const char *topic;
    const char *address; /* HOST:PORT */
#define LOAD_OPTION_FIELD(name, field, value, least, most, sentence) int64_t field;
    LOAD_OPTION_LIST(LOAD_OPTION_FIELD)
#undef LOAD_OPTION_FIELD
};

/* Reads "HOST:PORT --name value ..." and fills in the defaults. False, with a sentence on standard
 * error, when there is something else. Borrows the arguments. */
bool load_options_parse(int count, char **arguments, struct load_options *options);

/* Prints the options with their defaults. */
void load_options_print(void);

#endif /* BENCH_PROGRAMS_LOAD_LOAD_OPTIONS_H */
