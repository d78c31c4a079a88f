#include "replication/controller/producer_id_control.h"

void producer_id_control_allocate(struct controller_decision *decision,
                                  const struct allocate_producer_ids_request *request,
                                  struct allocate_producer_ids_response *response)
{
    const struct broker_image *broker = metadata_image_broker(decision->image, request->broker_id);
    int64_t first = metadata_image_next_producer_id(decision->image);

    if (broker == NULL || broker->epoch != request->broker_epoch) {
        response->error_code = KAFKA_STALE_BROKER_EPOCH;
        return;
    }
    if (first > INT64_MAX - CONTROLLER_PRODUCER_IDS_COUNT) {
        response->error_code = KAFKA_UNKNOWN_SERVER_ERROR;
        return;
    }
    struct producer_ids_record *record =
        &metadata_records_add(decision->records, METADATA_PRODUCER_IDS)->producer_ids;
    record->broker_id = request->broker_id;
    record->broker_epoch = request->broker_epoch;
    record->next_producer_id = first + CONTROLLER_PRODUCER_IDS_COUNT;
    response->error_code = KAFKA_NONE;
    response->producer_id_start = first;
    response->producer_id_len = CONTROLLER_PRODUCER_IDS_COUNT;
}
