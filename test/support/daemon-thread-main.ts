import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

/** The thread of `daemon-thread.ts`: runs daemons until the thread is terminated, and says when they are streaming. */
const daemons = workerData as readonly { readonly yaml: string; readonly env: Readonly<Record<string, string>> }[];

enableCompileCache(); // loading everything anew for each thread takes most of a second without it
const { pino } = await import('pino');
const { loadConfig } = await import('../../src/config/load.ts');
const { Daemon } = await import('../../src/daemon.ts');

const running = await Promise.all(
  daemons.map(({ yaml, env }) => {
    const config = loadConfig({ text: yaml, file: 'walhook.yaml', env, readFile: (path) => readFileSync(path, 'utf8') });
    return Daemon.start({ config, log: pino({ level: 'silent' }), version: '0.0.0-test' });
  }),
);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window's
parentPort?.postMessage('streaming');
await Promise.all(running.map((daemon) => daemon.done));
