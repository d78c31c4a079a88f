// node-rdkafka. Usage: node check.js HOST:PORT TOPIC RECORDS
//
// It has no requests for configs beyond those of a new topic.
const rdkafka = require('node-rdkafka')
const { promisify } = require('util')

const PARTITIONS = 6
const KEYS = 1000
const READ_MS_MAX = 60000
const WAIT_MS = 10000
const [bootstrap, topic] = process.argv.slice(2)
const count = Number(process.argv[4])
const firstTimestamp = Date.now() - count

function check(good, name, detail) {
  console.log(good ? `ok      ${name}` : `FAILED  ${name}: ${JSON.stringify(detail)}`)
  if (!good) process.exit(1)
}

// librdkafka's default partitioner, "consistent_random": CRC-32 of the key.
function crc32(bytes) {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}

async function createTopic() {
  const admin = rdkafka.AdminClient.create({ 'metadata.broker.list': bootstrap, log_level: 4 })
  await promisify(admin.createTopic.bind(admin))({
    topic, num_partitions: PARTITIONS, replication_factor: 1,
    config: { 'retention.ms': '86400000' },
  }, WAIT_MS)
  admin.disconnect()
}

async function connected(client) {
  const metadata = await promisify(client.connect.bind(client))({ topic, timeout: WAIT_MS })
  return metadata.topics.find(t => t.name === topic).partitions.length
}

async function produce() {
  const producer = new rdkafka.Producer({
    'metadata.broker.list': bootstrap, log_level: 4,
    'enable.idempotence': true,
    'compression.codec': 'lz4',
    'linger.ms': 5,
    'queue.buffering.max.messages': count + 1,
    dr_cb: true,
  })
  let delivered = 0
  let wrong = 0
  const expected = new Map()
  for (let k = 0; k < KEYS; k++) {
    expected.set(`key-${k}`, crc32(Buffer.from(`key-${k}`)) % PARTITIONS)
  }
  producer.on('delivery-report', (error, report) => {
    if (!error) delivered += 1
    if (error || report.partition !== expected.get(report.key.toString())) wrong += 1
  })
  const size = await connected(producer)
  check(size === PARTITIONS, 'creates a topic with 6 partitions', size)
  producer.setPollInterval(20)
  for (let i = 0; i < count; i++) {
    producer.produce(topic, null, Buffer.from(`value-${i}`), `key-${i % KEYS}`, firstTimestamp + i)
  }
  await promisify(producer.flush.bind(producer))(READ_MS_MAX)
  for (let waited = 0; delivered < count && waited < WAIT_MS; waited += 20) {
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  check(delivered === count && wrong === 0,
    `produces ${count} records by key, lz4, idempotent`, { delivered, wrong })
  await promisify(producer.disconnect.bind(producer))()
}

async function consumer() {
  const client = new rdkafka.KafkaConsumer({
    'metadata.broker.list': bootstrap, log_level: 4, 'group.id': `${topic}-none`,
    'enable.auto.commit': false,
  }, { 'auto.offset.reset': 'error' })
  await connected(client)
  client.setDefaultConsumeTimeout(500)
  return { client, consume: promisify(client.consume.bind(client)) }
}

async function readBack({ client, consume }) {
  const read = []
  client.assign(Array.from({ length: PARTITIONS }, (_, partition) => {
    read.push([])
    return { topic, partition, offset: 0 }
  }))
  let total = 0
  for (const start = Date.now(); total < count && Date.now() - start < READ_MS_MAX;) {
    for (const message of await consume(1000)) {
      read[message.partition].push(message)
      total += 1
    }
  }
  check(total === count, 'reads as many records as it produced', total)
  let wrong = 0
  for (const messages of read) {
    let previous = -1
    messages.forEach((message, offset) => {
      const i = Number(message.value.toString().slice('value-'.length))
      const good = message.offset === offset && i > previous &&
        message.key.toString() === `key-${i % KEYS}` && message.timestamp === firstTimestamp + i
      if (!good) wrong += 1
      previous = i
    })
  }
  check(wrong === 0, 'every partition is in order, without gaps, with what was sent', wrong)
  return read
}

async function seek({ client, consume }, read) {
  const offsetsForTimes = promisify(client.offsetsForTimes.bind(client))
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const wanted = read[partition][read[partition].length >> 1]
    const [at] = await offsetsForTimes([{ topic, partition, offset: wanted.timestamp }], WAIT_MS)
    check(at.offset === wanted.offset,
      `finds the offset of a timestamp in partition ${partition}`, at)
    client.assign([{ topic, partition, offset: wanted.offset }])
    let found = []
    for (const start = Date.now(); found.length === 0 && Date.now() - start < READ_MS_MAX;) {
      found = await consume(1)
    }
    check(found.length === 1 && found[0].offset === wanted.offset &&
      found[0].value.equals(wanted.value), `seeks partition ${partition} to an offset`, found)
  }
  const { highOffset } = await promisify(client.queryWatermarkOffsets.bind(client))(
    topic, 0, WAIT_MS)
  check(highOffset === read[0].length, 'knows the end offsets', highOffset)
}

async function main() {
  await createTopic()
  await produce()
  const reader = await consumer()
  await seek(reader, await readBack(reader))
  await promisify(reader.client.disconnect.bind(reader.client))()
}

main().catch(error => check(false, 'no error', String(error.stack)))
