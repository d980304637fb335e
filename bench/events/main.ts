/**
 * Stages 1 to 5 without delivery, as a process of its own: a backlog is read, decoded, turned into events, routed, and its
 * bodies are built and thrown away.
 */
import pg from 'pg';
import { Tracker } from '../../src/checkpoint/tracker.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ConfiguredTables } from '../../src/configured-tables.ts';
import { CatalogCodecs } from '../../src/decode/codecs.ts';
import { PgoutputDecoder } from '../../src/decode/pgoutput.ts';
import { TypeCatalog } from '../../src/decode/type-catalog.ts';
import { NO_LSN } from '../../src/lsn.ts';
import { type DeliveryQueue, Pipeline } from '../../src/pipeline.ts';
import { START } from '../../src/position.ts';
import { Tail } from '../../src/source/tail.ts';
import { perform } from '../process/task.ts';
import { warmUp } from '../warm-up.ts';

export interface EventsInput {
  readonly url: string;
  readonly slot: string;
  readonly publication: string;
  readonly rows: number;
  /** walhook.yaml as plain data; its tables have the primary key `user_id`. */
  readonly config: object;
}

export interface EventsAnswer {
  /** Once it is warm, to when all of the last row's events have been built. */
  readonly rowsPerSecond: number;
  /** Of the whole process, for each row, in microseconds. */
  readonly cpu: number;
  readonly deliveries: number;
  /** Of all bodies. */
  readonly characters: number;
}

/** Tags of the pgoutput messages that are rows. */
const ROWS = new Set([0x49, 0x55, 0x44]);

perform<EventsInput, EventsAnswer>(async ({ url, slot, publication, rows, config: data }) => {
  const config = loadConfig({ text: JSON.stringify(data), file: 'bench.yaml', env: {}, readFile: () => '' });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const catalog = new TypeCatalog(async (sql, params) => (await client.query(sql, [...params])).rows);
  const tracker = new Tracker(START);
  let deliveries = 0;
  let characters = 0;
  const queue: DeliveryQueue = {
    offer: ({ body }) => {
      deliveries++;
      characters += body.length;
      tracker.settle(tracker.take());
    },
    bury: (_delivery, { message }) => {
      throw new Error(message);
    },
  };
  const pipeline = new Pipeline({
    config,
    tables: new ConfiguredTables({ config, found: [], since: NO_LSN, onRenamed: () => undefined }),
    systemId: '1',
    origin: { database: 'bench', slot },
    timelineAt: () => 1,
    codecs: new CatalogCodecs(catalog),
    describe: async ({ columns }) => {
      await catalog.load(columns.map((column) => column.typeOid));
      return { primaryKey: ['user_id'], columns: columns.map((column) => column.name) };
    },
    queues: new Map(config.endpoints.map(({ name }) => [name, queue])),
    hold: () => undefined,
    tracker,
    start: START,
    onChange: null,
    onProgress: () => undefined,
  });
  const decoder = new PgoutputDecoder(pipeline);

  const skip = warmUp(rows);
  let began = performance.now();
  let ended = 0;
  let before = process.cpuUsage();
  let cpu = before;
  let read = 0;
  const tail = new Tail({
    client: { connectionString: url },
    slot,
    publication,
    from: 0n,
    durable: 0n,
    verify: () => Promise.resolve(),
    statusInterval: 10_000,
    deadAfter: 60_000,
    onMessage: (bytes) => {
      const busy = decoder.decode(bytes);
      if (!ROWS.has(bytes[0] ?? 0)) return busy;
      read++;
      if (read === skip) {
        began = performance.now();
        before = process.cpuUsage();
      }
      if (read < rows) return busy;
      ended = performance.now();
      cpu = process.cpuUsage(before);
      void tail.stop();
    },
    onKeepalive: () => undefined,
    onStart: () => undefined,
  });
  await tail.run();
  await client.end();
  const counted = rows - skip;
  return { rowsPerSecond: (counted * 1000) / (ended - began), cpu: (cpu.user + cpu.system) / counted, deliveries, characters };
});
