import { EXIT, WalhookError } from '../errors.ts';
import { type ListedState, MOST_LISTED, type Operations, type StoredDelivery } from '../operations.ts';
import type { OptionValues, Verb } from './command.ts';
import { deliveriesTable } from './delivery-text.ts';
import { withOperations } from './open-operations.ts';
import { readConfig } from './read-config.ts';
import { narrowing } from './selecting.ts';

/** `walhook deliveries`: what is dead, then what is parked, or what arrived; the latest first. */
export const deliveries: Verb = async ({ options }) => {
  const config = readConfig(options.config);
  const states = statesOf(options);
  const limit = limitOf(options.limit ?? '50');
  const selected = narrowing(options);
  const pages = await withOperations(config, { writes: false }, (operations) =>
    Promise.all(states.map((state) => page(operations, { state, limit, ...selected }))),
  );
  const found = pages.flatMap((one) => one.deliveries);
  const more = pages.some((one) => one.more);
  if (options.json === true) process.stdout.write(`${JSON.stringify({ deliveries: found, more }, null, 2)}\n`);
  else if (found.length === 0) process.stdout.write(states.includes('delivered') ? 'nothing that arrived is in the history\n' : `nothing is ${states.join(' or ')}\n`);
  else process.stdout.write(`${deliveriesTable(found, Date.now())}${more ? '\nThere are more: --limit shows so many of each state.\n' : ''}`);
  return EXIT.ok;
};

function statesOf({ dead = false, parked = false, state }: OptionValues): readonly ListedState[] {
  if (state !== undefined && (dead || parked)) throw new WalhookError('--state, or --dead or --parked: not both', { code: 'usage', hint: 'walhook deliveries --help', exit: EXIT.usage });
  if (state === 'dead' || state === 'parked' || state === 'delivered') return [state];
  return dead === parked ? ['dead', 'parked'] : dead ? ['dead'] : ['parked'];
}

interface Page {
  readonly deliveries: readonly StoredDelivery[];
  readonly more: boolean;
}

async function page(operations: Operations, query: Parameters<Operations['list']>[0]): Promise<Page> {
  const { deliveries: found, next } = await operations.list(query);
  return { deliveries: found, more: next !== null };
}

function limitOf(text: string): number {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MOST_LISTED) return limit;
  throw new WalhookError(`--limit: expected a number from 1 to ${MOST_LISTED}`, { code: 'usage', hint: 'walhook deliveries --help', exit: EXIT.usage });
}
