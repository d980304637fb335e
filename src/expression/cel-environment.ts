import { Environment } from '@marcbachmann/cel-js';
import type { CelType } from '../codec.ts';
import type { ExpressionColumn } from './expression.ts';
import { HELPER_FUNCTIONS } from './helper-functions.ts';
import { sameNumber } from './sql-null.ts';

const TIMESTAMP = 'google.protobuf.Timestamp';
const DURATION = 'google.protobuf.Duration';
const ROW = 'walhook.Row';
const EVENT = 'walhook.Event';

const TYPES: Readonly<Record<CelType, string>> = {
  bool: 'bool',
  int: 'int',
  double: 'double',
  string: 'string',
  timestamp: TIMESTAMP,
  dyn: 'dyn',
  list: 'list',
  map: 'map',
};

const EVENT_FIELDS = {
  id: 'string',
  operation: 'string',
  table: 'string',
  schema: 'string',
  lsn: 'string',
  xid: 'int',
  time: TIMESTAMP,
  unix: 'int',
  lookup_values: 'list<map<string, dyn>>',
  redacted: 'list<string>',
};

export const EVENT_FIELD_NAMES: ReadonlySet<string> = new Set(Object.keys(EVENT_FIELDS));

export interface EnvironmentOptions {
  readonly columns: readonly ExpressionColumn[];
  /** Further variables, of any type: the names of `enrich`. */
  readonly lookups: readonly string[];
  /** Whether values of several types may stand together in a list or map that is written out. */
  readonly literals: 'uniform' | 'mixed';
}

const environments = new WeakMap<readonly ExpressionColumn[], Map<string, Environment>>();

/** The types, variables and functions of a table's expressions. The same one for all that name the same list of columns. */
export function environmentOf(options: EnvironmentOptions): Environment {
  const { columns, lookups, literals } = options;
  const known = environments.get(columns) ?? new Map<string, Environment>();
  environments.set(columns, known);
  const key = [literals, ...lookups].join(' ');
  const environment = known.get(key) ?? makeEnvironment(options);
  known.set(key, environment);
  return environment;
}

function makeEnvironment({ columns, lookups, literals }: EnvironmentOptions): Environment {
  const fields = Object.create(null) as Record<string, string>;
  for (const { name, celType } of columns) fields[name] = TYPES[celType];
  const environment = base(literals).clone();
  environment.registerType(ROW, { fields });
  environment
    .registerVariable('row', ROW)
    .registerVariable('old', ROW)
    .registerVariable('changed', 'map<string, dyn>')
    .registerVariable('event', EVENT);
  for (const name of lookups) environment.registerVariable(name, 'dyn');
  nullable(environment, ROW);
  return environment;
}

const bases = new Map<EnvironmentOptions['literals'], Environment>();

/** What the environments of all tables have. Made once, when it is first wanted: it takes milliseconds. */
function base(literals: EnvironmentOptions['literals']): Environment {
  const made = bases.get(literals);
  if (made !== undefined) return made;
  const environment = new Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: literals === 'uniform' });
  environment.registerType(EVENT, { fields: EVENT_FIELDS });
  for (const type of ['bool', 'int', 'double', 'string', TIMESTAMP, DURATION, 'list', 'map']) nullable(environment, type);
  mixNumbers(environment);
  for (const { overloads } of HELPER_FUNCTIONS) {
    for (const [signature, handler] of overloads) environment.registerFunction(signature, handler as (...values: unknown[]) => unknown, { async: false });
  }
  bases.set(literals, environment);
  return environment;
}

/** Anything may be compared with null. What comes of it is sql-null.ts's to say. */
function nullable(environment: Environment, type: string): void {
  environment.registerOperator(`${type} == null: bool`, (value: unknown) => value === null);
}

/** SQL lets numbers of different types meet, so that `row.price == 5` needs no `5.0`; CEL only compares them by order. */
function mixNumbers(environment: Environment): void {
  environment.registerOperator('double == int: bool', sameNumber);
  for (const [one, other] of [
    ['double', 'int'],
    ['int', 'double'],
  ]) {
    environment.registerOperator(`${one} in list<${other}>: bool`, (a: number | bigint, list: readonly (number | bigint)[]) =>
      list.some((b) => sameNumber(a, b)),
    );
    environment
      .registerOperator(`${one} + ${other}: double`, (a: number | bigint, b: number | bigint) => Number(a) + Number(b))
      .registerOperator(`${one} - ${other}: double`, (a: number | bigint, b: number | bigint) => Number(a) - Number(b))
      .registerOperator(`${one} * ${other}: double`, (a: number | bigint, b: number | bigint) => Number(a) * Number(b))
      .registerOperator(`${one} / ${other}: double`, (a: number | bigint, b: number | bigint) => Number(a) / Number(b));
  }
}

/** cel-js's names of types as people write them. */
export function readableTypes(text: string): string {
  // dyn<int>: an int that only the row told.
  return text.replaceAll(/\bdyn<((?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*)>/g, '$1').replaceAll(TIMESTAMP, 'timestamp').replaceAll(DURATION, 'duration').replaceAll(ROW, 'row').replaceAll(EVENT, 'event');
}
