import { COMMANDS } from './catalog.ts';
import type { CommandSpec, OptionSpec } from './command.ts';

/** What can stand in a place of the command line. */
export type Words =
  /** Names in the configuration file. */
  | { readonly kind: 'names'; readonly of: NameKind; readonly besides: readonly string[] }
  | { readonly kind: 'choices'; readonly choices: readonly string[] }
  | { readonly kind: 'file' }
  /** Whatever one types. */
  | { readonly kind: 'text' };

export type NameKind = 'endpoints' | 'hooks' | 'tables';
export const NAME_KINDS: readonly NameKind[] = ['endpoints', 'hooks', 'tables'];
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export interface CompletedOption {
  /** `-c`; null if it has none. */
  readonly short: string | null;
  readonly long: string;
  readonly description: string;
  /** Null: it takes no value. */
  readonly value: Words | null;
}

export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  /** Of its first argument; null: it has none. */
  readonly argument: Words | null;
}

const HELP: OptionSpec = { flags: '-h, --help', description: 'print help' };

/** Everything that the scripts complete, from the catalog. */
export function completedCommands(): CompletedCommand[] {
  const names = COMMANDS.map(({ name }) => name);
  const help: CompletedCommand = { name: 'help', summary: 'print help on a command', options: [], argument: { kind: 'choices', choices: names } };
  return [...COMMANDS.map(completed), help];
}

function completed(spec: CommandSpec): CompletedCommand {
  const { name, summary, options } = spec;
  return { name, summary, options: [...options, HELP].map(completedOption), argument: argumentWords(spec) };
}

function completedOption(option: OptionSpec): CompletedOption {
  const long = /--[\w-]+/.exec(option.flags)?.[0] ?? '';
  return { short: /^-\w/.exec(option.flags)?.[0] ?? null, long, description: option.description, value: optionWords(option, long) };
}

function optionWords({ flags, choices }: OptionSpec, long: string): Words | null {
  const value = /<([\w=]+)>/.exec(flags)?.[1];
  if (value === undefined) return null;
  if (choices !== undefined) return { kind: 'choices', choices };
  if (value === 'file') return { kind: 'file' };
  const of = NAME_KINDS.find((kind) => kind === `${long.slice(2)}s`);
  return of === undefined ? { kind: 'text' } : { kind: 'names', of, besides: [] };
}

function argumentWords({ name, arguments: [argument], usage = [] }: CommandSpec): Words | null {
  if (argument === undefined) return null;
  if (name === 'completion') return { kind: 'choices', choices: SHELLS };
  const of = NAME_KINDS.find((kind) => argument.name === `<${kind.slice(0, -1)}>`);
  if (of === undefined) return { kind: 'text' };
  // `backfill watch|pause <id>`: words besides the names.
  const besides = usage.flatMap((form) => (form.split(' ')[1] ?? '').split('|')).filter((word) => /^\w+$/.test(word));
  return { kind: 'names', of, besides };
}
