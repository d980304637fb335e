/**
 * `walhook run` as a process of its own, that counts what goes by or does not: `node main.ts counted|uncounted run -c FILE --log-level LEVEL`.
 * It is composed as src/commands/run.ts has it. Both are run from here, so that nothing but the counting sets them apart.
 */
import { parseArgs } from 'node:util';
import { YoungGeneration } from '../../src/observe/young-generation.ts';

const young = new YoungGeneration();
// Once the heap is bounded, as there.
const [{ runDaemon }, { History }] = await Promise.all([import('../../src/commands/run-daemon.ts'), import('../../src/history/history.ts')]);
const { positionals, values } = parseArgs({ allowPositionals: true, options: { config: { type: 'string', short: 'c', default: 'walhook.yaml' }, 'log-level': { type: 'string', default: 'error' } } });
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
process.exitCode = await runDaemon(
  { arguments: [], options: { config: values.config, logLevel: values['log-level'] }, stop: stop.signal },
  { onState: () => young.grow(), ...(positionals[0] === 'counted' ? { history: new History() } : {}) },
);
young.stop();
