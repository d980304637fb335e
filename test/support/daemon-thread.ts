import { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';
import { daemonEnvironment, type TestDaemonOptions } from './daemon.ts';

/** Daemons that can be stopped as a crash would: no drain, no goodbye, no last checkpoint. */
export interface DaemonThread {
  crash(): Promise<void>;
}

/**
 * Starts daemons in a thread of their own, with their own sockets. To terminate a thread ends all it does at once, and
 * costs a fraction of a process; `test/fault/` kills processes. Resolves once they are streaming.
 */
export async function startDaemonThread(...daemons: readonly Omit<TestDaemonOptions, 'onOutcome'>[]): Promise<DaemonThread> {
  const worker = new Worker(new URL('daemon-thread-main.ts', import.meta.url), {
    workerData: daemons.map((options) => ({ yaml: options.yaml, env: daemonEnvironment(options) })),
    execArgv: [],
  });
  const crash = async (): Promise<void> => {
    await worker.terminate();
  };
  onTestFinished(crash);
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread ended before its daemon was streaming')));
  });
  return { crash };
}
