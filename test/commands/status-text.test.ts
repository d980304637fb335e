import { expect, test } from 'vitest';
import type { DaemonReport } from '../../src/commands/daemon-report.ts';
import { type EndpointLine, statusText, type StatusReport } from '../../src/commands/status-text.ts';
import { ENGINE } from '../observe/reports.ts';
import { backfill } from '../support/memory-backfills.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const AN_HOUR_AGO = '2026-01-01T23:00:00.000Z';

const LINE: EndpointLine = {
  name: 'crm',
  configured: true,
  parked: 0,
  dead: 0,
  oldest_parked: null,
  condition_since: null,
  condition: 'active',
  reason: null,
  failing_since: null,
  probe_at: null,
  slowed: false,
  live: null,
};

const DAEMON: DaemonReport = {
  version: '1.0.0',
  pid: 7,
  uptime: 60,
  problems: [],
  state: 'streaming',
  slot: 'walhook',
  received: '0/1',
  confirmed: '0/1',
  behind: 0,
  in_flight: { deliveries: 0, bytes: 0 },
  endpoints: [],
  backfills: [],
  not_configured: [],
  engine: null,
  wal: { wal_status: 'reserved', retained_bytes: 1, safe_bytes: 1000, bytes_per_second: 2048, seconds_left: 7200 },
};

function text(endpoints: readonly EndpointLine[], report: Partial<StatusReport> = {}): string {
  return statusText(
    {
      daemon: null,
      daemon_error: 'nothing answers',
      daemon_url: null,
      source_topics: null,
  slot_name: 'walhook',
      slot: { active: true, wal_status: 'reserved', invalidation: null, lag_bytes: 0, lag_seconds: 0, retained_bytes: 0, safe_bytes: null },
      slot_error: null,
      checkpoint_at: null,
      state_error: null,
      endpoints,
      backfills: null,
      ...report,
    },
    NOW,
  );
}

test('a paused or disabled endpoint is told with its reason, since when, and the way back', () => {
  const shown = text([
    { ...LINE, condition: 'paused', reason: 'migration', condition_since: AN_HOUR_AGO },
    { ...LINE, name: 'erp', condition: 'disabled', reason: 'it answered 410\u001b[2J', probe_at: AN_HOUR_AGO },
  ]);
  expect(shown).toMatch(/^crm +paused /m);
  expect(shown).toContain('crm is paused for 1 h: migration (walhook resume crm)');
  expect(shown).toContain('erp is disabled: it answered 410\\u001b[2J (walhook resume erp)');
  expect(shown).not.toContain('probe');
});

test('an endpoint that fails is told with since when, its probe, and that it gets less', () => {
  const shown = text([{ ...LINE, failing_since: AN_HOUR_AGO, probe_at: '2026-01-02T00:00:30.000Z', slowed: true }]);
  expect(shown).toContain('crm has failed for 1 h without a success');
  expect(shown).toContain('crm: its breaker is open, and lets a probe through in 30 s');
  expect(shown).toContain('crm is sent less at a time');
  expect(text([{ ...LINE, probe_at: AN_HOUR_AGO }])).toContain('lets a probe through now');
});

test('what went wrong before a success is told as earlier', () => {
  const live = { name: 'crm', queued: 0, mode: 'direct', condition: 'active', reason: null, breaker: 'closed', probe_in: null, failing_for: null, slowed: false, skipped: 0, delivered: 1, failed_attempts: 1, last_error: 'answered 500' } as const;
  expect(text([{ ...LINE, live }])).toContain('an earlier error of crm: answered 500');
  expect(text([{ ...LINE, live, failing_since: AN_HOUR_AGO }])).toContain('last error of crm: answered 500');
});

test('a slot that is lost is told with the way on: setup would not make it again', () => {
  const slot = { active: false, wal_status: 'lost', invalidation: 'wal_removed', lag_bytes: 0, lag_seconds: null, retained_bytes: null, safe_bytes: null };
  expect(text([], { slot })).toContain('lost: wal_removed (walhook resync');
  expect(text([], { slot: null, checkpoint_at: AN_HOUR_AGO })).toContain('there is none (it was there: walhook resync');
  expect(text([], { slot: null })).toContain('there is none (walhook setup)');
});

test('an endpoint that is gone is told with what to do about what is stored for it', () => {
  expect(text([{ ...LINE, name: 'old', configured: false, parked: 2 }])).toContain('old: the configuration no longer has it, so nothing is sent to it; put it back, or forget what is stored: walhook discard --parked --endpoint old');
});

