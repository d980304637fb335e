import type { Measure } from './measure.ts';
import { backfill } from './measures/backfill.ts';
import { batches } from './measures/batches.ts';
import { cpu } from './measures/cpu.ts';
import { decode } from './measures/decode.ts';
import { deliver } from './measures/deliver.ts';
import { enrich } from './measures/enrich.ts';
import { growth } from './measures/growth.ts';
import { history } from './measures/history.ts';
import { hooks } from './measures/hooks.ts';
import { isolation } from './measures/isolation.ts';
import { kafkaLatency } from './measures/kafka-latency.ts';
import { kafkaProduce } from './measures/kafka-produce.ts';
import { kafkaRebalance } from './measures/kafka-rebalance.ts';
import { kafkaWorkers } from './measures/kafka-workers.ts';
import { latency } from './measures/latency.ts';
import { memory } from './measures/memory.ts';
import { outage } from './measures/outage.ts';
import { slowEndpoint } from './measures/slow-endpoint.ts';
import { start } from './measures/start.ts';
import { updates } from './measures/updates.ts';

/** In the order in which they are run and shown. */
export const MEASURES: readonly Measure[] = [decode, deliver, batches, latency, slowEndpoint, isolation, memory, hooks, updates, cpu, start, growth, enrich, outage, backfill, history, kafkaWorkers, kafkaProduce, kafkaLatency, kafkaRebalance];
