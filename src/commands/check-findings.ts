import type { Config } from '../config.ts';
import type { Places } from '../config/places.ts';
import { WalhookError } from '../errors.ts';
import { expressionFindings } from '../expression-findings.ts';
import { error, type Finding, info } from '../finding.ts';
import type { StoredPosition } from '../position.ts';
import { continuity } from '../source/continuity.ts';
import type { Facts } from '../source/facts.ts';
import { endpointFindings as unsigned, findings } from '../source/findings.ts';
import { lossFinding } from '../source/slot-findings.ts';
import { loadCheckpoint } from '../store/checkpoint.ts';
import { topicTables } from '../topic-reading.ts';
import { endpointFindings } from './endpoint-findings.ts';
import { engineFindings } from './engine-findings.ts';
import { engineLeft } from './engine-left.ts';
import { kafkaFindings } from './kafka-findings.ts';
import { hasLookups, lookupFindings } from './lookup-findings.ts';
import { stateFindings } from './state-findings.ts';
import { StateReader } from './state-reader.ts';
import { withDatabase, withSource } from './with-source.ts';

const RANK: Record<Finding['severity'], number> = { error: 0, warning: 1, info: 2 };

export interface Checked {
  /** Worst first. */
  readonly findings: readonly Finding[];
  readonly facts: Facts;
}

/**
 * Everything that `check` has to say of a configuration and its database.
 *
 * @param places shows where in the file something stands
 * @throws WalhookError if one of the databases cannot be reached
 */
export async function checkFindings(config: Config, places: Places): Promise<Checked> {
  const { facts, found } = await withSource(config, 'look at its settings', async (client) => {
    const { facts: current, loss } = await continuity(config, client, () => storedPosition(config));
    const inDatabase = findings(config, current);
    // What only the checkpoint tells: that the slot which is missing was there once, or was another one.
    const lost = loss === null || inDatabase.some(({ code }) => code === loss.code) ? [] : [lossFinding(loss)];
    return { facts: current, found: [...lost, ...inDatabase, ...(await expressionFindings(config, current, client, places)), ...(await lookupFindings(config, current, { client, places }))] };
  });
  const all = [...found, ...(await besides(config))];
  return { facts, findings: all.toSorted((a, b) => RANK[a.severity] - RANK[b.severity]) };
}

/** What there is to say whatever the source is. */
async function besides(config: Config): Promise<Finding[]> {
  const found = await Promise.all([engineFindings(config), engineLeft(config), endpointFindings(config), kafkaFindings(config), stateFindings(config)]);
  return found.flat();
}

/** The same where the source is Kafka: what its tables are is seen when records come. What hooks look up is held against `source.url`. */
export async function checkKafkaSource(config: Config, places: Places): Promise<Finding[]> {
  const note = info({ code: 'source_kafka', message: 'the source is Kafka: tables, columns and the types in expressions are held against nothing here', path: 'source.kafka' });
  const lookups = hasLookups(config) ? await withDatabase(config.source.url, 'check what hooks look up', (client) => lookupFindings(config, null, { client, places })) : [];
  const all = [note, ...keysOfEvents(config), ...lookups, ...unsigned(config), ...(await besides(config))];
  return all.toSorted((a, b) => RANK[a.severity] - RANK[b.severity]);
}

/** A topic of events does not tell keys: `run` refuses without. */
function keysOfEvents(config: Config): Finding[] {
  try {
    topicTables(config);
    return [];
  } catch (failure) {
    if (!(failure instanceof WalhookError)) throw failure;
    return [error({ code: failure.code, message: failure.message, fix: failure.hint, path: 'tables' })];
  }
}

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
