/* Configuration entries as CreateTopics answers them. */
#ifndef BROKER_HANDLERS_TOPIC_CONFIGS_H
#define BROKER_HANDLERS_TOPIC_CONFIGS_H

#include "broker/api/api_call.h"
#include "proto/generated/create_topics.h"

/* Fills in `topic->configs` with every topic key: its value, source, and whether it is sensitive.
 * With validate_only the topic is not there, and its values come from the request. Without memory
 * the list stays empty. */
void topic_configs_of_created(struct api_call *call, const struct create_topics_request *request,
                              struct create_topics_response_topic *topic);

#endif /* BROKER_HANDLERS_TOPIC_CONFIGS_H */
