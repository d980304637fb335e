import { type Database, WALHOOK } from './database.ts';
import { cpuTime, mainThreadTime } from './process/usage.ts';
import type { Nginx } from './receiver/nginx.ts';
import type { Receiver } from './receiver/receiver.ts';
import type { Suite } from './suite.ts';
import type { WalhookConfig } from './walhook-config.ts';
import { warmUp } from './warm-up.ts';

export interface DrainOptions {
  readonly database: Database;
  readonly receiver: Receiver | Nginx;
  readonly config: WalhookConfig;
  /** What the receiver counts, and up to when. Default: requests. */
  readonly what?: 'requests' | 'rows';
  readonly until: number;
  /** So many come first and are not counted. Default: a fifth. */
  readonly skip?: number;
  /** Of so many requests the bodies are kept. Default: none. */
  readonly keep?: number;
  /** How many had come to walhook when it was warm: those that wait in its buffers are no speed of its own. Default: those that were delivered. */
  readonly ahead?: () => Promise<number>;
  /** Profile walhook's CPU once it is warm. Default: no. */
  readonly isProfiled?: boolean;
  /** See WalhookOptions. */
  readonly program?: readonly string[];
  /** Told of walhook's process when it is warm. Default: nobody. */
  readonly onBegin?: (pid: number) => void;
  /** Called when the last has come, while the process is still there. Default: nobody. */
  readonly onEnd?: () => void;
}

export interface Drained {
  /** Once it is warm, as the receiver saw it. */
  readonly perSecond: number;
  /** walhook's, all threads, for each of what was counted, in microseconds. */
  readonly cpu: number;
  /** The same of its main thread alone. */
  readonly mainCpu: number;
  /** The part of a core that the receiver had use of meanwhile. */
  readonly receiverShare: number;
  /** The mean time from a request to its answer, in milliseconds, where it was asked to wait. */
  readonly answeredAfter: number;
  /** Deliveries that were stored on the way rather than make the stream wait. */
  readonly parked: number;
  readonly bodies: readonly string[];
  /** Null if it was not profiled. */
  readonly profile: object | null;
}

/** Starts walhook on a backlog and waits until the receiver has had all of it. */
export async function drain(suite: Suite, options: DrainOptions): Promise<Drained> {
  const { database, receiver, config, what = 'requests', until, skip = warmUp(until), keep = 0, ahead, isProfiled = false, program, onBegin, onEnd } = options;
  await database.rewind(WALHOOK);
  await database.forget();
  const counting = receiver.count({ what, skip, until, keep });
  const walhook = suite.walhook({ config: config.data, port: config.port, isProfiled, ...(program === undefined ? {} : { program }) });
  await Promise.race([counting.began, walhook.failed]);
  const arrived = Math.max(skip, (await ahead?.()) ?? 0);
  onBegin?.(walhook.pid);
  const before = cpuTime(walhook.pid);
  const mainBefore = mainThreadTime(walhook.pid);
  const profiled = isProfiled ? await walhook.profile() : null;
  const { ms, cpuShare, answeredAfter, bodies } = await Promise.race([counting.counted, walhook.failed]);
  const cpu = cpuTime(walhook.pid) - before;
  const mainCpu = mainThreadTime(walhook.pid) - mainBefore;
  const profile = profiled === null ? null : await profiled();
  onEnd?.();
  await walhook.stop();
  const counted = until - skip;
  return { perSecond: ((until - arrived) * 1000) / ms, cpu: (cpu * 1000) / counted, mainCpu: (mainCpu * 1000) / counted, receiverShare: cpuShare, answeredAfter, bodies, profile, parked: await database.parked() };
}
