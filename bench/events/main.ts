/**
 * Stages 1 to 5 without delivery, as a process of its own: a backlog is read, decoded, turned into events, routed, and its
 * bodies are built and thrown away.
 */
import pg from 'pg';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config.ts';
import { PgoutputDecoder } from '../../src/decode/pgoutput.ts';
import { Tail } from '../../src/source/tail.ts';
import { perform } from '../process/task.ts';
import { warmUp } from '../warm-up.ts';
import { discardingPipeline } from './discarding-pipeline.ts';

export interface EventsInput {
  readonly url: string;
  readonly slot: string;
  /** A second slot at the same position: to warm up. */
  readonly warmUpSlot: string;
  readonly publication: string;
  readonly rows: number;
  /** walhook.yaml as plain data; its tables have the primary key `user_id`. */
  readonly config: object;
}

export interface EventsAnswer {
  /** From the first row to when all of the last one's events have been built. */
  readonly rowsPerSecond: number;
  /** Of the whole process, for each row, in microseconds. */
  readonly cpu: number;
}

/** Tags of the pgoutput messages that are rows. */
const ROWS = new Set([0x49, 0x55, 0x44]);

perform<EventsInput, EventsAnswer>(async (input) => {
  const config = loadConfig({ text: JSON.stringify(input.config), file: 'bench.yaml', env: {}, readFile: () => '' });
  await build(config, { ...input, slot: input.warmUpSlot, rows: warmUp(input.rows) });
  return build(config, input);
});

async function build(config: Config, { url, slot, publication, rows }: EventsInput): Promise<EventsAnswer> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { pipeline, built } = discardingPipeline(config, client);
  const decoder = new PgoutputDecoder(pipeline);
  let read = 0;
  let began = 0;
  let ms = 0;
  let before = process.cpuUsage();
  let cpu = before;
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
      if (!ROWS.has(bytes[0] ?? 0)) return decoder.decode(bytes);
      if (read === 0) {
        began = performance.now();
        before = process.cpuUsage();
      }
      const busy = decoder.decode(bytes);
      if (++read === rows) {
        ms = performance.now() - began;
        cpu = process.cpuUsage(before);
        void tail.stop();
      }
      return busy;
    },
    onKeepalive: () => undefined,
    onStart: () => undefined,
  });
  await tail.run();
  await client.end();
  if (built.deliveries < rows / 2) throw new Error(`only ${built.deliveries} deliveries were made of ${rows} rows`);
  return { rowsPerSecond: (rows * 1000) / ms, cpu: (cpu.user + cpu.system) / rows };
}
