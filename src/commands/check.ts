import { EXIT, WalhookError } from '../errors.ts';
import type { Config } from '../config.ts';
import type { StoredPosition } from '../position.ts';
import { continuity } from '../source/continuity.ts';
import type { Finding } from '../source/finding.ts';
import { findings } from '../source/findings.ts';
import { lossFinding } from '../source/slot-findings.ts';
import { loadCheckpoint } from '../store/checkpoint.ts';
import type { Verb } from './command.ts';
import { endpointFindings } from './endpoint-findings.ts';
import { expressionFindings } from '../expression-findings.ts';
import { findingsText } from './findings-text.ts';
import { lookupFindings } from './lookup-findings.ts';
import { readConfigWithPlaces } from './read-config.ts';
import { StateReader } from './state-reader.ts';
import { stateFindings } from './state-findings.ts';
import { paint } from './terminal.ts';
import { withSource } from './with-source.ts';

const RANK: Record<Finding['severity'], number> = { error: 0, warning: 1, info: 2 };

/** `walhook check`: the file, then the database against it. */
export const check: Verb = async ({ options }) => {
  const { config, places } = readConfigWithPlaces(options.config);
  const found = await withSource(config, 'look at its settings', async (client) => {
    const { facts, loss } = await continuity(config, client, () => storedPosition(config));
    const inDatabase = findings(config, facts);
    // What only the checkpoint tells: that the slot which is missing was there once, or was another one.
    const lost = loss === null || inDatabase.some(({ code }) => code === loss.code) ? [] : [lossFinding(loss)];
    return [...lost, ...inDatabase, ...(await expressionFindings(config, facts, client, places)), ...(await lookupFindings(config, facts, { client, places }))];
  });
  const sorted = [...found, ...(await endpointFindings(config)), ...(await stateFindings(config))].toSorted((a, b) => RANK[a.severity] - RANK[b.severity]);
  const ok = !sorted.some(({ severity }) => severity === 'error');
  process.stdout.write(options.json === true ? `${JSON.stringify({ ok, findings: sorted }, null, 2)}\n` : findingsText(sorted, options.config, paint));
  return ok ? EXIT.ok : EXIT.checkFailed;
};

/** Null if nothing is stored, or the state cannot be read, of which `stateFindings` tells. */
async function storedPosition(config: Config): Promise<StoredPosition | null> {
  const state = new StateReader(config);
  try {
    return await loadCheckpoint(await state.open(), config.source.slot);
  } catch (failure) {
    if (failure instanceof WalhookError) return null;
    throw failure;
  } finally {
    await state.close();
  }
}
