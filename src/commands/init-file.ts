import { identifierFault, nameFault } from '../config/names.ts';
import { identifier, qualified, tableName } from '../source/quote.ts';
import { guess } from './init-guess.ts';
import type { FoundTable } from './init-tables.ts';
import { humanCount } from './units.ts';

/** Why a table is commented out; null: it is not. */
export interface ListedTable {
  readonly found: FoundTable;
  readonly omitted: string | null;
}

export interface InitFile {
  /** `DATABASE_URL`, or `PG*` for the variables of libpq. */
  readonly source: 'DATABASE_URL' | 'PG*';
  readonly tables: readonly ListedTable[];
}

/** What the file asks for when a variable is not set. No `}` may stand in it. */
const ASK_URL = 'set it to where webhooks go, as in https://example.com/hooks (nothing is sent until then)';
const ASK_SECRET = 'set it to whsec_ and 24 to 64 random bytes in base64, as `openssl rand -base64 32` makes them';

/** A walhook.yaml with what was found, commented. It holds no secret: those are variables. */
export function initFile({ source, tables }: InitFile): string {
  const watched = tables.filter(({ omitted }) => omitted === null);
  const others = tables.filter(({ omitted }) => omitted !== null);
  const names = hookNames(tables.map(({ found }) => found));
  return [
    '# yaml-language-server: $schema=./walhook.schema.json',
    '# Made by `walhook init`. What it guessed from names is marked with (?): look at those lines.',
    '# Every option: docs/configuration.md. What the file lacks or has wrong: walhook check',
    'version: 1',
    '',
    'source:',
    ...(source === 'DATABASE_URL'
      ? ['  url: ${DATABASE_URL}            # postgres://user:password@host:5432/db?sslmode=verify-full']
      : ['  # url: ${DATABASE_URL}          # without it the PG* variables say where the database is']),
    '  slot: walhook                   # one daemon at a time reads a slot',
    '  publication: walhook',
    '  # manage: false                 # walhook then changes nothing here: `walhook plan` prints the SQL for an administrator',
    '',
    '# server: { listen: "127.0.0.1:9464", token: "${WALHOOK_TOKEN}" }   # console, API and metrics; beyond loopback only with a token',
    '',
    'tables:',
    ...watched.flatMap(({ found }) => tableLines(found)),
    ...(watched.length === 0 ? ['  {}'] : []),
    ...others.flatMap(({ found, omitted }) => [`  # ${aboutTable(found)}: left out, ${omitted ?? ''}`, ...tableLines(found).slice(1).map(commented)]),
    '',
    'endpoints:',
    '  webhook:',
    `    url: ${quoted(`\${WEBHOOK_URL:?${ASK_URL}}`)}`,
    '    signing:',
    `      secrets: [${quoted(`\${WEBHOOK_SECRET:?${ASK_SECRET}}`)}]`,
    '    # headers: { Authorization: "Bearer ${WEBHOOK_TOKEN}" }',
    '    # network: { allow: [127.0.0.0/8] }     # private addresses are refused unless they are allowed',
    '    # timeout: 15s',
    '    # retry: { initial: 5s, factor: 3, max: 1h, attempts: 12 }     # then it is a dead letter, kept until you replay it',
    '',
    'hooks:',
    ...watched.flatMap(({ found }) => hookLines(found, names)),
    ...(watched.length === 0 ? ['  []'] : []),
    ...others.flatMap(({ found }) => hookLines(found, names).filter((line) => !line.trimStart().startsWith('#')).map(commented)),
    '',
  ].join('\n');
}

/** False for names that the file cannot say: control characters, and what looks like a variable, which no key may have. */
export function isNameable({ schema, table, columns }: FoundTable): boolean {
  return [schema, table, ...columns.map(({ name }) => name)].every((name) => identifierFault(name) === null && !name.includes('${'));
}

/** As the file writes it: `profiles`, `app.profiles`, `app."a.b"`. */
export function fileName({ schema, table }: FoundTable): string {
  return schema === 'public' ? namePart(table) : `${namePart(schema)}.${namePart(table)}`;
}

