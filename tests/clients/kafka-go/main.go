// kafka-go. Usage: check HOST:PORT TOPIC RECORDS
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
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
	context        context.Context
	client         *kafka.Client
	bootstrap      string
	topic          string
	count          int
	firstTimestamp int64
	read           [partitions][]kafka.Message
}

func (r *run) createTopic() {
	created, err := r.client.CreateTopics(r.context, &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{
			{Topic: r.topic, NumPartitions: partitions, ReplicationFactor: 1}}})
	must(err, "creates a topic")
	must(created.Errors[r.topic], "creates a topic")
	metadata, err := r.client.Metadata(r.context, &kafka.MetadataRequest{Topics: []string{r.topic}})
	must(err, "asks for metadata")
	size := len(metadata.Topics[0].Partitions)
	check(size == partitions, "creates a topic with 6 partitions", size)
}

func (r *run) produce() {
	var acknowledged, wrong atomic.Int64
	all := []int{0, 1, 2, 3, 4, 5}
	expected := kafka.Murmur2Balancer{}
	writer := &kafka.Writer{
		Addr:         kafka.TCP(r.bootstrap),
		Topic:        r.topic,
		Balancer:     kafka.Murmur2Balancer{},
		RequiredAcks: kafka.RequireAll,
		Compression:  kafka.Snappy,
		BatchSize:    1000,
		BatchTimeout: 10 * time.Millisecond,
		Completion: func(messages []kafka.Message, err error) {
			must(err, "produce")
			for _, message := range messages {
				acknowledged.Add(1)
				if message.Partition != expected.Balance(message, all...) {
					wrong.Add(1)
				}
			}
		},
	}
	messages := make([]kafka.Message, r.count)
	for i := range messages {
		messages[i] = kafka.Message{
			Key:   []byte(fmt.Sprintf("key-%d", i%keys)),
			Value: []byte(fmt.Sprintf("value-%d", i)),
			Time:  time.UnixMilli(r.firstTimestamp + int64(i)),
		}
	}
	must(writer.WriteMessages(r.context, messages...), "produce")
	must(writer.Close(), "close")
	check(acknowledged.Load() == int64(r.count) && wrong.Load() == 0,
		fmt.Sprintf("produces %d records by key, snappy", r.count),
		fmt.Sprintf("%d acknowledged, %d in another partition", acknowledged.Load(), wrong.Load()))
}

func (r *run) reader(partition int) *kafka.Reader {
	return kafka.NewReader(kafka.ReaderConfig{Brokers: []string{r.bootstrap}, Topic: r.topic,
		Partition: partition, MinBytes: 1, MaxBytes: 10 << 20, MaxWait: 500 * time.Millisecond})
}

func (r *run) ends() map[int]int64 {
	requests := []kafka.OffsetRequest{}
	for p := 0; p < partitions; p++ {
		requests = append(requests, kafka.LastOffsetOf(p))
	}
	listed, err := r.client.ListOffsets(r.context, &kafka.ListOffsetsRequest{
		Topics: map[string][]kafka.OffsetRequest{r.topic: requests}})
	must(err, "lists offsets")
	ends := map[int]int64{}
	for _, partition := range listed.Topics[r.topic] {
		must(partition.Error, "lists offsets of a partition")
		ends[partition.Partition] = partition.LastOffset
	}
	return ends
}

func (r *run) readBack() {
	total := 0
	for p, end := range r.ends() {
		reader := r.reader(p)
		must(reader.SetOffset(kafka.FirstOffset), "seek to the beginning")
		for int64(len(r.read[p])) < end {
			message, err := reader.ReadMessage(r.context)
			must(err, "read")
			r.read[p] = append(r.read[p], message)
			total++
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
				message.Time.UnixMilli() != r.firstTimestamp+int64(i) {
				wrong++
			}
			previous = i
		}
	}
	check(wrong == 0, "every partition is in order, without gaps, with what was sent", wrong)
}

func (r *run) seek() {
	for p := 0; p < partitions; p++ {
		wanted := r.read[p][len(r.read[p])/2]
		reader := r.reader(p)
		must(reader.SetOffset(wanted.Offset), "seek")
		message, err := reader.ReadMessage(r.context)
		must(err, "read")
		check(message.Offset == wanted.Offset && string(message.Value) == string(wanted.Value),
			fmt.Sprintf("seeks partition %d to an offset", p), message.Offset)
		must(reader.SetOffsetAt(r.context, wanted.Time), "seek to a timestamp")
		message, err = reader.ReadMessage(r.context)
		must(err, "read")
		check(message.Offset == wanted.Offset,
			fmt.Sprintf("seeks partition %d to a timestamp", p), message.Offset)
		must(reader.Close(), "close")
	}
}

func (r *run) retention() string {
	described, err := r.client.DescribeConfigs(r.context, &kafka.DescribeConfigsRequest{
		Resources: []kafka.DescribeConfigRequestResource{{ResourceType: kafka.ResourceTypeTopic,
			ResourceName: r.topic, ConfigNames: []string{"retention.ms"}}}})
	must(err, "describes configs")
	for _, resource := range described.Resources {
		must(resource.Error, "describes configs of the topic")
		for _, entry := range resource.ConfigEntries {
			return entry.ConfigValue
		}
	}
	return ""
}

func (r *run) configs() {
	before := r.retention()
	check(before == "604800000", "describes the default of retention.ms", before)
	changed, err := r.client.IncrementalAlterConfigs(r.context, &kafka.IncrementalAlterConfigsRequest{
		Resources: []kafka.IncrementalAlterConfigsRequestResource{{
			ResourceType: kafka.ResourceTypeTopic, ResourceName: r.topic,
			Configs: []kafka.IncrementalAlterConfigsRequestConfig{{Name: "retention.ms",
				Value: "86400000", ConfigOperation: kafka.ConfigOperationSet}}}}})
	must(err, "alters configs")
	for _, resource := range changed.Resources {
		must(resource.Error, "alters configs of the topic")
	}
	after := r.retention()
	check(after == "86400000", "alters retention.ms and reads it back", after)
}

func main() {
	count, err := strconv.Atoi(os.Args[3])
	must(err, "RECORDS")
	timed, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	r := &run{context: timed, bootstrap: os.Args[1], topic: os.Args[2], count: count,
		client:         &kafka.Client{Addr: kafka.TCP(os.Args[1]), Timeout: 10 * time.Second},
		firstTimestamp: time.Now().UnixMilli() - int64(count)}
	r.createTopic()
	r.produce()
	r.readBack()
	r.seek()
	r.configs()
}
