/* Partitions that lie in the data directories, against what the metadata says of them.
 *
 * When the metadata knows topics, partitions that no topic wants are moved aside: remainders of a
 * deletion that a crash interrupted. When it knows none, the directories come from elsewhere, such
 * as Apache Kafka: their topics are created with as many partitions as are there, and the ids that
 * partition.metadata names follow the new topics', so that everything in them is served. */
#ifndef BROKER_BROKER_ADOPTION_H
#define BROKER_BROKER_ADOPTION_H

#include "base/error.h"

struct broker;
struct broker_adoption;

/* On shard 0, before the first image is handed out. NULL in *adoption when there is nothing to take
 * over; else the caller owns it. */
MUST_USE enum status broker_adoption_plan(struct broker *broker, struct broker_adoption **adoption,
                                          struct error *error);

/* NULL is allowed. */
void broker_adoption_destroy(struct broker_adoption *adoption);

/* Creates the topics; done() is called on shard 0 when every shard has opened the partitions. What
 * cannot be taken over is said and left alone. */
void broker_adoption_run(struct broker_adoption *adoption, void (*done)(struct broker *broker));

/* With every new image, before it is handed out: gives the partitions their topics' ids. NULL is
 * allowed. */
void broker_adoption_reconcile(struct broker_adoption *adoption);

#endif /* BROKER_BROKER_ADOPTION_H */
