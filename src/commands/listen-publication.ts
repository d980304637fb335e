import type pg from 'pg';
import type { Config } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { sqlState } from '../reaction.ts';
import { findings } from '../source/findings.ts';
import { inspect } from '../source/inspect.ts';
import { plan } from '../source/plan.ts';
import { identifier } from '../source/quote.ts';
import { guardedSql } from '../source/step.ts';

/** How the publications of `listen` begin; nobody else's do. */
export const LISTEN_PREFIX = 'walhook_listen_';

/** SQLSTATE insufficient_privilege: another role's leftover. */
const NOT_OURS = '42501';

/**
 * Makes the config's publication, and holds a lock by which others know that it is in use for as long as `client` is
 * connected. Throws a WalhookError if the tables cannot be published without harm.
 */
export async function createListenPublication(client: pg.Client, config: Config): Promise<void> {
  const facts = await inspect(client, config);
  refuse(findings(config, facts));
  await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [config.source.publication]);
  for (const step of plan(config, facts)) if (step.kind === 'publication') await client.query(guardedSql(step));
}

export async function dropListenPublication(client: pg.Client, name: string): Promise<void> {
  await client.query(`drop publication if exists ${identifier(name)}`);
}

/** Drops what listens that were killed have left: publications whose lock nobody holds. Gives their names. */
export async function dropLeftovers(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>('select pubname as name from pg_publication where starts_with(pubname, $1)', [LISTEN_PREFIX]);
  const dropped: string[] = [];
  for (const { name } of rows) {
    const { rows: locked } = await client.query<{ free: boolean }>('select pg_try_advisory_lock(hashtextextended($1, 0)) as free', [name]);
    if (locked[0]?.free !== true) continue;
    try {
      await dropListenPublication(client, name);
      dropped.push(name);
    } catch (error) {
      if (sqlState(error) !== NOT_OURS) throw error;
    } finally {
      await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [name]);
    }
  }
  return dropped;
}

function refuse(found: ReturnType<typeof findings>): void {
  const errors = found.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return;
  throw new WalhookError(errors.map(({ message }) => message).join('\n'), {
    code: first.code,
    exit: first.code.endsWith('_privilege') ? EXIT.notPermitted : EXIT.checkFailed,
    ...(first.fix === null ? {} : { hint: first.fix }),
  });
}
