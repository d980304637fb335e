import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

/** The thread of `daemon-thread.ts`: runs a daemon until the thread is terminated, and says when it is streaming. */
const { yaml, env } = workerData as { readonly yaml: string; readonly env: Readonly<Record<string, string>> };

enableCompileCache(); // loading everything anew for each thread takes most of a second without it
const { pino } = await import('pino');
const { loadConfig } = await import('../../src/config/load.ts');
const { Daemon } = await import('../../src/daemon.ts');

const config = loadConfig({ text: yaml, file: 'walhook.yaml', env, readFile: (path) => readFileSync(path, 'utf8') });
const daemon = await Daemon.start({ config, log: pino({ level: 'silent' }), version: '0.0.0-test' });
parentPort?.postMessage('streaming');
await daemon.done;
