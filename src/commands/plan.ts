import { EXIT } from '../errors.ts';
import type { Finding } from '../finding.ts';
import { findings } from '../source/findings.ts';
import { inspect } from '../source/inspect.ts';
import { plan as planSteps } from '../source/plan.ts';
import { type Provider, PROVIDERS } from '../source/provider.ts';
import { identifier } from '../source/quote.ts';
import { roleSql } from '../source/role.ts';
import { refuseErrors } from '../source/setup.ts';
import { script } from '../source/step.ts';
import type { Verb } from './command.ts';
import { engineFindings } from './engine-findings.ts';
import { readConfig } from './read-config.ts';
import { refuseKafka, withSource } from './with-source.ts';

/** `walhook plan`: the SQL that `setup` would run, as a script for psql. */
export const plan: Verb = async ({ options }) => {
  const config = readConfig(options.config);
  const warnings = engineFindings(config);
  if (config.source.kafka !== null) {
    if (options.role !== undefined) {
      const role = identifier(options.role);
      refuseKafka(config, '--role is of a source database', `in the database of state.url: CREATE ROLE ${role} LOGIN; CREATE SCHEMA ${identifier(config.state.schema)} AUTHORIZATION ${role};`);
    }
    process.stdout.write(options.json === true ? `${JSON.stringify({ role: null, steps: [], warnings }, null, 2)}\n` : `${[...warnings.map(comment), '-- nothing to do: the source is Kafka'].join('\n\n')}\n`);
    return EXIT.ok;
  }
  const facts = await withSource(config, 'look at its settings', (client) => inspect(client, config));
  refuseErrors(findings(config, facts).filter((finding) => !finding.managed && !isOfRole(finding)));
  const role = options.role === undefined ? null : roleSql(config, facts, options.role, providerOf(options.provider));
  // The role's SQL makes the state schema, for the role to own.
  const steps = planSteps(config, facts).filter((step) => role === null || step.kind !== 'schema');
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ role, steps, warnings }, null, 2)}\n`);
    return EXIT.ok;
  }
  const parts = [
    ...warnings.map(comment),
    ...(role === null ? [] : [`-- a role that may do what walhook needs, and no more\n${role}`]),
    steps.length === 0 ? '-- nothing to do: the database is as the configuration wants it' : script(steps),
  ];
  process.stdout.write(`${parts.join('\n\n')}\n`);
  return EXIT.ok;
};

/** What a step in the database does not put right. */
function comment({ message, fix }: Finding): string {
  return `-- warning: ${message}${fix === null ? '' : `\n-- ${fix.replaceAll('\n', '\n-- ')}`}`;
}

function providerOf(text: string | undefined): Provider | null {
  return PROVIDERS.find((known) => known === text) ?? null;
}

/** What the role that asks may not do: an administrator, who runs the plan, may. */
function isOfRole({ code }: Finding): boolean {
  return code.endsWith('_privilege') || code === 'not_owner';
}
