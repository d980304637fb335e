import { EXIT } from '../errors.ts';
import { identifier } from '../source/quote.ts';
import { setup as setUp } from '../source/setup.ts';
import { openDurableState } from '../state.ts';
import type { Verb } from './command.ts';
import { readConfig } from './read-config.ts';
import { print } from './terminal.ts';
import { withSource } from './with-source.ts';

/** `walhook setup`: does what `plan` prints, and makes the tables of the state schema. */
export const setup: Verb = async ({ options }) => {
  const config = readConfig(options.config);
  const state = await openDurableState(config);
  try {
    print(`-- state schema ${identifier(config.state.schema)} is up to date`);
    const checkpoint = await state.load();
    const { done } = await withSource(config, 'set it up', (client) =>
      setUp({ config, client, checkpoint, onStep: ({ description, sql }) => print(`\n-- ${description}\n${sql};`) }),
    );
    print(done.length === 0 ? '-- nothing to do: the database is as the configuration wants it' : '\n-- done');
  } finally {
    await state.close();
  }
  return EXIT.ok;
};
