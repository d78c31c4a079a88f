// franz-go. Usage: check HOST:PORT TOPIC RECORDS
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
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
	bootstrap      string
	topic          string
	count          int
	firstTimestamp int64
	read           [partitions][]*kgo.Record
}

func (r *run) client(options ...kgo.Opt) *kgo.Client {
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(r.bootstrap))...)
	must(err, "client")
	return client
}

func (r *run) createTopic(admin *kadm.Client) {
	_, err := admin.CreateTopic(r.context, partitions, 1, nil, r.topic)
	must(err, "creates a topic")
	topics, err := admin.ListTopics(r.context, r.topic)
	must(err, "lists the topic")
	size := len(topics[r.topic].Partitions)
	check(size == partitions, "creates a topic with 6 partitions", size)
}

func (r *run) produce() {
	partitioner := kgo.StickyKeyPartitioner(nil)
	client := r.client(kgo.ProducerBatchCompression(kgo.SnappyCompression()),
		kgo.RecordPartitioner(partitioner), kgo.ProducerLinger(5*time.Millisecond))
	defer client.Close()
	expected := partitioner.ForTopic(r.topic)
	var wrong, failed atomic.Int64
	for i := 0; i < r.count; i++ {
		record := &kgo.Record{
			Topic:     r.topic,
			Key:       []byte(fmt.Sprintf("key-%d", i%keys)),
			Value:     []byte(fmt.Sprintf("value-%d", i)),
			Timestamp: time.UnixMilli(r.firstTimestamp + int64(i)),
		}
		want := expected.Partition(record, partitions)
		client.Produce(r.context, record, func(done *kgo.Record, err error) {
			if err != nil {
				failed.Add(1)
			} else if int(done.Partition) != want {
				wrong.Add(1)
			}
		})
	}
	must(client.Flush(r.context), "flush")
	check(failed.Load() == 0 && wrong.Load() == 0,
		fmt.Sprintf("produces %d records by key, snappy, idempotent", r.count),
		fmt.Sprintf("%d failed, %d in another partition", failed.Load(), wrong.Load()))
}

func (r *run) readBack() {
	offsets := map[int32]kgo.Offset{}
	for p := int32(0); p < partitions; p++ {
		offsets[p] = kgo.NewOffset().AtStart()
	}
	client := r.client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{r.topic: offsets}))
	defer client.Close()
	total := 0
	for total < r.count {
		fetches := client.PollFetches(r.context)
		if r.context.Err() != nil {
			break
		}
		for _, problem := range fetches.Errors() {
			check(false, "fetch", problem.Err)
		}
		fetches.EachRecord(func(record *kgo.Record) {
			r.read[record.Partition] = append(r.read[record.Partition], record)
			total++
		})
	}
	check(total == r.count, "reads as many records as it produced", total)
	wrong := 0
	for _, records := range r.read {
		previous := -1
		for offset, record := range records {
			i, err := strconv.Atoi(strings.TrimPrefix(string(record.Value), "value-"))
			if err != nil || record.Offset != int64(offset) || i <= previous ||
				string(record.Key) != fmt.Sprintf("key-%d", i%keys) ||
				record.Timestamp.UnixMilli() != r.firstTimestamp+int64(i) {
				wrong++
			}
			previous = i
		}
	}
	check(wrong == 0, "every partition is in order, without gaps, with what was sent", wrong)
}

func (r *run) first(partition int32, offset kgo.Offset) *kgo.Record {
	client := r.client(kgo.ConsumePartitions(
		map[string]map[int32]kgo.Offset{r.topic: {partition: offset}}))
	defer client.Close()
	for r.context.Err() == nil {
		if records := client.PollFetches(r.context).Records(); len(records) > 0 {
			return records[0]
		}
	}
	return nil
}

func (r *run) seek(admin *kadm.Client) {
	for p := int32(0); p < partitions; p++ {
		wanted := r.read[p][len(r.read[p])/2]
		found := r.first(p, kgo.NewOffset().At(wanted.Offset))
		check(found != nil && found.Offset == wanted.Offset && string(found.Value) == string(wanted.Value),
			fmt.Sprintf("seeks partition %d to an offset", p), found)
		found = r.first(p, kgo.NewOffset().AfterMilli(wanted.Timestamp.UnixMilli()))
		check(found != nil && found.Offset == wanted.Offset,
			fmt.Sprintf("seeks partition %d to a timestamp", p), found)
	}
	middle := r.read[0][len(r.read[0])/2]
	listed, err := admin.ListOffsetsAfterMilli(r.context, middle.Timestamp.UnixMilli(), r.topic)
	must(err, "lists offsets")
	at, _ := listed.Lookup(r.topic, 0)
	check(at.Offset == middle.Offset, "finds the offset of a timestamp", at)
	ends, err := admin.ListEndOffsets(r.context, r.topic)
	must(err, "lists end offsets")
	end, _ := ends.Lookup(r.topic, 0)
	check(end.Offset == int64(len(r.read[0])), "knows the end offsets", end)
}

func (r *run) retention(admin *kadm.Client) string {
	configs, err := admin.DescribeTopicConfigs(r.context, r.topic)
	must(err, "describes configs")
	config, err := configs.On(r.topic, nil)
	must(err, "describes configs of the topic")
	for _, entry := range config.Configs {
		if entry.Key == "retention.ms" {
			return entry.MaybeValue()
		}
	}
	return ""
}

func (r *run) configs(admin *kadm.Client) {
	before := r.retention(admin)
	check(before == "604800000", "describes the default of retention.ms", before)
	value := "86400000"
	changed, err := admin.AlterTopicConfigs(r.context,
		[]kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: &value}}, r.topic)
	must(err, "alters configs")
	for _, change := range changed {
		must(change.Err, "alters configs of the topic")
	}
	after := r.retention(admin)
	check(after == value, "alters retention.ms and reads it back", after)
}

func main() {
	count, err := strconv.Atoi(os.Args[3])
	must(err, "RECORDS")
	timed, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	r := &run{context: timed, bootstrap: os.Args[1], topic: os.Args[2], count: count,
		firstTimestamp: time.Now().UnixMilli() - int64(count)}
	client := r.client()
	defer client.Close()
	admin := kadm.NewClient(client)
	r.createTopic(admin)
	r.produce()
	r.readBack()
	r.seek(admin)
	r.configs(admin)
}
