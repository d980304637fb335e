import type { Config } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import type { Operations } from '../operations.ts';
import { rowLanes } from '../row-lanes.ts';
import { ReadOnlyDatabase } from '../source/read-only-database.ts';
import { historyStore } from '../store/history.ts';
import { Ownership } from '../store/owner.ts';
import { parkingStore } from '../store/parking.ts';
import { storedDeliveries } from '../store/stored-deliveries.ts';
import { ACTIVE, daemonState, daemonUrl } from './daemon-client.ts';
import { offlineEngine } from './offline-engine.ts';
import { RemoteOperations } from './remote-operations.ts';
import { StateReader } from './state-reader.ts';
import { StoredOperations, type StoredOperationsOptions } from './stored-operations.ts';
import { withSource } from './with-source.ts';

/**
 * Does `work` through the running daemon, or on the state database where none runs.
 *
 * @param writes whether something is to be changed. Then nobody else may have the slot: it is taken over, so that a
 *   daemon that only seems gone can write nothing any more. Reading goes past a daemon that does not answer.
 * @throws WalhookError `daemon_elsewhere` if something is to be changed, and the slot is read by a daemon that does not
 *   answer here; `not_running` if the one that answers stands by, starts or ends.
 */
export async function withOperations<T>(config: Config, { writes }: { readonly writes: boolean }, work: (operations: Operations) => Promise<T>): Promise<T> {
  const state = await daemonState(config);
  if (state !== null && (ACTIVE.has(state) || (writes && state !== 'standby'))) return work(new RemoteOperations(config.server));
  // Who reads a topic has no slot that another could not have, and sees in the state what was done elsewhere.
  const hasSlot = config.source.kafka === null;
  if (writes && hasSlot && state === 'standby') {
    throw new WalhookError('the daemon that answers here stands by: another one has the slot', { code: 'not_running', hint: 'run this where the active daemon runs' });
  }
  const reader = new StateReader(config);
  const source = new ReadOnlyDatabase(config.source.url);
  try {
    const database = await reader.open();
    const owner = new Ownership(database, config.source.slot);
    if (writes) {
      if (hasSlot) await refuseActiveSlot(config);
      await owner.takeOver();
    }
    const engine = offlineEngine(parkingStore(database, owner));
    const lanes: StoredOperationsOptions['lanes'] = (table, key) => rowLanes({ config, database: source }, table, key);
    const delivered = config.history === null ? null : historyStore(database, owner);
    return await work(new StoredOperations({ config, stored: storedDeliveries(database, owner), engine, delivered, lanes, now: () => reader.now() }));
  } finally {
    await source.close();
    await reader.close();
  }
}

async function refuseActiveSlot(config: Config): Promise<void> {
  const { slot } = config.source;
  const holder = await withSource(config, 'look at its slot', async (client) => {
    const { rows } = await client.query<{ active_pid: number | null }>('select active_pid from pg_catalog.pg_replication_slots where slot_name = $1', [slot]);
    return rows[0]?.active_pid ?? null;
  });
  if (holder === null) return;
  throw new WalhookError(`slot ${slot} is being read (server process ${holder}), but no daemon answers on ${daemonUrl(config.server) ?? 'server.listen'}`, {
    code: 'daemon_elsewhere',
    hint: `run this where that daemon runs, with its configuration; who it is:\nSELECT application_name, client_addr FROM pg_stat_replication WHERE pid = ${holder};`,
    exit: EXIT.failure,
  });
}
