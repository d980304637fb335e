import { onTestFailed, onTestFinished } from 'vitest';
import { SECRET } from './daemon.ts';
import { DaemonProcess } from './daemon-process.ts';
import type { TestDatabase } from './postgres.ts';
import type { Receiver } from './receiver.ts';
import { ITEMS_TABLE, type Writer } from './writer.ts';

type Options = Readonly<Record<string, unknown>>;

/** An endpoint's options: on loopback, signed, and patient, with short waits. `options` win. */
export function faultEndpoint(url: string, options: Options = {}): Options {
  return {
    url: `${url}/hooks`,
    signing: { secrets: [SECRET] },
    network: { allow: ['127.0.0.0/8'] },
    timeout: '5s',
    retry: { initial: '50ms', factor: 1.5, max: '500ms', attempts: 1000 },
    breaker: { failures: 5, open: '200ms' },
    ...options,
  };
}

export interface FaultConfig {
  readonly database: TestDatabase;
  readonly endpoints: Readonly<Record<string, Options>>;
  readonly limits?: Options;
}

/** Every event of the writer's table to every endpoint. The slot is named as the database: slots belong to the whole server. */
export function faultConfig({ database, endpoints, limits = {} }: FaultConfig): Options {
  return {
    source: { url: database.url, slot: database.name },
    limits,
    tables: ITEMS_TABLE,
    endpoints,
    hooks: [{ name: 'items', table: 'items', to: Object.keys(endpoints) }],
  };
}

/** A daemon process that has ended when the test has finished; if it has failed, the end of its log is shown. */
export function launch(config: Options): DaemonProcess {
  const daemon = new DaemonProcess({ config });
  onTestFailed(() => console.log(`the daemon ${daemon.pid} wrote last:\n${daemon.output.slice(-12).join('\n')}`));
  onTestFinished(async () => void (await daemon.kill()));
  return daemon;
}

/** Resolves once all that was written has been delivered, or not any more within a while: then the oracle says what is missing. */
export async function allDelivered(receiver: Receiver, writer: Writer, patience = 30_000): Promise<void> {
  await receiver.until(() => receiver.delivered >= writer.count, `${writer.count} deliveries`, patience).catch(() => undefined);
}

/** Resolves once a query's first column is `wanted`; fails, saying what it is instead, after a while. */
export async function untilQuery(database: TestDatabase, sql: string, wanted: unknown): Promise<void> {
  for (const deadline = performance.now() + 20_000; ; ) {
    const [row] = await database.sql(sql);
    const found = row === undefined ? undefined : Object.values(row)[0];
    if (found === wanted) return;
    if (performance.now() > deadline) throw new Error(`${sql}: ${String(found)} instead of ${String(wanted)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