function namePart(name: string): string {
  return /[."]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}

function tableLines(found: FoundTable): string[] {
  const { lookup, flags, privacy } = guess(found);
  const settings = [
    ...(found.primaryKey === null ? ['key: []   # it has no primary key: name the columns that tell its rows apart'] : []),
    ...(lookup.length === 0 ? [] : [`lookup: [${lookup.map(value).join(', ')}]   # (?) receivers find their record by these; a change tells the previous value too`]),
    ...(flags.length === 0 ? [] : [`visibility: { ${flags.map(([field, flag]) => `${key(field)}: ${value(flag)}`).join(', ')} }   # (?) field: the boolean column that says whether it may be seen`]),
    ...(flags.length > 0 || privacy === null ? [] : [`visibility: { column: ${value(privacy)} }   # (?) the json column that says which fields may be seen, as in {"email": false}`]),
    ...identityLine(found),
  ];
  return [`  # ${aboutTable(found)}`, `  ${key(fileName(found))}:${settings.every((line) => line.startsWith('#')) ? ' {}' : ''}`, ...settings.map((line) => `    ${line}`)];
}

/** FULL is a change of the application's table, which its owner alone may make. */
function identityLine({ owned, full }: FoundTable): string[] {
  if (full) return ['# it has REPLICA IDENTITY FULL: the WAL has whole old rows'];
  const why = 'so that the WAL has whole old rows: what changed, previous values, hidden values that stay so';
  return [owned ? `replica_identity: full   # ${why}; walhook may set it` : `# replica_identity: full   # ${why}; for the owner of the table to set`];
}

function hookLines(found: FoundTable, names: ReadonlyMap<FoundTable, string>): string[] {
  return [
    `  - name: ${value(names.get(found) ?? '')}`,
    `    table: ${value(fileName(found))}`,
    '    to: webhook',
    "    # events: [insert, update, visibility_update, delete]   changed: […]   when: row.country == 'NL'   fields: { omit: […] }   body: { … }",
  ];
}

function aboutTable(found: FoundTable): string {
  const rows = found.rows === null ? 'not analyzed' : `about ${humanCount(found.rows)} ${found.rows === 1 ? 'row' : 'rows'}`;
  const columns = found.columns.map(({ name, type }) => `${name} ${type}`).join(', ');
  const short = columns.length <= 160 ? columns : `${columns.slice(0, columns.lastIndexOf(',', 160))}, …`;
  return oneLine(`${tableName(found)}: ${rows}, ${found.primaryKey === null ? 'no primary key' : `key ${found.primaryKey.join(', ')}`} (${short})`);
}

/** What the role that looked needs to read a table. */
export function grantSql(found: FoundTable): string {
  return `GRANT USAGE ON SCHEMA ${identifier(found.schema)} TO ${identifier(found.role)}; GRANT SELECT ON ${qualified(found)} TO ${identifier(found.role)};`;
}

/** Each table's own hook name, of what stands in ids, logs and shells as it is. */
function hookNames(tables: readonly FoundTable[]): ReadonlyMap<FoundTable, string> {
  const taken = new Set<string>();
  return new Map(tables.map((found) => {
    const wanted = (found.schema === 'public' ? found.table : `${found.schema}-${found.table}`).replaceAll(/[^A-Za-z0-9_-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '').slice(0, 55);
    const base = nameFault(wanted) === null ? wanted : 'hook';
    let name = base;
    for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
    taken.add(name);
    return [found, name];
  }));
}

function commented(line: string): string {
  return `  # ${line.slice(2)}`;
}

/** A comment ends with its line. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\ufeff]/gu, ' ');
}

/** A scalar whose text is looked through for `${…}`. */
function value(text: string): string {
  return key(text.replaceAll('$', () => '$$'));
}

/** Plain where YAML reads it as this very text. */
function key(text: string): string {
  return /^[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : quoted(text);
}

/** JSON's strings are YAML's, but for what YAML breaks lines at. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[\u007f-\u009f\u2028\u2029\ufeff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
