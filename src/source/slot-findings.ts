import type { Config } from '../config.ts';
import type { Facts } from './facts.ts';
import { error, type Finding, managed, warning } from './finding.ts';
import { literal } from './quote.ts';

export function slotFindings(config: Config, { slot, server, publication }: Facts): Finding[] {
  const { slot: name, manage } = config.source;
  const path = 'source.slot';
  const fix = `SELECT pg_drop_replication_slot(${literal(name)});  -- then walhook setup`;
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
  if (slot.walStatus === 'lost' || slot.invalidation !== null) {
    const why = slot.invalidation === null ? '' : ` (${slot.invalidation})`;
    found.push(error({ code: 'slot_invalidated', message: `slot ${name} is invalidated${why}: the WAL it needs is gone, and changes with it`, fix, path }));
  } else if (slot.walStatus === 'unreserved') {
    found.push(
      warning({
        code: 'slot_unreserved',
        message: `slot ${name} is behind by more than max_slot_wal_keep_size: the next checkpoint may remove the WAL it needs`,
        fix: `ALTER SYSTEM SET max_slot_wal_keep_size = …;  -- more than now, then SELECT pg_reload_conf(); and let walhook catch up`,
        path,
      }),
    );
  }
  if (publication === null && slot.plugin === 'pgoutput') {
    found.push(
      error({
        code: 'publication_lost',
        message: `slot ${name} is there but publication ${config.source.publication} is not: the slot cannot decode changes from before its publication`,
        fix,
        path: 'source.publication',
      }),
    );
  }
  if (slot.activePid !== null) {
    found.push(
      warning({
        code: 'slot_in_use',
        message: `slot ${name} is in use by the server process ${slot.activePid}: another walhook stands by until it is free`,
        path,
      }),
    );
  }
  return found;
}
