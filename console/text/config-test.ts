import type { Delivery } from '../api/shapes.ts';

type Tested = Pick<Delivery, 'hook' | 'operation' | 'body'>;
/** A value of JSON, numbers with the digits that they were written with. */
type Value = string | boolean | null | Digits | readonly Value[] | Fields;
interface Fields {
  readonly [name: string]: Value;
}

class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Tests are of what is done to rows. */
export function isTestable({ hook, operation }: Pick<Tested, 'hook' | 'operation'>): boolean {
  return hook !== '' && /^(?:data_insert|data_update|visibility_update|delete)$/.test(operation);
}

/**
 * A delivery as an entry of the file's `tests:`: the row that its body shows, and what is expected. JSON is YAML too. Where the
 * body is not that of an event, it does not say what the row was, and that is left to be filled in.
 */
export function configTest({ hook, operation, body }: Tested): string {
  const whole = read(body);
  const event = isEvent(whole) ? whole : isFields(whole) && isEvent(whole['data']) ? whole['data'] : null;
  const wrapped = event !== null && event !== whole;
  const parts = event === null ? [`row: {} # to be filled in: the body does not say what the row was`, `expect: ${inYaml({ body: whole ?? body })}`] : ofEvent(event, wrapped);
  const lines = [`- hook: ${hook}`, `  operation: ${operation.replace('data_', '')}`, ...parts.map((part) => `  ${part}`)];
  return `tests:\n${lines.map((line) => `  ${line}`).join('\n')}\n`;
}

interface EventBody extends Fields {
  readonly data: Fields;
  readonly meta: Fields;
}

/** Lookup fields are in the data too, but for a delete's; what they were before is all that is known of the old row. */
function ofEvent({ data, redacted, meta }: EventBody, isWrapped: boolean): string[] {
  const { lookup_values: lookups = [] } = meta;
  const row = new Map(Object.entries(data));
  const old = new Map<string, Value>();
  for (const lookup of Array.isArray(lookups) ? (lookups as readonly Value[]) : []) {
    if (!isFields(lookup) || typeof lookup['field'] !== 'string') continue;
    if (!row.has(lookup['field'])) row.set(lookup['field'], lookup['value'] ?? null);
    if (lookup['previous_value'] !== undefined) old.set(lookup['field'], lookup['previous_value']);
  }
  // What else `meta` may have is of this one change.
  const lasting = Object.fromEntries(['operation', 'lookup_values'].flatMap((name) => (meta[name] === undefined ? [] : [[name, meta[name]]])));
  const expected: Fields = { data, ...(redacted === undefined ? {} : { redacted }), meta: lasting };
  return [
    `row: ${inYaml(Object.fromEntries(row))}`,
    ...(old.size === 0 ? [] : [`old: ${inYaml(Object.fromEntries(old))}`]),
    `expect: ${inYaml(isWrapped ? { body: { data: expected } } : expected)}`,
  ];
}

function isEvent(value: Value | undefined): value is EventBody {
  return isFields(value) && isFields(value['data']) && isFields(value['meta']) && typeof value['meta']['operation'] === 'string';
}

function isFields(value: Value | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Digits);
}

/** Undefined if it is no JSON. */
function read(json: string): Value | undefined {
  try {
    // The third argument is not in TypeScript's library yet: https://github.com/tc39/proposal-json-parse-with-source
    return JSON.parse(json, (_key, value: unknown, context?: { readonly source?: string }) =>
      typeof value === 'number' ? new Digits(context?.source ?? String(value)) : value,
    ) as Value;
  } catch {
    return undefined;
  }
}

/** What YAML 1.2 reads as it is, in one line. `$` would begin a variable in a value, and a key cannot have one: such an entry is left out. */
function inYaml(value: Value): string {
  if (value instanceof Digits) return value.text;
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(inYaml).join(', ')}]`;
  if (isFields(value)) {
    const entries = Object.entries(value).filter(([name]) => !name.includes('${'));
    return entries.length === 0 ? '{}' : `{ ${entries.map(([name, inner]) => `${JSON.stringify(name)}: ${inYaml(inner)}`).join(', ')} }`;
  }
  return JSON.stringify(value).replaceAll('$', '$$$$');
}
