import type { BackfillReport } from '../backfills.ts';
import type { Config } from '../config.ts';
import { WalhookError } from '../errors.ts';
import { flushLag } from '../source/flush-lag.ts';
import { inspect } from '../source/inspect.ts';
import { askStatus, daemonUrl } from './daemon-client.ts';
import { type DaemonReport, forgotten, storedCounts, type StoredEndpoints } from './daemon-report.ts';
import { endpointCondition } from './endpoint-condition.ts';
import { StateReader } from './state-reader.ts';
import type { EndpointLine, SlotReport, StatusReport } from './status-text.ts';
import { groupCommand, withSource } from './with-source.ts';

/**
 * What the daemon says, and what the database knows whether it runs or not.
 *
 * @throws WalhookError if neither answers: what the database says.
 */
export async function statusReport(config: Config): Promise<StatusReport> {
  const { kafka } = config.source;
  const [daemon, slot, state] = await Promise.all([outcome(askStatus(config)), kafka === null ? outcome(slotReport(config)) : null, outcome(stateReport(config))]);
  // Without the daemon and without the database there is nothing to show.
  if (daemon.value === null && (slot === null || slot.error !== null) && state.error !== null) throw slot?.error ?? state.error;
  return {
    daemon: daemon.value,
    daemon_error: daemon.error?.message ?? null,
    daemon_url: daemonUrl(config.server),
    source_topics: kafka === null ? null : { topics: kafka.topics, group: kafka.group, command: groupCommand(kafka, '--describe') },
    slot_name: config.source.slot,
    slot: slot?.value ?? null,
    slot_error: slot?.error?.message ?? null,
    checkpoint_at: state.value?.checkpointAt ?? null,
    state_error: state.error === null ? null : { message: state.error.message, hint: state.error.hint },
    endpoints: endpointLines(config, daemon.value, state.value?.counts ?? null),
    backfills: daemon.value?.backfills ?? state.value?.backfills ?? null,
  };
}

/** Null if there is no such slot. */
async function slotReport(config: Config): Promise<SlotReport | null> {
  return withSource(config, 'look at its slot', async (client) => {
    const { slot, server } = await inspect(client, config);
    if (slot === null) return null;
    const bytes = (since: bigint | null): number | null => (since === null ? null : Math.max(0, Number(server.currentLsn - since)));
    const lag = bytes(slot.confirmedFlushLsn);
    return {
      active: slot.activePid !== null,
      wal_status: slot.walStatus,
      invalidation: slot.invalidation,
      lag_bytes: lag,
      // What was measured last may be of long ago.
      lag_seconds: slot.activePid === null ? null : lag === 0 ? 0 : await flushLag(client, slot.activePid),
      retained_bytes: bytes(slot.restartLsn),
      safe_bytes: slot.safeWalSize,
    };
  });
}

async function stateReport(config: Config): Promise<{ counts: StoredEndpoints; checkpointAt: string | null; backfills: readonly BackfillReport[] }> {
  const state = new StateReader(config);
  try {
    const counts = await state.counts();
    const checkpointAt = (await state.checkpointTime())?.toISOString() ?? null;
    // A schema of an earlier version has none until the next `run`.
    const backfills = (await outcome(state.backfills({ active: true }))).value ?? [];
    return { counts, checkpointAt, backfills };
  } finally {
    await state.close();
  }
}

/** Those of the configuration, then those that it no longer has but that something is stored for. */
function endpointLines(config: Config, daemon: DaemonReport | null, stored: StoredEndpoints | null): EndpointLine[] {
  const configured = config.endpoints.map(({ name }) => name);
  const now = Date.now();
  return [...configured, ...(stored === null ? [] : forgotten(stored, config.endpoints))].map((name) => {
    const live = daemon?.endpoints.find((endpoint) => endpoint.name === name) ?? null;
    return {
      name,
      configured: configured.includes(name),
      ...storedCounts(stored, name),
      ...endpointCondition(live, stored === null ? null : (stored.get(name)?.condition ?? 'well'), now),
      live: live === null ? null : { ...live },
    };
  });
}

type Settled<T> = { readonly value: T; readonly error: null } | { readonly value: null; readonly error: WalhookError };

/** An error for an operator is a result; any other is a fault of ours. */
async function outcome<T>(work: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await work, error: null };
  } catch (error) {
    if (error instanceof WalhookError) return { value: null, error };
    throw error;
  }
}
