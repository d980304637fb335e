import type { ExitCode } from '../errors.ts';

/** What a command is given to work with. */
export interface Invocation {
  readonly arguments: readonly string[];
  readonly options: OptionValues;
  /** Aborted by the first of the command's `stopsOn` signals. A second one ends the process at once. */
  readonly stop: AbortSignal;
}

/** Every option there is: one name means the same in all commands, but for `role`. */
export interface OptionValues {
  /** Path of the configuration file. */
  readonly config: string;
  readonly json?: boolean;
  readonly acceptGap?: boolean;
  readonly once?: boolean;
  readonly ready?: boolean;
  /** Of `run` what it does, of `plan` a role in Postgres. */
  readonly role?: string;
  readonly provider?: string;
  readonly table?: readonly string[];
  readonly forwardTo?: string;
  readonly logLevel?: string;
  readonly endpoint?: string;
  readonly hook?: string;
  readonly dead?: boolean;
  readonly parked?: boolean;
  readonly limit?: string;
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly reason?: string;
  readonly data?: string;
  readonly key?: readonly string[];
  readonly old?: string;
  readonly operation?: string;
  readonly send?: boolean;
  readonly curl?: boolean;
  readonly where?: string;
  readonly columns?: readonly string[];
  readonly rate?: string;
  /** False: `--no-wait`. */
  readonly wait?: boolean;
  readonly active?: boolean;
  readonly backfill?: readonly string[];
  readonly url?: string;
  readonly force?: boolean;
  readonly watch?: boolean;
  readonly interval?: string;
  readonly since?: string;
  readonly before?: string;
  readonly state?: string;
  readonly keepState?: boolean;
  readonly resetIdentity?: boolean;
}

/** Does a command's work and gives the exit code. Throws a WalhookError, whose `exit` is the code then. */
export type Verb = (invocation: Invocation) => Promise<ExitCode>;

export interface OptionSpec {
  /** As commander reads it: `-c, --config <file>`. */
  readonly flags: string;
  readonly description: string;
  readonly default?: string;
  readonly choices?: readonly string[];
  /** Environment variable that stands in for it. */
  readonly env?: string;
  /** May be given several times. */
  readonly list?: boolean;
  /** Must be given. */
  readonly required?: boolean;
}

export interface Example {
  readonly command: string;
  /** What it is good for, in a few words. */
  readonly why: string;
}

/** A command as help, README and argument parser see it. */
export interface CommandSpec {
  readonly name: string;
  /** How it may be called, where arguments and required options alone do not tell: the first stands for it in lists. */
  readonly usage?: readonly string[];
  /** `<url>`, as commander reads it, and what it is. */
  readonly arguments: readonly { readonly name: string; readonly description: string }[];
  /** One line, for lists of commands. */
  readonly summary: string;
  readonly examples: readonly Example[];
  /** What else there is to know, a paragraph each. */
  readonly notes: readonly string[];
  readonly options: readonly OptionSpec[];
  /** Signals that stop it in good order. Others, and those of a command that names none, end it at once. */
  readonly stopsOn: readonly NodeJS.Signals[];
  /** Loads the command's code, which nobody who runs another command should wait for. */
  readonly load: () => Promise<Verb>;
}
