#!/usr/bin/env node
import type { CommandSpec } from './commands/command.ts';
import { describeFailure } from './commands/failure.ts';
import { parseCommandLine } from './commands/program.ts';
import { refuseOldNode, walhookVersion } from './commands/version.ts';
import { EXIT, type ExitCode } from './errors.ts';

/** A reader that goes away (`walhook plan | head`) has heard enough: no stack for it. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.failure);
    throw error;
  });
}

/** Node would print an error with all its fields, and Postgres puts rows into some. */
process.on('uncaughtException', (error) => {
  const { text, exit } = describeFailure(error);
  process.stderr.write(text);
  process.exit(exit);
});

process.exit(await main(process.argv.slice(2)));

async function main(argv: readonly string[]): Promise<ExitCode> {
  try {
    refuseOldNode(process.versions.node, process.execPath);
    const line = parseCommandLine(argv, walhookVersion());
    if ('text' in line) {
      (line.exit === EXIT.ok ? process.stdout : process.stderr).write(line.text);
      return line.exit;
    }
    const verb = await line.spec.load();
    return await verb({ arguments: line.arguments, options: line.options, stop: stopSignal(line.spec) });
  } catch (error) {
    const { text, exit } = describeFailure(error);
    process.stderr.write(text);
    return exit;
  }
}

/** The first of the command's signals asks it to stop; the second does not wait. */
function stopSignal({ stopsOn }: CommandSpec): AbortSignal {
  const stop = new AbortController();
  for (const signal of stopsOn) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(EXIT.failure);
      stop.abort(signal);
    });
  }
  return stop.signal;
}
