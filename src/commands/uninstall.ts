import type pg from 'pg';
import type { Config } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { sqlState } from '../reaction.ts';
import { connect, target } from '../source/connect.ts';
import { connectionError } from '../source/connection-error.ts';
import type { Facts } from '../source/facts.ts';
import { inspect } from '../source/inspect.ts';
import { LOCK_TIMEOUT } from '../source/step.ts';
import type { Verb } from './command.ts';
import { confirm } from './confirm.ts';
import { daemonState, daemonUrl } from './daemon-client.ts';
import { readConfig } from './read-config.ts';
import { workerName } from '../fleet.ts';
import { groupMembers } from '../open-engine.ts';
import { groupCommand } from './with-source.ts';
import { print } from './terminal.ts';
import { type LeftStep, lossSentence, type RemovalPlan, removalPlan, type RemovalStep } from './uninstall-plan.ts';
import { type StateSchemaFacts, stateSchemaFacts } from './uninstall-state.ts';

/** SQLSTATE insufficient_privilege. */
const NOT_PERMITTED = '42501';

/** `walhook uninstall`: shows what would be dropped, and drops it after a yes. */
export const uninstall: Verb = async ({ options }) => {
  const config = readConfig(options.config);
  const { json = false, yes = false, dryRun = false, keepState = false, resetIdentity = false } = options;
  await refuseDaemon(config);
  return withDatabases(config, async (databases) => {
    const facts = databases.source === null ? null : await databases.source((client) => inspect(client, config), 'look at its settings');
    if (facts !== null && databases.source !== null) await refuseReader(config, facts, databases.source);
    await refuseMembers(config);
    const state = await databases.state((client) => stateSchemaFacts(client, config.state.schema, config.source.slot), 'look at its state schema');
    const plan = removalPlan(config, { facts, state }, { keepState, resetIdentity });
    const lost = plan.steps.some(({ kind }) => kind === 'schema') ? state : null;
    if (!json) print(planText(plan, lost));
    if (dryRun || plan.steps.length === 0) {
      if (json) print(reportText({ plan, lost, done: [], refused: [], dryRun }));
      return EXIT.ok;
    }
    if (!yes && !(await confirm(`${(lost === null ? null : lossSentence(lost)) ?? 'This cannot be undone'}. Drop ${plan.steps.length === 1 ? 'it' : `these ${plan.steps.length}`}?`.replace(/^t/, 'T'), { json }))) {
      print('nothing was done');
      return EXIT.failure;
    }
    const { done, refused } = await remove(plan.steps, databases);
    if (json) print(reportText({ plan, lost, done, refused, dryRun }));
    else print(doneText(done, refused));
    return refused.length === 0 ? EXIT.ok : EXIT.notPermitted;
  });
};

type OnDatabase = <T>(work: (client: pg.Client) => Promise<T>, doing: string) => Promise<T>;

interface Databases {
  /** Null: the source is Kafka. */
  readonly source: OnDatabase | null;
  /** The same one, unless the configuration names another. */
  readonly state: OnDatabase;
}

async function withDatabases<T>(config: Config, work: (databases: Databases) => Promise<T>): Promise<T> {
  const opened: pg.Client[] = [];
  const open = async (url: string | null): Promise<OnDatabase> => {
    const to = target(url);
    const { client } = await connect(to);
    opened.push(client);
    return async (query, doing) => {
      try {
        return await query(client);
      } catch (error) {
        // Who may not do something is told below, with the SQL.
        if (sqlState(error) === NOT_PERMITTED) throw error;
        throw connectionError(error, { label: to.label, doing });
      }
    };
  };
  try {
    const source = config.source.kafka === null ? await open(config.source.url) : null;
    return await work({ source, state: source !== null && config.state.url === null ? source : await open(config.state.url) });
  } catch (error) {
    throw connectionError(error);
  } finally {
    await Promise.all(opened.map((client) => client.end().catch(() => {})));
  }
}

/** One that stands by would take the slot over, or make it anew. */
async function refuseDaemon(config: Config): Promise<void> {
  const state = await daemonState(config);
  if (state === null) return;
  throw new WalhookError(`a daemon runs, and answers on ${daemonUrl(config.server) ?? ''} (${state}): stop it first`, { code: 'daemon_running' });
}

