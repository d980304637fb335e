import { EXIT } from '../errors.ts';
import type { Finding } from '../source/finding.ts';
import { findings } from '../source/findings.ts';
import { inspect } from '../source/inspect.ts';
import type { Verb } from './command.ts';
import { endpointFindings } from './endpoint-findings.ts';
import { expressionFindings } from '../expression-findings.ts';
import { findingsText } from './findings-text.ts';
import { readConfig } from './read-config.ts';
import { stateFindings } from './state-findings.ts';
import { paint } from './terminal.ts';
import { withSource } from './with-source.ts';

const RANK: Record<Finding['severity'], number> = { error: 0, warning: 1, info: 2 };

/** `walhook check`: the file, then the database against it. */
export const check: Verb = async ({ options }) => {
  const config = readConfig(options.config);
  const found = await withSource(config, 'look at its settings', async (client) => {
    const facts = await inspect(client, config);
    return [...findings(config, facts), ...(await expressionFindings(config, facts, client))];
  });
  const sorted = [...found, ...(await endpointFindings(config)), ...(await stateFindings(config))].toSorted((a, b) => RANK[a.severity] - RANK[b.severity]);
  const ok = !sorted.some(({ severity }) => severity === 'error');
  process.stdout.write(options.json === true ? `${JSON.stringify({ ok, findings: sorted }, null, 2)}\n` : findingsText(sorted, options.config, paint));
  return ok ? EXIT.ok : EXIT.checkFailed;
};
