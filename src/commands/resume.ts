import { EXIT } from '../errors.ts';
import type { Verb } from './command.ts';
import { withOperations } from './open-operations.ts';
import { readConfig } from './read-config.ts';
import { print } from './terminal.ts';

/** `walhook resume ENDPOINT`: a paused or disabled endpoint is sent to again. */
export const resume: Verb = async ({ arguments: [endpoint = ''], options }) => {
  await withOperations(readConfig(options.config), { writes: true }, (operations) => operations.resume(endpoint));
  print(options.json === true ? JSON.stringify({ endpoint, state: 'active' }) : `${endpoint} is active: what is parked for it is sent, in order`);
  return EXIT.ok;
};
