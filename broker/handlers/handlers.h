/* One handler per row of broker/api/api_list.h: decodes, asks, encodes; keeps nothing.
 *
 * handle_<name>() lies in broker/handlers/<name>.c. It is called on the shard of the connection and
 * answers the call now or later (broker/api/api_call.h). */
#ifndef BROKER_HANDLERS_HANDLERS_H
#define BROKER_HANDLERS_HANDLERS_H

#include "broker/api/api_call.h"

#define API(key, name, advertised, version_min, version_max, listeners, rules)                     \
    /* Answers one request of this API. */                                                         \
    void handle_##name(struct api_call *call);
#include "broker/api/api_list.h"
#undef API

#endif /* BROKER_HANDLERS_HANDLERS_H */
