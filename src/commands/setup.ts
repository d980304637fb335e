import { EXIT } from '../errors.ts';
import { findings } from '../source/findings.ts';
import { inspect } from '../source/inspect.ts';
import { identifier } from '../source/quote.ts';
import { refuseErrors, setup as setUp } from '../source/setup.ts';
import type { Step } from '../source/step.ts';
import { openDurableState } from '../state.ts';
import type { Verb } from './command.ts';
import { readConfig } from './read-config.ts';
import { stateFindings } from './state-findings.ts';
import { print } from './terminal.ts';
import { withSource } from './with-source.ts';

/** `walhook setup`: does what `plan` prints, and makes the tables of the state schema. */
export const setup: Verb = async ({ options }) => {
  const config = readConfig(options.config);
  const tell = (text: string): void => {
    if (options.json !== true) print(text);
  };
  // What only an operator can put right is told before anything is made, the state schema included.
  const isDatabase = config.source.kafka === null;
  if (isDatabase) {
    const facts = await withSource(config, 'look at its settings', (client) => inspect(client, config));
    refuseErrors(findings(config, facts).filter((finding) => !finding.managed));
  }
  const missing = (await stateFindings(config)).some(({ code }) => code === 'state_missing');
  const state = await openDurableState(config);
  try {
    const schema = identifier(config.state.schema);
    tell(missing ? `-- made the state schema ${schema} and its tables` : `-- state schema ${schema} is up to date`);
    const onStep = ({ description, sql }: Step): void => tell(`\n-- ${description}\n${sql};`);
    const { done } = isDatabase ? await withSource(config, 'set it up', (client) => setUp({ config, client, checkpoint: () => state.load(), onStep })) : { done: [] };
    const nothing = isDatabase ? '-- nothing to do: the database is as the configuration wants it' : '-- nothing else to do: the source is Kafka';
    tell(done.length === 0 ? nothing : '\n-- done');
    if (options.json === true) print(JSON.stringify({ state_schema: { name: config.state.schema, made: missing }, done }, null, 2));
  } finally {
    await state.close();
  }
  return EXIT.ok;
};
