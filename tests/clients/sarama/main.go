// sarama. Usage: check HOST:PORT TOPIC RECORDS
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/IBM/sarama"
)

const (
	partitions = 6
	keys       = 1000
	limit      = 90 * time.Second
)

func check(good bool, name string, detail any) {
	if !good {
		fmt.Printf("FAILED  %s: %v\n", name, detail)
		os.Exit(1)
	}
	fmt.Printf("ok      %s\n", name)
}

func must(err error, name string) {
	if err != nil {
		check(false, name, err)
	}
}

type run struct {
	client         sarama.Client
	topic          string
	count          int
	firstTimestamp int64
	read           [partitions][]*sarama.ConsumerMessage
}

func config() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.V4_0_0_0
	config.Producer.Compression = sarama.CompressionZSTD
	config.Producer.Partitioner = sarama.NewHashPartitioner
	config.Producer.Return.Successes = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Idempotent = true
	config.Net.MaxOpenRequests = 1
	return config
}

func (r *run) createTopic(admin sarama.ClusterAdmin) {
	detail := &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1}
	must(admin.CreateTopic(r.topic, detail, false), "creates a topic")
	topics, err := admin.DescribeTopics([]string{r.topic})
	must(err, "describes the topic")
	size := len(topics[0].Partitions)
	check(size == partitions, "creates a topic with 6 partitions", size)
}

func (r *run) message(i int) *sarama.ProducerMessage {
	return &sarama.ProducerMessage{
		Topic:     r.topic,
		Key:       sarama.StringEncoder(fmt.Sprintf("key-%d", i%keys)),
		Value:     sarama.StringEncoder(fmt.Sprintf("value-%d", i)),
		Timestamp: time.UnixMilli(r.firstTimestamp + int64(i)),
		Metadata:  i,
	}
}

func (r *run) produce() {
	producer, err := sarama.NewAsyncProducerFromClient(r.client)
	must(err, "producer")
	go func() {
		for i := 0; i < r.count; i++ {
			producer.Input() <- r.message(i)
		}
		producer.AsyncClose()
	}()
	go func() {
		for problem := range producer.Errors() {
			check(false, "produce", problem)
		}
	}()
	partitioner := sarama.NewHashPartitioner(r.topic)
	total, wrong := 0, 0
	for message := range producer.Successes() {
		expected, err := partitioner.Partition(r.message(message.Metadata.(int)), partitions)
		if err != nil || expected != message.Partition {
			wrong++
		}
		total++
	}
	check(total == r.count && wrong == 0,
		fmt.Sprintf("produces %d records by key, zstd, idempotent", r.count),
		fmt.Sprintf("%d acknowledged, %d in another partition", total, wrong))
}

func (r *run) readBack(consumer sarama.Consumer) {
	total := 0
	deadline := time.After(limit)
	for p := int32(0); p < partitions; p++ {
		end, err := r.client.GetOffset(r.topic, p, sarama.OffsetNewest)
		must(err, "end offset")
		reader, err := consumer.ConsumePartition(r.topic, p, sarama.OffsetOldest)
		must(err, "consume")
		for int64(len(r.read[p])) < end {
			select {
			case message := <-reader.Messages():
				r.read[p] = append(r.read[p], message)
				total++
			case <-deadline:
				check(false, "reads as many records as it produced", total)
			}
		}
		must(reader.Close(), "close")
	}
	check(total == r.count, "reads as many records as it produced", total)
	wrong := 0
	for _, messages := range r.read {
		previous := -1
		for offset, message := range messages {
			i, err := strconv.Atoi(strings.TrimPrefix(string(message.Value), "value-"))
			if err != nil || message.Offset != int64(offset) || i <= previous ||
				string(message.Key) != fmt.Sprintf("key-%d", i%keys) ||
				message.Timestamp.UnixMilli() != r.firstTimestamp+int64(i) {
				wrong++
			}
			previous = i
		}
	}
	check(wrong == 0, "every partition is in order, without gaps, with what was sent", wrong)
}

func (r *run) seek(consumer sarama.Consumer) {
	for p := int32(0); p < partitions; p++ {
		wanted := r.read[p][len(r.read[p])/2]
		at, err := r.client.GetOffset(r.topic, p, wanted.Timestamp.UnixMilli())
		must(err, "offset of a timestamp")
		check(at == wanted.Offset, fmt.Sprintf("finds the offset of a timestamp in partition %d", p), at)
		reader, err := consumer.ConsumePartition(r.topic, p, at)
		must(err, "consume")
		select {
		case message := <-reader.Messages():
			check(message.Offset == at && string(message.Value) == string(wanted.Value),
				fmt.Sprintf("seeks partition %d to an offset", p), message.Offset)
		case <-time.After(limit):
			check(false, "seeks to an offset", "nothing came")
		}
		must(reader.Close(), "close")
	}
}

func retention(admin sarama.ClusterAdmin, topic string) string {
	entries, err := admin.DescribeConfig(sarama.ConfigResource{
		Type: sarama.TopicResource, Name: topic, ConfigNames: []string{"retention.ms"}})
	must(err, "describes configs")
	for _, entry := range entries {
		if entry.Name == "retention.ms" {
			return entry.Value
		}
	}
	return ""
}

func (r *run) configs(admin sarama.ClusterAdmin) {
	before := retention(admin, r.topic)
	check(before == "604800000", "describes the default of retention.ms", before)
	value := "86400000"
	must(admin.IncrementalAlterConfig(sarama.TopicResource, r.topic,
		map[string]sarama.IncrementalAlterConfigsEntry{
			"retention.ms": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &value}},
		false), "alters configs")
	after := retention(admin, r.topic)
	check(after == value, "alters retention.ms and reads it back", after)
	value = "43200000"
	must(admin.AlterConfig(sarama.TopicResource, r.topic, map[string]*string{"retention.ms": &value},
		false), "replaces configs")
	after = retention(admin, r.topic)
	check(after == value, "replaces the configs and reads retention.ms back", after)
}

func main() {
	count, err := strconv.Atoi(os.Args[3])
	must(err, "RECORDS")
	client, err := sarama.NewClient([]string{os.Args[1]}, config())
	must(err, "connects")
	admin, err := sarama.NewClusterAdminFromClient(client)
	must(err, "admin")
	consumer, err := sarama.NewConsumerFromClient(client)
	must(err, "consumer")
	r := &run{client: client, topic: os.Args[2], count: count,
		firstTimestamp: time.Now().UnixMilli() - int64(count)}
	r.createTopic(admin)
	r.produce()
	r.readBack(consumer)
	r.seek(consumer)
	r.configs(admin)
}
