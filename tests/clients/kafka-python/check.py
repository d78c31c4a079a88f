"""kafka-python. Usage: check.py HOST:PORT TOPIC RECORDS"""
import sys
import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.partitioner.default import murmur2

PARTITIONS = 6
KEYS = 1000
READ_SECONDS_MAX = 90
CONFIG = "retention.ms"

bootstrap, topic, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
first_timestamp = int(time.time() * 1000) - count
places = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]


def check(good, name, detail=None):
    print("ok      %s" % name if good else "FAILED  %s: %s" % (name, detail), flush=True)
    if not good:
        sys.exit(1)


def key_of(i):
    return b"key-%d" % (i % KEYS)


def create_topic(admin):
    admin.create_topics({topic: {"num_partitions": PARTITIONS, "replication_factor": 1}})
    size = len(admin.describe_topics([topic])[0]["partitions"])
    check(size == PARTITIONS, "creates a topic with 6 partitions", size)


def produce():
    producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type="lz4", linger_ms=5,
                             enable_idempotence=True, batch_size=65536)
    sent = [producer.send(topic, key=key_of(i), value=b"value-%d" % i,
                          timestamp_ms=first_timestamp + i) for i in range(count)]
    producer.flush()
    expected = {key_of(i): (murmur2(key_of(i)) & 0x7fffffff) % PARTITIONS for i in range(KEYS)}
    wrong = sum(future.get(10).partition != expected[key_of(i)] for i, future in enumerate(sent))
    check(wrong == 0, "produces %d records by key, lz4, idempotent" % count, wrong)
    producer.close()


def read_back(consumer):
    read = [[] for _ in places]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    total, deadline = 0, time.monotonic() + READ_SECONDS_MAX
    while total < count and time.monotonic() < deadline:
        for place, records in consumer.poll(timeout_ms=500, max_records=5000).items():
            read[place.partition] += records
            total += len(records)
    check(total == count, "reads as many records as it produced", total)
    wrong = 0
    for records in read:
        previous = -1
        for offset, record in enumerate(records):
            i = int(record.value[len(b"value-"):])
            wrong += not (record.offset == offset and i > previous and record.key == key_of(i)
                          and record.timestamp == first_timestamp + i)
            previous = i
    check(wrong == 0, "every partition is in order, without gaps, with what was sent", wrong)
    return read


def first(consumer, place, offset):
    consumer.assign([place])
    consumer.seek(place, offset)
    deadline = time.monotonic() + READ_SECONDS_MAX
    while time.monotonic() < deadline:
        for records in consumer.poll(timeout_ms=500, max_records=1).values():
            return records[0]
    return None


def seek(consumer, read):
    for place, records in zip(places, read):
        wanted = records[len(records) // 2]
        found = first(consumer, place, wanted.offset)
        check(found is not None and (found.offset, found.value) == (wanted.offset, wanted.value),
              "seeks partition %d to an offset" % place.partition, found)
        at = consumer.offsets_for_times({place: wanted.timestamp})[place]
        check((at.offset, at.timestamp) == (wanted.offset, wanted.timestamp),
              "finds the offset of a timestamp in partition %d" % place.partition, at)
    ends = consumer.end_offsets(places)
    check([ends[place] for place in places] == [len(records) for records in read],
          "knows the end offsets", ends)


def retention(admin):
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, [CONFIG])
    described = admin.describe_configs([resource], config_filter="all")
    return described["topic"][topic][CONFIG]["value"]


def configs(admin):
    before = retention(admin)
    check(before == "604800000", "describes the default of retention.ms", before)
    for incremental, value in ((True, "86400000"), (False, "43200000")):
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {CONFIG: value})],
                            incremental=incremental)
        after = retention(admin)
        check(after == value, "alters retention.ms (incrementally: %s) and reads it back"
              % incremental, after)


def main():
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    create_topic(admin)
    produce()
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None)
    seek(consumer, read_back(consumer))
    consumer.close()
    configs(admin)
    admin.close()


main()
