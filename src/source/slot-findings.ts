import type { Config } from '../config.ts';
import { error, type Finding, managed, warning } from '../finding.ts';
import { findLoss } from './continuity.ts';
import type { Facts } from './facts.ts';
import { FAILOVER_SLOTS } from './plan.ts';
import { type Loss, lossText, RESYNC_HINT } from './loss.ts';
import { FIRST_TIMELINE } from './timelines.ts';

/** What is lost, as the database tells by itself. What a checkpoint knows besides: see `continuity`. */
export function lossFinding(loss: Loss): Finding {
  return error({ code: loss.code, message: lossText(loss), fix: RESYNC_HINT, path: loss.code.startsWith('publication') ? 'source.publication' : 'source.slot' });
}

/** What it takes that a slot outlives the primary. What is set on the standbys cannot be seen from here. */
export function failoverFindings({ source }: Config, { server }: Facts): Finding[] {
  const path = 'source.failover';
  if (!source.failover) return [];
  if (server.version < FAILOVER_SLOTS) {
    return [error({ code: 'failover_version', message: `Postgres ${Math.floor(server.version / 10_000)} cannot keep a slot in step on standbys: that takes 17`, fix: 'leave out source.failover', path })];
  }
  if (server.synchronizedStandbySlots !== '') return [];
  return [
    warning({
      code: 'failover_unsynchronized',
      message: 'synchronized_standby_slots is empty: a standby that is promoted may lack changes that walhook has sent already',
      fix: `ALTER SYSTEM SET synchronized_standby_slots = '<physical slot of the standby>'; SELECT pg_reload_conf();  -- and on the standby: sync_replication_slots = on, hot_standby_feedback = on, primary_slot_name, and dbname in primary_conninfo`,
      path,
    }),
  ];
}

export function slotFindings(config: Config, facts: Facts): Finding[] {
  const { slot, server } = facts;
  const { slot: name, manage } = config.source;
  const path = 'source.slot';
  if (slot === null) {
    return [managed(manage, { code: 'slot_missing', message: `there is no replication slot ${name}`, fix: 'walhook setup', path })];
  }
  const found: Finding[] = [];
  if (slot.plugin !== 'pgoutput') {
    const what = slot.plugin === null ? 'is a physical slot' : `uses the plugin ${slot.plugin}`;
    found.push(error({ code: 'slot_plugin', message: `slot ${name} ${what}, not pgoutput: it is somebody else's`, fix: 'name another slot in source.slot', path }));
  } else if (slot.database !== server.database) {
    found.push(error({ code: 'slot_database', message: `slot ${name} belongs to database ${slot.database}, not ${server.database}`, fix: 'name another slot in source.slot', path }));
  } else if (slot.temporary) {
    found.push(error({ code: 'slot_temporary', message: `slot ${name} is a temporary one of another session`, fix: 'name another slot in source.slot, or end that session', path }));
  }
  if (slot.invalidation === null && slot.walStatus === 'unreserved') {
    found.push(
      warning({
        code: 'slot_unreserved',
        message: `slot ${name} is behind by more than max_slot_wal_keep_size: the next checkpoint may remove the WAL it needs`,
        fix: `ALTER SYSTEM SET max_slot_wal_keep_size = …;  -- more than now, then SELECT pg_reload_conf(); and let walhook catch up`,
        path,
      }),
    );
  }
  const loss = slot.plugin === 'pgoutput' ? findLoss({ config, facts, timelines: FIRST_TIMELINE, stored: null, end: server.currentLsn }) : null;
  if (loss !== null) found.push(lossFinding(loss));
  if (config.source.failover && slot.failover === false) {
    found.push(managed(manage, { code: 'slot_failover', message: `slot ${name} is not kept in step on standbys: after a failover it would be gone`, fix: 'walhook setup', path: 'source.failover' }));
  }
  if (slot.activePid !== null) {
    found.push(
      warning({
        code: 'slot_in_use',
        message: `slot ${name} is being read (server process ${slot.activePid}), as it is while a walhook runs: one more would stand by until it is free`,
        path,
      }),
    );
  }
  return found;
}
