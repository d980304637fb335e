import { styleText } from 'node:util';
import { ConfigError } from '../config/problem.ts';
import { EXIT, type ExitCode, WalhookError } from '../errors.ts';
import { safeMessage } from '../reaction.ts';

/** What is printed of an error that ends a command, and the exit code. Never a row's values or a secret. */
export function describeFailure(error: unknown): { readonly text: string; readonly exit: ExitCode } {
  if (error instanceof ConfigError) return { text: `${error.message}\n${count(error.problems.length)} in ${error.file}\n`, exit: error.exit };
  const name = styleText('red', 'walhook:', { stream: process.stderr });
  if (error instanceof WalhookError) {
    const hint = error.hint === null ? '' : error.hint.split('\n').map((line) => `  ${line}\n`).join('');
    return { text: `${name} ${error.message}\n${hint}`, exit: error.exit };
  }
  // A fault of walhook's own: where it happened helps, what else the error holds may be a row's values.
  const frames = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
  return { text: [`${name} unexpected error: ${safeMessage(error)}`, ...frames, ''].join('\n'), exit: EXIT.failure };
}

function count(problems: number): string {
  return problems === 1 ? '1 error' : `${problems} errors`;
}
