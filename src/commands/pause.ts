import { EXIT } from '../errors.ts';
import type { Verb } from './command.ts';
import { withOperations } from './open-operations.ts';
import { printableLine } from './printable.ts';
import { readConfig } from './read-config.ts';
import { print } from './terminal.ts';

/** `walhook pause ENDPOINT`: its deliveries are parked until it is resumed. */
export const pause: Verb = async ({ arguments: [endpoint = ''], options }) => {
  const given = options.reason?.trim() || null;
  const reason = await withOperations(readConfig(options.config), { writes: true }, (operations) => operations.pause(endpoint, given));
  print(options.json === true ? JSON.stringify({ endpoint, state: 'paused', reason }) : `${endpoint} is paused (${printableLine(reason, 300)}): its deliveries are parked until \`walhook resume ${endpoint}\``);
  return EXIT.ok;
};