/** Who reads topics knows nothing of what is dropped before it fails. */
async function refuseMembers({ engine, source }: Config): Promise<void> {
  const groups = [engine === null ? [] : [{ cluster: engine.kafka, group: engine.kafka.group, topics: [engine.kafka.topic] }], source.kafka === null ? [] : [{ cluster: source.kafka, group: source.kafka.group, topics: source.kafka.topics }]].flat();
  for (const { cluster, group, topics } of groups) {
    const members = await groupMembers(cluster, { group, topics }).catch((error: unknown) => {
      if (!(error instanceof WalhookError)) throw error;
      throw new WalhookError(`whether something is still in group ${group} cannot be asked: ${error.message}`, { code: error.code, hint: `${error.hint === null ? '' : `${error.hint}\n`}where the brokers are gone for good: DROP SCHEMA … CASCADE by hand, in the state database` });
    });
    if (members.length === 0) continue;
    throw new WalhookError(`group ${group} is being read by ${members.map(workerName).join(', ')}: stop ${members.length === 1 ? 'it' : 'them'} first`, { code: 'group_in_use', hint: groupCommand({ ...cluster, group }, '--describe --members') });
  }
}

async function refuseReader({ source: { slot } }: Config, facts: Facts, source: OnDatabase): Promise<void> {
  const pid = facts.slot?.activePid ?? null;
  if (pid === null) return;
  const who = await source(async (client) => {
    const { rows } = await client.query<{ who: string }>(`select concat_ws(' ', nullif(application_name, ''), 'of role ' || usename, 'from ' || coalesce(host(client_addr), 'a local socket')) as who from pg_catalog.pg_stat_activity where pid = $1`, [pid]);
    return rows[0]?.who ?? '';
  }, 'see who reads its slot');
  throw new WalhookError(`slot ${slot} is being read by server process ${pid}${who === '' ? '' : ` (${who})`}: stop that daemon first`, {
    code: 'slot_in_use',
    hint: `SELECT * FROM pg_stat_activity WHERE pid = ${pid};`,
  });
}

async function remove(steps: readonly RemovalStep[], databases: Databases): Promise<{ readonly done: readonly RemovalStep[]; readonly refused: readonly LeftStep[] }> {
  const done: RemovalStep[] = [];
  const refused: LeftStep[] = [];
  for (const step of steps) {
    const on = step.kind === 'schema' ? databases.state : databases.source;
    if (on === null) throw new Error('of a source that is no database there is nothing to drop');
    try {
      // One simple query is one transaction.
      await on((client) => client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT}; ${step.sql}`), step.description);
      done.push(step);
    } catch (error) {
      if (sqlState(error) !== NOT_PERMITTED) throw error;
      refused.push({ ...step, reason: error instanceof Error ? error.message : 'not permitted' });
    }
  }
  return { done, refused };
}

function planText({ steps, left }: RemovalPlan, lost: StateSchemaFacts | null): string {
  const sentence = lost === null ? null : lossSentence(lost);
  return [
    ...(steps.length === 0 ? ['-- nothing to drop: the database has none of it'] : []),
    ...steps.map(({ description, sql }) => `-- ${description}\n${sql};`),
    ...left.map(({ kind, description, sql, reason }) => `-- left: ${description} (${reason})\n-- ${sql}${kind === 'kafka' ? '' : ';'}`),
    ...(sentence === null ? [] : [`-- ${sentence}`]),
  ].join('\n\n');
}

function doneText(done: readonly RemovalStep[], refused: readonly LeftStep[]): string {
  const dropped = done.length === 0 ? [] : [`\n-- done: ${done.map(({ description }) => description).join('; ')}`];
  if (refused.length === 0) return dropped.join('');
  return [...dropped, '\n-- the role may not do the rest: for an administrator', ...refused.map(({ sql, reason }) => `${sql};  -- ${reason}`)].join('\n');
}

function reportText({ plan, lost, done, refused, dryRun }: { readonly plan: RemovalPlan; readonly lost: StateSchemaFacts | null; readonly done: readonly RemovalStep[]; readonly refused: readonly LeftStep[]; readonly dryRun: boolean }): string {
  const { parked = 0, held = 0, dead = 0 } = lost ?? {};
  return JSON.stringify({ dry_run: dryRun, steps: plan.steps, done, refused, left: plan.left, lost: { parked, held, dead } }, null, 2);
}
