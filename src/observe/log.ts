import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import { WalhookError } from '../errors.ts';
import { codeOf, safeMessage } from '../reaction.ts';

export interface LogOptions {
  /** pino's: trace, debug, info, warn, error, fatal, silent. */
  readonly level: string;
  /** Where lines go. Default: stdout, easy to read if that is a terminal, else JSON. */
  readonly destination?: DestinationStream;
}

/** A JSON object a line: level as a word, time in ISO 8601, and errors without what Postgres adds to them from rows. */
export async function createLog({ level, destination }: LogOptions): Promise<Logger> {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { ...stdSerializers, err: describeError, error: describeError },
  };
  return pino(options, destination ?? (process.stdout.isTTY ? await terminal() : pino.destination({ fd: 1, sync: true })));
}

/** pino-pretty is for terminals alone: a service does not load it. */
async function terminal(): Promise<DestinationStream> {
  const { PinoPretty } = await import('pino-pretty');
  return PinoPretty({ sync: true, singleLine: true, colorize: process.env['NO_COLOR'] === undefined, translateTime: 'SYS:HH:MM:ss.l' });
}

/** What the log says of an error. pg's errors have rows in `detail` and `where`, so only what is known to be safe is taken. */
export function describeError(error: unknown): object {
  if (error instanceof WalhookError) {
    const { code, message, hint, cause } = error;
    return { code, message, ...(hint === null ? {} : { hint }), ...(cause === undefined ? {} : { cause: safeMessage(cause) }) };
  }
  const code = codeOf(error);
  const frames = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
  return { ...(code === null ? {} : { code }), message: safeMessage(error), ...(frames.length > 0 ? { stack: frames.join('\n') } : {}) };
}
