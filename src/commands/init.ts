import { existsSync, writeFileSync } from 'node:fs';
import { postgresUrl } from '../config/addresses.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { codeOf } from '../reaction.ts';
import { connect, target } from '../source/connect.ts';
import { connectionError } from '../source/connection-error.ts';
import type { Verb } from './command.ts';
import { canAsk } from './confirm.ts';
import { askTables, namedTables, usualTables } from './init-choice.ts';
import { fileName, grantSql, initFile, type ListedTable } from './init-file.ts';
import { type FoundTable, foundTables } from './init-tables.ts';
import { print } from './terminal.ts';
import { countOf } from './units.ts';

/** `walhook init`: writes a walhook.yaml for the tables of a database. */
export const init: Verb = async ({ options }) => {
  const { config: file, force = false, json = false } = options;
  if (!force) refuseExisting(file);
  const { url, source } = sourceOf(options.url);
  const found = await readTables(url);
  const listed = await listedTables(found, { names: options.table, mayAsk: !json && canAsk() });
  if (listed === null) {
    print('\nnothing was written');
    return EXIT.failure;
  }
  write(file, initFile({ source, tables: listed }), force);
  const watched = listed.filter(({ omitted }) => omitted === null).map(({ found: one }) => fileName(one));
  const omitted = listed.flatMap(({ found: one, omitted: reason }) => (reason === null ? [] : [{ table: fileName(one), reason }]));
  const next = nextSteps(file, { isGiven: options.url !== undefined, hasTables: watched.length > 0 });
  if (json) print(JSON.stringify({ file, tables: watched, omitted, next }, null, 2));
  else print(summary(file, { watched, omitted: omitted.length, next }));
  return EXIT.ok;
};

/** Where to look, and what the file says of it: never the URL itself, which has a password. */
function sourceOf(given: string | undefined): { readonly url: string | null; readonly source: 'DATABASE_URL' | 'PG*' } {
  const url = given ?? (process.env['DATABASE_URL'] || null);
  if (url === null) return { url, source: Object.keys(process.env).some((name) => /^PG(?:HOST|HOSTADDR|PORT|DATABASE|USER|SERVICE)$/.test(name)) ? 'PG*' : 'DATABASE_URL' };
  const reading = postgresUrl(url);
  if ('refused' in reading) throw new WalhookError(`${given === undefined ? 'DATABASE_URL' : '--url'}: ${reading.refused}`, { code: 'usage', hint: 'walhook init --help', exit: EXIT.usage });
  return { url, source: 'DATABASE_URL' };
}

async function readTables(url: string | null): Promise<FoundTable[]> {
  const to = target(url);
  const { client } = await connect(to);
  try {
    const found = await foundTables(client);
    const [first] = found;
    if (first === undefined) throw new WalhookError(`${to.label} has no tables`, { code: 'no_tables', hint: '--url, DATABASE_URL or PGDATABASE names another database' });
    if (found.some(({ readable }) => readable)) return found;
    throw new WalhookError(`${to.label}: the role may read none of its ${countOf(found.length, 'table', 'tables')}`, { code: 'table_privilege', hint: `${grantSql(first)}  -- and so on, as their owner`, exit: EXIT.notPermitted });
  } catch (error) {
    throw connectionError(error, { label: to.label, doing: 'read its tables' });
  } finally {
    await client.end().catch(() => {});
  }
}

async function listedTables(found: readonly FoundTable[], { names, mayAsk }: { readonly names: readonly string[] | undefined; readonly mayAsk: boolean }): Promise<readonly ListedTable[] | null> {
  if (names !== undefined) return namedTables(names, found);
  return mayAsk ? askTables(found) : usualTables(found);
}

function refuseExisting(file: string): void {
  if (existsSync(file)) throw exists(file);
}

function exists(file: string): WalhookError {
  return new WalhookError(`${file} is there already, and stays as it is`, { code: 'config_exists', hint: '--force overwrites it; -c <file> writes another one' });
}

function write(file: string, text: string, force: boolean): void {
  try {
    writeFileSync(file, text, { flag: force ? 'w' : 'wx' });
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') throw exists(file);
    throw new WalhookError(`${file}: cannot be written (${codeOf(cause) ?? 'unknown error'})`, { code: 'not_written', cause });
  }
}

function nextSteps(file: string, { isGiven, hasTables }: { readonly isGiven: boolean; readonly hasTables: boolean }): string[] {
  const config = file === 'walhook.yaml' ? '' : ` -c ${/^[\w./-]+$/.test(file) ? file : `'${file.replaceAll("'", `'\\''`)}'`}`;
  return [
    ...(hasTables ? [] : [`# no table can be watched as it is: see the comments in ${file}`]),
    ...(isGiven ? ["export DATABASE_URL='postgres://…'   # the URL that you gave: it is not in the file"] : []),
    "export WEBHOOK_URL='https://…'        # where webhooks go",
    'export WEBHOOK_SECRET="whsec_$(openssl rand -base64 32)"   # the receiver verifies with it',
    'walhook schema > walhook.schema.json   # for completion in an editor',
    `walhook check${config}   # what is missing, each with its fix`,
    `walhook run${config}`,
  ];
}

function summary(file: string, { watched, omitted, next }: { readonly watched: readonly string[]; readonly omitted: number; readonly next: readonly string[] }): string {
  const others = omitted === 0 ? '' : `; ${countOf(omitted, 'other is', 'others are')} in it as comments`;
  return [`wrote ${file}: ${watched.length === 0 ? 'no table' : watched.join(', ')}${others}`, 'Lines with (?) are guesses: look at them. Then:', '', ...next.map((line) => `  ${line}`)].join('\n');
}
