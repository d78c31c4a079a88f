// kafkajs. Usage: node check.js HOST:PORT TOPIC RECORDS
//
// Its consumer always joins a group, so records are read with what that consumer is made of: the
// cluster and its brokers' fetch().
const { Kafka, CompressionTypes, ConfigResourceTypes, Partitioners, logLevel } = require('kafkajs')
const Cluster = require('kafkajs/src/cluster')
const createSocketFactory = require('kafkajs/src/network/socketFactory')

const PARTITIONS = 6
const KEYS = 1000
const SEND_AT_ONCE = 5000
const FETCH_BYTES = 1048576
const [bootstrap, topic] = process.argv.slice(2)
const count = Number(process.argv[4])
const firstTimestamp = Date.now() - count

function check(good, name, detail) {
  console.log(good ? `ok      ${name}` : `FAILED  ${name}: ${JSON.stringify(detail)}`)
  if (!good) process.exit(1)
}

const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR })
const admin = kafka.admin()
const cluster = new Cluster({
  logger: kafka.logger(),
  brokers: [bootstrap],
  offsets: new Map(),
  socketFactory: createSocketFactory(),
  connectionTimeout: 10000,
  requestTimeout: 30000,
  enforceRequestTimeout: true,
  metadataMaxAge: 300000,
  retry: {},
})

async function createTopic() {
  await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: true })
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  const size = topics[0].partitions.length
  check(size === PARTITIONS, 'creates a topic with 6 partitions', size)
  return topics[0].partitions
}

function message(i) {
  return { key: `key-${i % KEYS}`, value: `value-${i}`, timestamp: String(firstTimestamp + i) }
}

async function produce(partitionMetadata) {
  const chosen = new Map()
  const choose = Partitioners.DefaultPartitioner()
  const createPartitioner = () => parameters => {
    const partition = choose(parameters)
    chosen.set(parameters.message.key, partition)
    return partition
  }
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, createPartitioner })
  await producer.connect()
  let records = 0
  for (let start = 0; start < count; start += SEND_AT_ONCE) {
    const messages = []
    for (let i = start; i < Math.min(start + SEND_AT_ONCE, count); i++) messages.push(message(i))
    const results = await producer.send({
      topic, messages, acks: -1, compression: CompressionTypes.GZIP,
    })
    for (const result of results) {
      if (result.errorCode === 0) records += 1
    }
  }
  await producer.disconnect()
  check(records > 0, `produces ${count} records by key, gzip, idempotent`, records)
  const own = Partitioners.DefaultPartitioner()
  const expected = new Map()
  for (const key of chosen.keys()) {
    expected.set(key, own({ topic, partitionMetadata, message: { key } }))
  }
  return expected
}

async function fetch(partition, fetchOffset) {
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]))
  const broker = await cluster.findBroker({ nodeId })
  const { responses } = await broker.fetch({
    maxWaitTime: 500,
    topics: [{ topic, partitions: [{ partition, fetchOffset, maxBytes: FETCH_BYTES }] }],
  })
  return responses[0].partitions[0].messages.filter(
    ({ offset }) => BigInt(offset) >= BigInt(fetchOffset)
  )
}

async function readBack(expected) {
  const ends = await admin.fetchTopicOffsets(topic)
  const read = []
  let total = 0
  let wrong = 0
  let elsewhere = 0
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const end = Number(ends.find(e => e.partition === partition).high)
    const messages = []
    while (messages.length < end) {
      const more = await fetch(partition, String(messages.length))
      for (const one of more) messages.push(one)
      if (more.length === 0) break
    }
    let previous = -1
    messages.forEach((one, offset) => {
      const i = Number(one.value.toString().slice('value-'.length))
      const good = Number(one.offset) === offset && i > previous &&
        one.key.toString() === message(i).key && one.timestamp === message(i).timestamp
      if (!good) wrong += 1
      if (expected.get(one.key.toString()) !== partition) elsewhere += 1
      previous = i
    })
    total += messages.length
    read.push(messages)
  }
  check(total === count, 'reads as many records as it produced', total)
  check(wrong === 0, 'every partition is in order, without gaps, with what was sent', wrong)
  check(elsewhere === 0, 'every key is in the partition that the partitioner says', elsewhere)
  return read
}

async function seek(read) {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const wanted = read[partition][read[partition].length >> 1]
    const [found] = await fetch(partition, wanted.offset)
    check(found.offset === wanted.offset && found.value.equals(wanted.value),
      `seeks partition ${partition} to an offset`, found)
    const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, Number(wanted.timestamp))
    const at = offsets.find(o => o.partition === partition)
    check(at.offset === wanted.offset,
      `finds the offset of a timestamp in partition ${partition}`, at)
  }
}

async function retention() {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: true,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: ['retention.ms'] }],
  })
  return resources[0].configEntries[0]
}

async function configs() {
  const before = await retention()
  check(before.configValue === '604800000', 'describes the default of retention.ms', before)
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{
      type: ConfigResourceTypes.TOPIC,
      name: topic,
      configEntries: [{ name: 'retention.ms', value: '86400000' }],
    }],
  })
  const after = await retention()
  check(after.configValue === '86400000', 'alters retention.ms and reads it back', after)
}

async function main() {
  await admin.connect()
  const expected = await produce(await createTopic())
  await cluster.connect()
  await cluster.addTargetTopic(topic)
  await seek(await readBack(expected))
  await configs()
  await cluster.disconnect()
  await admin.disconnect()
}

main().catch(error => check(false, 'no error', String(error.stack)))
