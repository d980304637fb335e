import type { Config } from '../config.ts';
import { WalhookError } from '../errors.ts';
import { error, type Finding, info, warning } from '../finding.ts';
import { refuseMissingKeys } from '../store/key-use.ts';
import { identifier } from '../source/quote.ts';
import { forgotten } from './daemon-report.ts';
import { keyFindings } from './key-findings.ts';
import { StateReader, type StoredEndpoint } from './state-reader.ts';
import { countOf } from './units.ts';

/** Whether the state schema is there and may be used, and whether something in it is left behind. @throws WalhookError if its database cannot be reached. */
export async function stateFindings(config: Config): Promise<Finding[]> {
  const state = new StateReader(config);
  const schema = identifier(config.state.schema);
  const path = 'state.schema';
  try {
    const stored = await state.counts();
    await refuseMissingKeys(await state.open());
    return [...keyFindings(config), ...forgotten(stored, config.endpoints).map((name) => endpointGone(name, stored.get(name)))];
  } catch (failure) {
    if (!(failure instanceof WalhookError)) throw failure;
    if (failure.code === 'state_key') {
      const found = keyFindings(config);
      const missing = error({ code: 'state_key', message: failure.message, fix: failure.hint, path: 'state.encryption.keys' });
      return found.some(({ severity }) => severity === 'error') ? found : [...found, missing];
    }
    if (failure.code === 'state_permission') {
      return [error({ code: 'state_privilege', message: `the role may not use the state schema ${schema}`, fix: `ALTER SCHEMA ${schema} OWNER TO …;  -- and the tables in it`, path })];
    }
    // Its tables are not there yet.
    if (failure.hint === 'walhook setup') {
      return [...keyFindings(config), { ...info({ code: 'state_missing', message: `the state schema ${schema} is not there yet`, fix: 'walhook setup', path }), managed: true }];
    }
    throw failure;
  } finally {
    await state.close();
  }
}

/** What is parked for an endpoint that is gone is never sent, and nobody would notice. */
function endpointGone(name: string, { parked, dead }: Pick<StoredEndpoint, 'parked' | 'dead'> = { parked: 0, dead: 0 }): Finding {
  const what = [...(parked === 0 ? [] : [countOf(parked, 'parked delivery', 'parked deliveries')]), ...(dead === 0 ? [] : [countOf(dead, 'dead letter', 'dead letters')])];
  const ways = [...(parked === 0 ? [] : [`walhook discard --parked --endpoint ${name}`]), ...(dead === 0 ? [] : [`walhook discard --endpoint ${name}`])];
  return warning({
    code: 'endpoint_gone',
    message: `${what.join(' and ')} of endpoint ${JSON.stringify(name)} ${parked + dead === 1 ? 'is' : 'are'} stored, but the configuration no longer has it: nothing is sent there`,
    fix: `put ${name} back, or forget them: ${ways.join('; ')}`,
    path: `endpoints.${name}`,
  });
}
