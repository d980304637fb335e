import { Command, CommanderError, Option } from 'commander';
import { didYouMean } from '../closest.ts';
import { EXIT, type ExitCode, WalhookError } from '../errors.ts';
import { COMMANDS } from './catalog.ts';
import type { CommandSpec, OptionSpec, OptionValues } from './command.ts';
import { commandHelp, programHelp } from './help.ts';

/** A command line, understood: a command with its arguments, or text that was asked for (help, version). */
export type CommandLine =
  | { readonly spec: CommandSpec; readonly arguments: readonly string[]; readonly options: OptionValues }
  | { readonly text: string; readonly exit: ExitCode };

/**
 * Reads a command line (without node and the script). Runs nothing.
 *
 * @throws WalhookError `usage` (exit code 2) for a command, option or argument that is not there.
 */
export function parseCommandLine(argv: readonly string[], version: string): CommandLine {
  let understood: CommandLine | null = null;
  let text = '';
  const program = new Command('walhook')
    .version(version, '-V, --version')
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({
      writeOut: (written) => {
        text += written;
      },
      writeErr: (written) => {
        text += written;
      },
      // The error is thrown as well, and printed once, where all errors are.
      outputError: () => {},
    })
    .configureHelp({ formatHelp: () => programHelp() })
    // Before or after the command, as one likes. Shown with the commands that read it.
    .addOption(new Option('-c, --config <file>').default('walhook.yaml').hideHelp());
  for (const spec of COMMANDS) {
    const command = program.command(spec.name).configureHelp({ formatHelp: () => commandHelp(spec) });
    for (const argument of spec.arguments) command.argument(argument.name);
    for (const option of spec.options) if (!option.flags.includes('--config')) command.addOption(commanderOption(option));
    command.action(() => {
      understood = { spec, arguments: command.args, options: command.optsWithGlobals<OptionValues>() };
    });
  }
  try {
    // commander answers `help chek` with general help.
    const [first, topic] = argv;
    if (first === 'help' && topic !== undefined && !COMMANDS.some(({ name }) => name === topic)) program.error(`error: unknown command '${topic}'`);
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version come as errors too. Without a command, help is shown as well, but nothing was done.
    if (error.exitCode === 0) return { text, exit: EXIT.ok };
    if (error.code === 'commander.help') return { text, exit: EXIT.usage };
    throw usageError(error, argv);
  }
  return understood ?? { text: programHelp(), exit: EXIT.usage };
}

function commanderOption(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.description);
  if (spec.choices !== undefined) option.choices(spec.choices);
  if (spec.default !== undefined) option.default(spec.default);
  if (spec.env !== undefined) option.env(spec.env);
  if (spec.required === true) option.makeOptionMandatory();
  if (spec.list === true) option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
  return option;
}

/** `error: unknown command 'chek'` → an error of ours, with what may have been meant. */
function usageError({ message }: CommanderError, argv: readonly string[]): WalhookError {
  // The first that is one: `backfill pause` is no pause.
  const spec = argv.flatMap((word) => COMMANDS.find(({ name }) => name === word) ?? [])[0];
  const text = message.replace(/^error: /, '').replaceAll("'", '"');
  const [, kind, word = ''] = /^unknown (command|option) "([^"=]*)/.exec(text) ?? [];
  const flags = [...(spec?.options ?? []).flatMap((option) => option.flags.match(/--[\w-]+/g) ?? []), '--help', '--version', '--config'];
  const meant = kind === undefined ? '' : didYouMean(word, kind === 'command' ? COMMANDS.map(({ name }) => name) : flags);
  return new WalhookError(`${text}${meant}`, { code: 'usage', hint: `walhook ${spec === undefined ? '' : `${spec.name} `}--help`, exit: EXIT.usage });
}
