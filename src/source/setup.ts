import type { Config } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import type { Finding } from '../finding.ts';
import type { StoredPosition } from '../position.ts';
import { sqlState } from '../reaction.ts';
import { target } from './connect.ts';
import { connectionError } from './connection-error.ts';
import { type Continuity, continuity } from './continuity.ts';
import { findings } from './findings.ts';
import type { Queryable } from './inspect.ts';
import { type Loss, lossError } from './loss.ts';
import { plan } from './plan.ts';
import { replicationCommand } from './replication-command.ts';
import { guardedSql, script, type Step } from './step.ts';

export interface SetupOptions {
  readonly config: Config;
  /** A client or a pool: each step is a query of its own. */
  readonly client: Queryable;
  /** Loads what is stored of the slot; null if nothing is. */
  readonly checkpoint: () => Promise<StoredPosition | null>;
  /** Somebody goes on without what is lost: it is no reason to refuse then. */
  readonly accepts?: Loss;
  /** Told of each step before it is done. */
  readonly onStep?: (step: Step) => void;
  /** How long a step waits for a lock, in milliseconds. Default: LOCK_TIMEOUT of step.ts. */
  readonly lockTimeout?: number;
  /** How long making the slot waits for transactions that have written, in milliseconds. Default: SLOT_TIMEOUT. */
  readonly slotTimeout?: number;
}

/** The database as it is now, where the stream goes on, and: */
export interface SetupResult extends Pick<Continuity, 'facts' | 'timelines' | 'stored'> {
  /** Warnings, and what is good to know. */
  readonly findings: readonly Finding[];
  /** What was done; empty if all was well. */
  readonly done: readonly Step[];
}

/** Two daemons that start at once do the same steps: the one that comes second finds them done and looks again. */
const ROUNDS = 4;
/** duplicate_object, duplicate_schema, unique_violation (of a catalog), object_in_use, and a catalog row that was updated meanwhile. */
const ALREADY_DONE = new Set(['42710', '42P06', '23505', '55006', 'XX000']);

/**
 * For `run`: with `source.manage` brings the database to where the config wants it, without it only checks.
 *
 * @throws WalhookError `not_set_up` with the SQL as its hint if there is something to do and walhook may not; otherwise
 *   as `setup`.
 */
export async function prepare(options: SetupOptions): Promise<SetupResult> {
  const { config, client, checkpoint } = options;
  if (config.source.manage) return setup(options);
  const { facts, loss, ...stream } = await continuity(config, client, checkpoint);
  if (loss !== null) throw lossError(loss);
  const found = findings(config, facts);
  const steps = plan(config, facts);
  if (steps.length > 0 && onlyManaged(found)) throw notSetUp(steps);
  refuseErrors(found);
  return { ...stream, facts, findings: found, done: [] };
}

/**
 * Does what the plan says, each step in a transaction of its own, so that a kill in the middle leaves a database in
 * which the application's writes work and from which the next run goes on. Does nothing where nothing is to be done.
 *
 * @throws WalhookError `slot_lost`, `other_system`, … if the stream cannot go on where it was left; `check_failed` if
 *   the plan would not be enough; `lock_timeout` (retry) if a lock was not to be had; else see `connectionError`.
 */
export async function setup(options: SetupOptions): Promise<SetupResult> {
  const { config, client, checkpoint } = options;
  const done: Step[] = [];
  const place = target(config.source.url).label.replace(/^.*@/, '');
  for (let round = 1; ; round++) {
    const { facts, loss, ...stream } = await continuity(config, client, checkpoint);
    if (loss !== null && options.accepts === undefined) throw lossError(loss);
    const found = findings(config, facts);
    refuseErrors(found.filter((finding) => !finding.managed && (options.accepts === undefined || finding.code !== loss?.code)));
    const steps = plan(config, facts);
    const [next] = steps;
    if (next === undefined) return { ...stream, facts, findings: found, done };
    const failure = await apply(steps, options, done);
    if (failure !== null && (round === ROUNDS || !ALREADY_DONE.has(sqlState(failure.error) ?? ''))) throw stepError(failure, `${facts.role.name}@${place}`);
    if (round > ROUNDS) throw unfinished(next);
  }
}

interface StepFailure {
  readonly step: Step;
  readonly error: unknown;
}

/** Stops at the first step that fails. */
async function apply(steps: readonly Step[], options: SetupOptions, done: Step[]): Promise<StepFailure | null> {
  for (const step of steps) {
    options.onStep?.(step);
    try {
      // Without parameters it goes as one simple query, which is one transaction: a pool will do.
      if (step.kind === 'failover') await replicationCommand(options.config, step.sql);
      else await options.client.query(guardedSql(step, options));
    } catch (error) {
      return { step, error };
    }
    done.push(step);
  }
  return null;
}

/** `label`: see ErrorContext. */
function stepError({ step, error }: StepFailure, label: string): WalhookError {
  if (step.kind === 'slot' && sqlState(error) === '57014') {
    return new WalhookError(`could not ${step.description}: it waits for transactions that have written and are still open`, {
      code: 'slot_waits',
      hint: 'SELECT pid, usename, application_name, xact_start, state FROM pg_stat_activity WHERE backend_xid IS NOT NULL ORDER BY xact_start;  -- then try again when the oldest have ended',
      exit: EXIT.unavailable,
      reaction: 'retry',
    });
  }
  return connectionError(error, { label, doing: step.description });
}

function onlyManaged(found: readonly Finding[]): boolean {
  return found.every((finding) => finding.severity !== 'error' || finding.managed);
}

/** Throws the first error as a WalhookError, and says how many more there are. */
export function refuseErrors(found: readonly Finding[]): void {
  const errors = found.filter((finding) => finding.severity === 'error');
  const [first, ...others] = errors;
  if (first === undefined) return;
  const more = others.length === 0 ? '' : ` (and ${others.length} more: walhook check)`;
  throw new WalhookError(`${first.path === null ? '' : `${first.path}: `}${first.message}${more}`, {
    code: others.length === 0 ? first.code : 'check_failed',
    exit: first.code.endsWith('_privilege') || first.code === 'not_owner' ? EXIT.notPermitted : EXIT.checkFailed,
    ...(first.fix === null ? {} : { hint: first.fix }),
  });
}

function notSetUp(steps: readonly Step[]): WalhookError {
  return new WalhookError(`source.manage is false, and the database is not ready: ${steps.map((step) => step.description).join('; ')}`, {
    code: 'not_set_up',
    hint: script(steps),
    exit: EXIT.checkFailed,
  });
}

function unfinished(step: Step): WalhookError {
  return new WalhookError(`the database changes while it is being set up: ${step.description} is still to be done`, {
    code: 'setup_unfinished',
    hint: 'walhook setup',
    reaction: 'retry',
  });
}
