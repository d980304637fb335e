import { type Database, WALHOOK } from '../database.ts';
import type { WalhookProcess } from '../process/walhook.ts';
import type { Receiver } from '../receiver/receiver.ts';
import type { Suite } from '../suite.ts';
import type { WalhookConfig } from '../walhook-config.ts';
import { warmUp } from '../warm-up.ts';
import { writeBeats } from './beats.ts';

export interface Load {
  readonly database: Database;
  readonly receiver: Receiver;
  readonly rows: number;
  readonly perSecond: number;
}

export interface SteadyOptions extends Load {
  /** Of the one process that there is. */
  readonly config?: WalhookConfig;
  /** Starts the processes, in its place. */
  readonly start?: () => Promise<readonly WalhookProcess[]>;
  /** How many requests of the receiver a row makes. Default: 1. */
  readonly requestsPerRow?: number;
  /** Awaited before the first row is written, and after the last has been received. */
  readonly onReady?: () => Promise<void>;
  readonly onEnd?: () => Promise<void>;
}

/** Runs walhook, one process or what `start` gives, while rows are written at a steady rate. How long after it was written each was received, in milliseconds, as they came. */
export async function steadily(suite: Suite, { database, receiver, config, start, rows, perSecond, requestsPerRow = 1, onReady, onEnd }: SteadyOptions): Promise<readonly number[]> {
  await database.beginSlot(WALHOOK);
  await database.forget();
  const processes = (await start?.()) ?? (config === undefined ? [] : [suite.walhook({ config: config.data, port: config.port })]);
  await Promise.all(processes.map((walhook) => walhook.ready()));
  const failed = Promise.race(processes.map((walhook) => walhook.failed));
  failed.catch(() => undefined);
  await onReady?.();
  const stamped = receiver.stamp(rows * requestsPerRow);
  await Promise.race([writeBeats(suite, { url: database.url, rows, perSecond }), failed]);
  const latencies = await Promise.race([stamped, failed]);
  await onEnd?.();
  await Promise.all(processes.map((walhook) => walhook.close()));
  return latencies;
}

/** Without those that warm up. */
export function warm(latencies: readonly number[]): readonly number[] {
  return latencies.slice(warmUp(latencies.length));
}
