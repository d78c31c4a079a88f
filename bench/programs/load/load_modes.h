/* What the load generator can do; each prints its result as one line of "name=value". */
#ifndef BENCH_PROGRAMS_LOAD_LOAD_MODES_H
#define BENCH_PROGRAMS_LOAD_LOAD_MODES_H

#include "base/error.h"
#include "bench/programs/load/load_options.h"

/* Keeps `in_flight` produce requests on one connection, one partition after the other. */
MUST_USE enum status load_produce(const struct load_options *options, struct error *error);

/* Reads all partitions from offset 0 to the end, again and again until the time is over; with
 * `megabytes` once that much was read. */
MUST_USE enum status load_consume(const struct load_options *options, struct error *error);

/* Produces single records at a fixed rate and waits for them with a fetch, in one thread: how long
 * a record takes from send to receive. */
MUST_USE enum status load_end_to_end(const struct load_options *options, struct error *error);

/* Starts `command`, waits for its line with "ready on HOST:PORT" and for the first answer to a
 * Metadata request; then tells its idle memory and stops it. */
MUST_USE enum status load_first_answer(char **command, struct error *error);

#endif /* BENCH_PROGRAMS_LOAD_LOAD_MODES_H */
