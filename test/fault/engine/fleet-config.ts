import type { TestDatabase } from '../../support/postgres.ts';
import { SECRET } from '../../support/secret.ts';
import { ITEMS_TABLE } from '../../support/writer.ts';
import type { Bounds } from './again.ts';
import { WORKER_HEADER } from './overlap.ts';

/** Requests at once of each worker: `crm` has the moods, `audit` is its neighbour, `bulk` has the first one's moods and gets batches. */
const CONCURRENCY = { crm: 16, audit: 8, bulk: 2 } as const;
const BATCH = 20;
export type EndpointName = keyof typeof CONCURRENCY;
export const ENDPOINTS = Object.keys(CONCURRENCY) as EndpointName[];
/** Deliveries that a worker may have under way at once. */
const UNDER_WAY = CONCURRENCY.crm + CONCURRENCY.audit + CONCURRENCY.bulk * BATCH;
/** Deliveries in memory at once, of each process. */
export const IN_FLIGHT = 1_000;
/** Records after which a worker marks how far it has come: see delivering.ts. */
const MARKED = 16;
/** The shortest that there is, in milliseconds. */
export const SESSION = 6_000;
export const PARTITIONS = 8;

/** Requests that a worker may have been about to write when it was stopped: to an endpoint, while a connection was made. */
export const ABOUT_TO = 2;

/** What may come again for one mishap: see Bounds. What is settled out of order is no more than what is sent at once. */
export const BOUNDS: Bounds = { blind: IN_FLIGHT, older: UNDER_WAY + MARKED, woken: ABOUT_TO * ENDPOINTS.length };

export interface FleetConfigOptions {
  /** By which the receiver knows the process. */
  readonly name: string;
  /** Its name is that of the slot, the topic and the group. */
  readonly database: Pick<TestDatabase, 'name' | 'url'>;
  readonly brokers: readonly string[];
  /** Of the endpoints, by name. */
  readonly urls: Readonly<Record<string, string>>;
  /** Options of the endpoint `crm` in the place of the usual ones. */
  readonly crm?: Readonly<Record<string, unknown>>;
}

/** A process's configuration: the same for all but the header by which the receiver knows who sent it. */
export function fleetConfig({ name, database, brokers, urls, crm = {} }: FleetConfigOptions): Readonly<Record<string, unknown>> {
  const endpoint = (of: EndpointName): object => ({
    url: `${urls[of] ?? ''}/hooks`,
    headers: { [WORKER_HEADER]: name },
    signing: { secrets: [SECRET] },
    network: { allow: ['127.0.0.0/8'] },
    // Longer than a session: what was being sent when a worker was stopped is answered when it wakes, and must not make it go on.
    timeout: '20s',
    concurrency: CONCURRENCY[of],
    ...(of === 'bulk' ? { batch: { size: BATCH, linger: '20ms' } } : {}),
    retry: { initial: '50ms', factor: 1.5, max: '500ms', attempts: 1_000 },
    breaker: { failures: 5, open: '200ms' },
    ...(of === 'crm' ? crm : {}),
  });
  return {
    source: { url: database.url, slot: database.name },
    engine: { kafka: { brokers, topic: database.name, group: database.name, partitions: PARTITIONS, replication: 1, session: `${SESSION}ms` } },
    limits: { in_flight: IN_FLIGHT, memory: '8MiB' },
    tables: ITEMS_TABLE,
    endpoints: Object.fromEntries(ENDPOINTS.map((of) => [of, endpoint(of)])),
    // The id tells the events of a batch apart.
    hooks: [{ name: 'items', table: 'items', to: ENDPOINTS, meta: ['id'] }],
  };
}
