import { COMMANDS } from './catalog.ts';
import type { CommandSpec, Example, OptionSpec } from './command.ts';

/** Columns of text that help takes. */
const WIDTH = 100;

const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { flags: '-c, --config <file>', description: 'the configuration', default: 'walhook.yaml' },
  { flags: '-V, --version', description: 'print the version' },
  { flags: '-h, --help', description: 'print this, or help on a command' },
];

const EXAMPLES: readonly Example[] = [
  { command: 'walhook demo', why: 'see it work, with nothing installed' },
  { command: 'walhook listen postgres://localhost/app --table profiles', why: 'try it on a real database' },
  { command: 'walhook check && walhook run', why: 'with a walhook.yaml' },
];

const EXIT_CODES = [
  ['0', 'all is well, or a clean drain'],
  ['1', 'failure'],
  ['2', 'a command or option that is not there'],
  ['3', 'a check failed'],
  ['69', 'the database, or Kafka, cannot be reached'],
  ['77', 'the database does not permit it'],
  ['78', 'the configuration is wrong'],
] as const;

/** `walhook --help`. */
export function programHelp(): string {
  return page([
    "walhook tails Postgres' write-ahead log and calls webhooks when rows change.",
    section('Examples', examples(EXAMPLES)),
    section('Commands', twoColumns(COMMANDS.map((spec) => [usage(spec), spec.summary]))),
    section('Options', twoColumns(GLOBAL_OPTIONS.map(optionRow))),
    section('Exit codes', twoColumns(EXIT_CODES)),
    '`walhook <command> --help` shows examples and options of a command.',
  ]);
}

/** `walhook <command> --help`: examples first. */
export function commandHelp(spec: CommandSpec): string {
  const options = [...spec.options, { flags: '-h, --help', description: 'print this' }];
  return page([
    `${spec.summary.charAt(0).toUpperCase()}${spec.summary.slice(1)}.`,
    section('Examples', examples(spec.examples)),
    section('Usage', (spec.usage ?? [usage(spec)]).map((form) => `walhook ${form} [options]`)),
    ...(spec.arguments.length > 0 ? [section('Arguments', twoColumns(spec.arguments.map(({ name, description }) => [name, description])))] : []),
    section('Options', twoColumns(options.map(optionRow))),
    ...spec.notes.map((note) => wrap(note, 0)),
  ]);
}

/** The commands as a Markdown table, for the README. */
export function commandsMarkdown(): string {
  const rows = COMMANDS.map((spec) => `| \`${usage(spec)}\` | ${spec.summary} |`);
  return ['| command | what it does |', '|---|---|', ...rows].join('\n');
}

/** The name, the arguments, and the options that must be given. */
function usage(spec: CommandSpec): string {
  if (spec.usage?.[0] !== undefined) return spec.usage[0];
  const required = spec.options.filter((option) => option.required === true).map((option) => option.flags.replace(/^-\w, /, ''));
  return [spec.name, ...spec.arguments.map(({ name }) => name), ...required].join(' ');
}

function page(parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`;
}

function section(title: string, lines: readonly string[]): string {
  return [title, ...lines.map((line) => `  ${line}`)].join('\n');
}

/** What an example is good for stands behind it, or below it where one of them is long. */
function examples(list: readonly Example[]): string[] {
  const width = Math.max(...list.map(({ command }) => command.length));
  if (width > 60) return list.flatMap(({ command, why }) => [`# ${why}`, command]);
  return list.map(({ command, why }) => `${command.padEnd(width)}   # ${why}`);
}

function twoColumns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + 3;
  return rows.flatMap(([left, right]) => {
    const [first = '', ...rest] = wrap(right, width + 2).split('\n');
    return [`${left.padEnd(width)}${first}`, ...rest.map((line) => `${' '.repeat(width)}${line}`)];
  });
}

function optionRow(option: OptionSpec): readonly [string, string] {
  const more = [
    ...(option.choices === undefined ? [] : [option.choices.join(', ')]),
    ...(option.default === undefined ? [] : [`default: ${option.default}`]),
    ...(option.env === undefined ? [] : [`or ${option.env} in the environment`]),
  ];
  return [option.flags, more.length === 0 ? option.description : `${option.description} (${more.join('; ')})`];
}

/** Breaks lines between words. `indent` is what stands before each line already. */
function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
