import type { Config } from '../config.ts';
import type { EngineStatus } from '../engine-status.ts';
import { WalhookError } from '../errors.ts';
import { noRows } from './with-source.ts';

/** For what this process has not, and another one of the same configuration has. */
export function otherRole(what: string, whose: keyof typeof WHOSE): WalhookError {
  return new WalhookError(`${what}: ${WHOSE[whose]}`, { code: 'other_role', hint: HINTS[whose] });
}

/** Why a process that runs has no backfills; null: it should have them. */
export function noBackfills(engine: EngineStatus | null, { source: { kafka } }: Pick<Config, 'source'>): WalhookError | null {
  if (kafka !== null) return noRows(kafka);
  if (engine === null || engine.role === 'tail') return null;
  return engine.role === 'deliver' ? otherRole('this process only delivers, and has no backfills', 'tail') : otherRole('this process delivers, and stands by for the slot: it has no backfills', 'tail');
}

const WHOSE = {
  tail: 'they are with the process that reads the slot',
  worker: 'that is with the workers, which deliver',
} as const;

const HINTS = {
  tail: 'ask the one that runs with `walhook run --role tail`, or that of `--role all` which reads the slot; who it is:\nSELECT application_name, client_addr FROM pg_stat_replication;',
  worker: 'ask a process that runs with `walhook run --role deliver`; `walhook status` lists them by host and process id',
} as const;
