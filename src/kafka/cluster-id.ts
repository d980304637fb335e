import type { KafkaClusterConfig } from '../config.ts';
import { KafkaClient } from './cluster.ts';
import { kafkaFailure } from './failure.ts';

/** Milliseconds for the answer. */
const TIMEOUT = 10_000;

/** The id that a cluster was given when it was made: it tells its topics from those of the same names elsewhere. @throws WalhookError as of `kafkaFailure` */
export async function clusterId(cluster: KafkaClusterConfig, name: string): Promise<string> {
  const client = new KafkaClient(cluster, { clientId: name, requestTimeout: TIMEOUT });
  try {
    return (await client.metadata([], true)).id;
  } catch (error) {
    throw kafkaFailure(error, { cluster, what: 'ask which cluster it is' });
  } finally {
    client.close();
  }
}
