"""confluent-kafka-python (librdkafka). Usage: check.py HOST:PORT TOPIC RECORDS"""
import sys
import time
import zlib

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource,
                                   NewTopic)

PARTITIONS = 6
KEYS = 1000
READ_SECONDS_MAX = 90
WAIT_SECONDS = 10
CONFIG = "retention.ms"
LOG_LEVEL = 4  # Warnings and worse: `run` takes any such line for a failure.

bootstrap, topic, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
first_timestamp = int(time.time() * 1000) - count


def check(good, name, detail=None):
    print("ok      %s" % name if good else "FAILED  %s: %s" % (name, detail), flush=True)
    if not good:
        sys.exit(1)


def key_of(i):
    return b"key-%d" % (i % KEYS)


def create_topic(admin):
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(WAIT_SECONDS)
    size = len(admin.list_topics(topic, WAIT_SECONDS).topics[topic].partitions)
    check(size == PARTITIONS, "creates a topic with 6 partitions", size)


def produce():
    producer = Producer({"bootstrap.servers": bootstrap, "log_level": LOG_LEVEL,
                         "enable.idempotence": True, "compression.codec": "zstd", "linger.ms": 5,
                         "queue.buffering.max.messages": count + 1})
    # librdkafka's default partitioner, "consistent_random": CRC-32 of the key.
    expected = {key_of(i): zlib.crc32(key_of(i)) % PARTITIONS for i in range(KEYS)}
    delivered, wrong = 0, 0

    def on_delivery(error, message):
        nonlocal delivered, wrong
        delivered += error is None
        wrong += error is not None or message.partition() != expected[message.key()]

    for i in range(count):
        producer.produce(topic, b"value-%d" % i, key_of(i), timestamp=first_timestamp + i,
                         on_delivery=on_delivery)
        producer.poll(0)
    producer.flush(READ_SECONDS_MAX)
    check(delivered == count and wrong == 0,
          "produces %d records by key, zstd, idempotent" % count, (delivered, wrong))


def read_back(consumer):
    read = [[] for _ in range(PARTITIONS)]
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    total, deadline = 0, time.monotonic() + READ_SECONDS_MAX
    while total < count and time.monotonic() < deadline:
        for message in consumer.consume(5000, 0.5):
            if message.error() is None:
                read[message.partition()].append(message)
                total += 1
    check(total == count, "reads as many records as it produced", total)
    wrong = 0
    for messages in read:
        previous = -1
        for offset, message in enumerate(messages):
            i = int(message.value()[len(b"value-"):])
            wrong += not (message.offset() == offset and i > previous
                          and message.key() == key_of(i)
                          and message.timestamp()[1] == first_timestamp + i)
            previous = i
    check(wrong == 0, "every partition is in order, without gaps, with what was sent", wrong)
    return read


def seek(consumer, read):
    for partition, messages in enumerate(read):
        wanted = messages[len(messages) // 2]
        timestamp = wanted.timestamp()[1]
        at = consumer.offsets_for_times([TopicPartition(topic, partition, timestamp)],
                                        WAIT_SECONDS)[0]
        check(at.offset == wanted.offset(),
              "finds the offset of a timestamp in partition %d" % partition, at)
        consumer.assign([TopicPartition(topic, partition, wanted.offset())])
        found = consumer.poll(READ_SECONDS_MAX)
        check(found is not None and found.error() is None
              and (found.offset(), found.value()) == (wanted.offset(), wanted.value()),
              "seeks partition %d to an offset" % partition, found)
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), WAIT_SECONDS, False)
    check((low, high) == (0, len(read[0])), "knows the first and the end offset", (low, high))


def retention(admin):
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    return admin.describe_configs([resource])[resource].result(WAIT_SECONDS)[CONFIG].value


def configs(admin):
    before = retention(admin)
    check(before == "604800000", "describes the default of retention.ms", before)
    change = ConfigEntry(CONFIG, "86400000", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[change])
    admin.incremental_alter_configs([resource])[resource].result(WAIT_SECONDS)
    after = retention(admin)
    check(after == "86400000", "alters retention.ms and reads it back", after)


def main():
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": LOG_LEVEL})
    create_topic(admin)
    produce()
    consumer = Consumer({"bootstrap.servers": bootstrap, "log_level": LOG_LEVEL,
                         "group.id": topic + "-none", "enable.auto.commit": False,
                         "auto.offset.reset": "error"})
    seek(consumer, read_back(consumer))
    consumer.close()
    configs(admin)


main()
