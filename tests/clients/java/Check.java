/* The Java client, org.apache.kafka:kafka-clients. Usage: Check HOST:PORT TOPIC RECORDS [PART]
 *
 * PART is all (default), produce (only creates and produces) or read (only reads what an earlier
 * produce left). */
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Future;
import java.time.Duration;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Utils;

public class Check {
    static final int PARTITIONS = 6;
    static final int KEYS = 1000;
    static final Duration POLL = Duration.ofMillis(500);
    static final long READ_MS_MAX = 60_000;

    final String bootstrap;
    final String topic;
    final int count;
    long firstTimestamp;
    final List<TopicPartition> partitions;
    final List<List<ConsumerRecord<String, String>>> read = new ArrayList<>();

    Check(String bootstrap, String topic, int count) {
        this.bootstrap = bootstrap;
        this.topic = topic;
        this.count = count;
        this.firstTimestamp = System.currentTimeMillis() - count;
        this.partitions =
            IntStream.range(0, PARTITIONS).mapToObj(p -> new TopicPartition(topic, p)).toList();
        partitions.forEach(p -> read.add(new ArrayList<>()));
    }

    static void check(boolean good, String name, Object detail) {
        System.out.println((good ? "ok      " : "FAILED  ") + name + (good ? "" : ": " + detail));
        if (!good) {
            System.exit(1);
        }
    }

    Properties properties() {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        return properties;
    }

    void createTopic(Admin admin) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, PARTITIONS, (short) 1))).all().get();
        int size = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic)
            .partitions().size();
        check(size == PARTITIONS, "creates a topic with 6 partitions", size);
    }

    void produce() throws Exception {
        Properties properties = properties();
        properties.put("compression.type", "gzip");
        properties.put("linger.ms", "5");
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (var producer = new KafkaProducer<>(properties, new StringSerializer(),
                                                new StringSerializer())) {
            for (int i = 0; i < count; i++) {
                sent.add(producer.send(new ProducerRecord<>(
                    topic, null, firstTimestamp + i, "key-" + i % KEYS, "value-" + i)));
            }
        }
        int wrong = 0;
        for (int i = 0; i < count; i++) {
            byte[] key = ("key-" + i % KEYS).getBytes(StandardCharsets.UTF_8);
            int expected = Utils.toPositive(Utils.murmur2(key)) % PARTITIONS;
            wrong += sent.get(i).get().partition() == expected ? 0 : 1;
        }
        check(wrong == 0, "produces " + count + " records by key, gzip, idempotent", wrong);
    }

    static int number(ConsumerRecord<String, String> record) {
        return Integer.parseInt(record.value().substring("value-".length()));
    }

    void readBack(KafkaConsumer<String, String> consumer) {
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        int total = 0;
        long deadline = System.currentTimeMillis() + READ_MS_MAX;
        while (total < count && System.currentTimeMillis() < deadline) {
            for (var record : consumer.poll(POLL)) {
                read.get(record.partition()).add(record);
                total++;
            }
        }
        check(total == count, "reads as many records as it produced", total);
        var any = read.stream().flatMap(List::stream).findFirst().orElseThrow();
        firstTimestamp = any.timestamp() - number(any); /* Of the run that produced. */
        int wrong = 0;
        for (var records : read) {
            int previous = -1;
            for (int offset = 0; offset < records.size(); offset++) {
                var record = records.get(offset);
                int i = number(record);
                boolean good = record.offset() == offset && i > previous
                    && record.key().equals("key-" + i % KEYS)
                    && record.timestamp() == firstTimestamp + i;
                wrong += good ? 0 : 1;
                previous = i;
            }
        }
        check(wrong == 0, "every partition is in order, without gaps, with what was sent", wrong);
    }

    ConsumerRecord<String, String> first(KafkaConsumer<String, String> consumer, int partition,
                                         long offset) {
        TopicPartition place = partitions.get(partition);
        consumer.assign(List.of(place));
        consumer.seek(place, offset);
        long deadline = System.currentTimeMillis() + READ_MS_MAX;
        while (System.currentTimeMillis() < deadline) {
            for (var record : consumer.poll(POLL)) {
                return record;
            }
        }
        return null;
    }

    void seek(KafkaConsumer<String, String> consumer) {
        for (int p = 0; p < PARTITIONS; p++) {
            var wanted = read.get(p).get(read.get(p).size() / 2);
            var found = first(consumer, p, wanted.offset());
            check(found != null && found.offset() == wanted.offset()
                      && found.value().equals(wanted.value()),
                  "seeks partition " + p + " to an offset", found);
            TopicPartition place = partitions.get(p);
            OffsetAndTimestamp at =
                consumer.offsetsForTimes(Map.of(place, wanted.timestamp())).get(place);
            check(at != null && at.offset() == wanted.offset()
                      && at.timestamp() == wanted.timestamp(),
                  "finds the offset of a timestamp in partition " + p, at);
        }
        var ends = consumer.endOffsets(partitions);
        var late = consumer.offsetsForTimes(
            Map.of(partitions.get(0), System.currentTimeMillis() + 3_600_000)).get(partitions.get(0));
        check(late == null, "finds nothing behind the last timestamp", late);
        check(ends.get(partitions.get(0)) == read.get(0).size(), "knows the end offsets", ends);
    }

    ConfigEntry retention(Admin admin, ConfigResource resource) throws Exception {
        Config config = admin.describeConfigs(Set.of(resource)).all().get().get(resource);
        return config.get("retention.ms");
    }

    void configs(Admin admin) throws Exception {
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        ConfigEntry before = retention(admin, resource);
        check(before.isDefault() && before.value().equals("604800000"),
              "describes the default of retention.ms", before);
        var change = new AlterConfigOp(new ConfigEntry("retention.ms", "86400000"),
                                       AlterConfigOp.OpType.SET);
        admin.incrementalAlterConfigs(Map.of(resource, List.of(change))).all().get();
        ConfigEntry after = retention(admin, resource);
        check(after.value().equals("86400000")
                  && after.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG,
              "alters retention.ms and reads it back", after);
    }

    public static void main(String[] arguments) throws Exception {
        Check check = new Check(arguments[0], arguments[1], Integer.parseInt(arguments[2]));
        String part = arguments.length > 3 ? arguments[3] : "all";
        try (Admin admin = Admin.create(check.properties())) {
            if (!part.equals("read")) {
                check.createTopic(admin);
                check.produce();
            }
            if (!part.equals("produce")) {
                try (var consumer = new KafkaConsumer<>(
                         check.properties(), new StringDeserializer(), new StringDeserializer())) {
                    check.readBack(consumer);
                    check.seek(consumer);
                }
            }
            if (part.equals("all")) {
                check.configs(admin);
            }
        }
    }
}
