import { jsonSchema } from './json-schema.ts';
import type { Json } from './kinds.ts';

/** docs/configuration.md: every option with type, default and meaning, from the same table that checks the file. */
export function configurationMarkdown(): string {
  const parts = [INTRODUCTION, ...sections('', jsonSchema())];
  return `${parts.join('\n\n')}\n`;
}

const INTRODUCTION = `# Configuration

<!-- Generated from src/config/schema.ts: change it there. -->

walhook reads one file, \`walhook.yaml\`: YAML 1.2, one document. A key that is not below is an error, and so is every value
that does not fit; all errors of a file come at once, each with its line and column, and the exit code is 78.

\`\`\`yaml
# yaml-language-server: $schema=./walhook.schema.json
version: 1
source: { url: "\${DATABASE_URL}" }
tables:
  profiles: { lookup: [email] }
endpoints:
  crm: { url: https://crm.example.com/hooks, signing: { secrets: "\${CRM_WHSEC}" } }
hooks:
  - { name: crm-profiles, table: profiles, to: crm }
\`\`\`

\`walhook schema\` prints the JSON Schema of the file, for editors.

## Variables

They are filled in after the YAML is read, in values and not in keys; what is filled in stays one value, whatever is in it.

| written | becomes |
|---|---|
| \`\${VAR}\` | the environment variable; an error if it is not set |
| \`\${VAR:-default}\` | the same, or the default if it is not set or empty |
| \`\${VAR:?message}\` | the same, or an error with this message if it is not set or empty |
| \`\${file:/path}\` | the text of a file, without the line break at its end |
| \`$$\` | \`$\` |

Any other \`$\` stands for itself, and nothing is filled in within the \`\${{ … }}\` of an expression. A variable may stand for a number, a duration, \`true\` or
\`false\` too. Within \`{ }\` and \`[ ]\`, YAML wants quotes around it. Where a URL, a token, a secret or a certificate comes out
empty, it counts as not given.

## Units

Durations are \`500ms\`, \`10s\`, \`5m\`, \`1h\`, \`2d\`, or sums such as \`1h30m\`. Sizes are \`512KiB\`, \`64MiB\`, \`1GiB\` (1024 each) or
\`KB\`, \`MB\`, \`GB\` (1000 each). Rates are \`50/s\`, \`100/m\`, \`1000/h\`.

## Expressions

Where a hook's \`body\`, \`path\`, \`method\`, \`headers\` or \`enrich\` has \`\${{ … }}\` in its text, an expression in
[CEL](https://github.com/google/cel-spec/blob/master/doc/langdef.md) stands there, which is worked out for each event. \`when\` is
one expression, and needs no \`\${{ }}\`. They know

| name | what it is |
|---|---|
| \`row\` | the new row, the old one for a delete: \`row.email\` |
| \`old\` | the row before the change; null where the WAL has none |
| \`changed\` | the columns that changed, with their new values: \`'email' in changed\` |
| \`event\` | \`id\`, \`operation\`, \`table\`, \`schema\`, \`lsn\`, \`xid\`, \`time\`, \`unix\`, \`lookup_values\`, \`redacted\` |
| the names under \`enrich\` | what was looked up; not in \`when\` |

\`walhook check\` holds every expression against the table's columns, and every query under \`enrich\` against the database. An
expression that fails for a row makes a dead letter.`;

/** A section for each mapping of options, outermost first. */
function sections(path: string, json: Json): string[] {
  const options = Object.entries(objectOf(json['properties']));
  const required = Array.isArray(json['required']) ? json['required'] : [];
  const rows = options.flatMap(([name, option]) => (innerOf(objectOf(option)) === null ? [row(name, objectOf(option), required.includes(name))] : []));
  const head = path === '' ? [] : [`## \`${path}\``, text(json['description'])];
  const table = rows.length > 0 ? [['| option | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n')] : [];
  const inner = options.flatMap(([name, option]) => {
    const found = innerOf(objectOf(option));
    if (found === null) return [];
    const from = path === '' ? name : `${path}.${name}`;
    return sections(`${from}${found.suffix}`, { ...found.json, description: objectOf(option)['description'] });
  });
  return [...(path === '' && table.length > 0 ? ['## The file', ...table] : [...head, ...table]), ...inner];
}

/** The options within an option: of itself, of each entry, or of each item. */
function innerOf(json: Json): { readonly suffix: string; readonly json: Json } | null {
  for (const [suffix, candidate] of [
    ['', json],
    ['.*', objectOf(json['additionalProperties'])],
    ['[]', objectOf(json['items'])],
  ] as const) {
    const section = sectionOf(candidate);
    if (section !== null) return { suffix, json: section };
  }
  return null;
}

/** The mapping that an option is, or may be; of one that has several kinds, what they know together. */
function sectionOf(json: Json): Json | null {
  const candidates = Array.isArray(json['anyOf']) ? json['anyOf'].map(objectOf) : [json];
  const found = candidates.filter((candidate) => candidate['properties'] !== undefined);
  const [first] = found;
  if (first === undefined || found.length === 1) return first ?? null;
  const properties: Json = {};
  for (const candidate of found) for (const [name, option] of Object.entries(objectOf(candidate['properties']))) properties[name] ??= option;
  const required = Object.keys(properties).filter((name) => found.every((candidate) => Array.isArray(candidate['required']) && candidate['required'].includes(name)));
  return { ...first, properties, required };
}

function row(name: string, json: Json, required: boolean): string {
  const standard = json['default'] === undefined ? (required ? '**required**' : '') : `\`${inline(json['default'])}\``;
  return `| \`${name}\` | ${typeName(json)} | ${standard} | ${text(json['description']).replaceAll('|', '\\|')} |`;
}

function typeName(json: Json): string {
  if (Array.isArray(json['anyOf'])) {
    const names = json['anyOf'].map(objectOf).filter((one) => one['$ref'] === undefined).map(typeName);
    return [...new Set(names)].join(' or ');
  }
  if (typeof json['title'] === 'string') return json['title'];
  if (Array.isArray(json['enum'])) return json['enum'].map((word) => `\`${String(word)}\``).join(', ');
  if (json['const'] !== undefined) return `\`${inline(json['const'])}\``;
  switch (json['type']) {
    case 'array':
      return `list of ${typeName(objectOf(json['items']))}`;
    case 'integer':
    case 'number':
      return `${json['type']}, ${String(json['minimum'])} to ${String(json['maximum'])}`;
    case 'boolean':
      return '`true`, `false`';
    case 'string':
      return 'text';
    default:
      return Array.isArray(json['type']) ? `mapping of names to ${typeName(objectOf(json['additionalProperties']))}` : 'any value';
  }
}

function inline(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
