import { type Broker, produceV10, produceV11, produceV3, produceV4, produceV5, produceV6, produceV7, produceV8, produceV9, Writer } from '@platformatic/kafka';
import type { KafkaClient } from './cluster.ts';

/** How it went with the batch of one partition: its error's number in the protocol, 0 for none. */
export interface PartitionOutcome {
  readonly partition: number;
  readonly errorCode: number;
  /** What the broker says about it. */
  readonly message: string | null;
}

export interface ProduceRequest {
  readonly topic: string;
  readonly batches: readonly { readonly partition: number; readonly bytes: Buffer }[];
  /** Milliseconds that the broker may wait for its replicas. */
  readonly timeout: number;
}

const KEY = 0;
const ALL_REPLICAS = -1;
/** From this version on, the request is in the compact form. */
const COMPACT = 9;

const PARSERS = new Map([
  [3, produceV3.parseResponse], [4, produceV4.parseResponse], [5, produceV5.parseResponse], [6, produceV6.parseResponse], [7, produceV7.parseResponse],
  [8, produceV8.parseResponse], [9, produceV9.parseResponse], [10, produceV10.parseResponse], [11, produceV11.parseResponse],
]);

/**
 * Sends batches that are encoded already, one for each partition: the library's own encoder makes several objects for each record.
 * @throws the library's error if there is no answer; an answer that has errors in it is given back
 */
export async function sendBatches(client: KafkaClient, broker: Broker, request: ProduceRequest): Promise<PartitionOutcome[]> {
  const connection = await client.connection(broker);
  const { version } = await client.api('Produce');
  const parse = PARSERS.get(version);
  if (parse === undefined) throw new Error(`version ${version} of Produce is not known`);
  const compact = version >= COMPACT;
  return await new Promise((resolve, reject) => {
    connection.send(KEY, version, () => write(request, compact), parse, compact, compact, (error, response) => {
      const answer = response ?? (error as { response?: typeof response } | null)?.response;
      if (answer === undefined) return reject(error ?? new Error('no answer'));
      const partitions = answer.responses.flatMap((topic) => topic.partitionResponses);
      return resolve(partitions.map((of) => ({ partition: of.index, errorCode: of.errorCode, message: 'errorMessage' in of ? of.errorMessage ?? null : null })));
    });
  });
}

/** https://kafka.apache.org/protocol.html#The_Messages_Produce */
function write({ topic, batches, timeout }: ProduceRequest, compact: boolean): Writer {
  const writer = Writer.create().appendString(null, compact).appendInt16(ALL_REPLICAS).appendInt32(timeout);
  appendCount(writer, 1, compact).appendString(topic, compact);
  appendCount(writer, batches.length, compact);
  for (const { partition, bytes } of batches) {
    writer.appendInt32(partition);
    if (compact) writer.appendUnsignedVarInt(bytes.length + 1).append(bytes).appendTaggedFields();
    else writer.appendInt32(bytes.length).append(bytes);
  }
  if (compact) writer.appendTaggedFields().appendTaggedFields();
  return writer;
}

function appendCount(writer: Writer, count: number, compact: boolean): Writer {
  return compact ? writer.appendUnsignedVarInt(count + 1) : writer.appendInt32(count);
}
