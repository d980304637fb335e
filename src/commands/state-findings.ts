import type { Config } from '../config.ts';
import { WalhookError } from '../errors.ts';
import { error, type Finding, info } from '../source/finding.ts';
import { identifier } from '../source/quote.ts';
import { StateReader } from './state-reader.ts';

/** Whether the state schema is there and may be used. @throws WalhookError if its database cannot be reached. */
export async function stateFindings(config: Config): Promise<Finding[]> {
  const state = new StateReader(config);
  const schema = identifier(config.state.schema);
  const path = 'state.schema';
  try {
    await state.counts();
    return [];
  } catch (failure) {
    if (!(failure instanceof WalhookError)) throw failure;
    if (failure.code === 'state_permission') {
      return [error({ code: 'state_privilege', message: `the role may not use the state schema ${schema}`, fix: `ALTER SCHEMA ${schema} OWNER TO …;  -- and the tables in it`, path })];
    }
    // Its tables are not there yet.
    if (failure.hint === 'walhook setup') {
      return [{ ...info({ code: 'state_missing', message: `the state schema ${schema} is not there yet`, fix: 'walhook setup', path }), managed: true }];
    }
    throw failure;
  } finally {
    await state.close();
  }
}
