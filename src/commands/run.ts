import { YoungGeneration } from '../observe/young-generation.ts';
import type { Verb } from './command.ts';

/** `walhook run`. What it does is loaded only once the heap is bounded. */
export const run: Verb = async (invocation) => {
  const young = new YoungGeneration();
  const [{ runDaemon }, { History }] = await Promise.all([import('./run-daemon.ts'), import('../history/history.ts')]);
  return runDaemon(invocation, { history: new History(), onState: () => young.grow() }).finally(() => young.stop());
};