test('with the daemon there is a forecast of the WAL; a standby says that it is one', () => {
  expect(text([], { daemon: DAEMON })).toContain('forecast   2 KiB of WAL a second; at this rate the slot is lost in 2 h');
  expect(text([], { daemon: { ...DAEMON, wal: null } })).not.toContain('forecast');
  expect(text([], { daemon: { ...DAEMON, state: 'standby' } })).toMatch(/^walhook 1\.0\.0 stands by: another daemon has the slot/);
});

test('backfills that have not ended are told with how far they are', () => {
  const shown = text([LINE], { backfills: [backfill({ state: 'waiting', reason: 'endpoint crm is paused', rows_done: 42, rows_estimated: 100, rows_sent: 40 })] });
  expect(shown).toMatch(/\n\nbackfill +hook +table +state +done +rows +sent +speed +left +asked for\nbf_20261121T193000_x7k2 +crm-profiles +public\.profiles +waiting +42% +42 of ~100 +40 +- +- +.+ ago\n.* waits: endpoint crm is paused\n$/);
  for (const backfills of [[], null]) expect(text([LINE], { backfills })).not.toContain('backfill');
});

test('a fleet: the role, the workers with what they have, and a problem for what nobody has', () => {
  const shown = text([], { daemon: { ...DAEMON, engine: ENGINE } });
  expect(shown).toContain('problem    partition 1 of topic walhook has no worker: 5 records wait there');
  expect(shown).toContain('engine: topic walhook, group walhook; this process reads the slot and delivers, with Kafka between (role all)');
  expect(shown).toContain('  1000 deliveries handed over, partition 0, generation 3, dealt to 2 times, the last pause 120 ms');
  expect(shown).toMatch(/^ {2}nobody +1 +1 +5$/m);
  expect(shown).toMatch(/^ {2}host-7 \(this\) +1 +0 +10$/m);
  expect(shown).toMatch(/^ {2}host-8 +0 +- +0$/m);
  expect(shown).toContain('  lag        15 records, the most in partition 0: 10');
  expect(shown).not.toContain('more workers');
});

test('a worker that idles, as there are more of them than partitions, is in the table with a hint', () => {
  const { fleet } = ENGINE;
  if (fleet === null) throw new Error('it is told');
  const workers = [{ worker: 'host-7', partitions: [0], lag: 10 }, { worker: 'host-8', partitions: [], lag: 0 }];
  const engine = { ...ENGINE, role: 'deliver', partitions: [], worker: 'host-8', fleet: { ...fleet, partitions: fleet.partitions.slice(0, 1), workers }, fleet_problems: [] } as const;
  const shown = text([], { daemon: { ...DAEMON, received: '', confirmed: '', wal: null, engine } });
  expect(shown).toContain('\n  0 partitions, generation 3');
  expect(shown).toMatch(/^ {2}host-8 \(this\) +0 +- +0$/m);
  expect(shown).toContain('  there are more workers (2) than partitions (1): 1 of them idles, and takes over when another one goes');
});

test('what stands by for the slot is not said to read it', () => {
  const standby = { ...DAEMON, state: 'standby', received: '', confirmed: '', wal: null } as const;
  expect(text([], { daemon: { ...standby, engine: { ...ENGINE, role: 'tail', partitions: [], generation: null } } })).toContain('this process stands by for the slot (role tail)');
  expect(text([], { daemon: { ...standby, engine: ENGINE } })).toContain('this process delivers, and stands by for the slot (role all)');
});

test('of what only delivers nothing of the stream is shown, and a broker that cannot be asked is a problem', () => {
  const engine = { ...ENGINE, role: 'deliver', fleet: null, fleet_error: 'away', fleet_problems: ['the workers cannot be asked for: away'] } as const;
  const shown = text([], { daemon: { ...DAEMON, received: '', confirmed: '', wal: null, engine } });
  expect(shown).toContain('this process delivers from Kafka (role deliver)');
  expect(shown).toContain('problem    the workers cannot be asked for: away');
  expect(shown).not.toMatch(/received|confirmed|handed over/);
  // One of an earlier version tells nothing of it.
  const { engine: _, ...earlier } = DAEMON;
  expect(text([], { daemon: earlier as DaemonReport })).not.toContain('engine');
});
