import type { BackfillOperations, BackfillReport } from '../backfills.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import { type BackfillCommand, backfillCommand } from './backfill-command.ts';
import { backfillLines, endText } from './backfill-text.ts';
import type { Invocation, OptionValues, Verb } from './command.ts';
import { listBackfills } from './list-backfills.ts';
import { countText } from './progress-line.ts';
import { readConfig } from './read-config.ts';
import { RemoteBackfills } from './remote-backfills.ts';
import { aborted } from './stopping.ts';
import { print } from './terminal.ts';
import { hasEnded, watchBackfill } from './watch-backfill.ts';
import { groupCommand, refuseKafka } from './with-source.ts';

interface Doing extends Pick<Invocation, 'options' | 'stop'> {
  readonly backfills: BackfillOperations;
}

/** `walhook backfill …`: begins a backfill in the running daemon, and looks after those that it has. */
export const backfill: Verb = async (invocation) => {
  const command = backfillCommand(invocation);
  const { options, stop } = invocation;
  const config = readConfig(options.config);
  const { kafka } = config.source;
  if (kafka !== null) {
    const again = groupCommand(kafka, `--topic ${kafka.topics[0] ?? ''} --reset-offsets --to-earliest --execute`);
    refuseKafka(config, 'there are no rows to be read', `to have what is in a topic sent again, stop walhook, and:\n${again}`);
  }
  if (command.action === 'list') {
    return list(await listBackfills(config, command.query, (why) => process.stderr.write(`as the database has them: ${why}\n`)), options);
  }
  return does(command, { options, stop, backfills: new RemoteBackfills(config.server) });
};

async function does(command: Exclude<BackfillCommand, { readonly action: 'list' }>, doing: Doing): Promise<ExitCode> {
  const { backfills, options } = doing;
  switch (command.action) {
    case 'start':
      return start(command, doing);
    case 'watch':
      return watch(await backfills.show(command.id), doing);
    default:
      return tell(await backfills[command.action](command.id), options);
  }
}

async function start({ request, wait }: BackfillCommand & { readonly action: 'start' }, doing: Doing): Promise<ExitCode> {
  const { backfills, options, stop } = doing;
  const begun = await Promise.race([backfills.begin(request), aborted(stop)]);
  if (begun === null) {
    process.stderr.write(`the daemon had not answered yet, so it may have begun all the same: ${self('list', options)}\n`);
    return EXIT.failure;
  }
  if (options.json !== true) print(`${begun.id} sends the rows of ${begun.table} as ${begun.hook} would have them${begun.where === null ? '' : ', where the condition holds'}`);
  if (wait) return watch(begun, doing);
  if (options.json === true) printJson(begun);
  else print(`it goes on by itself: ${self(`watch ${begun.id}`, options)}`);
  return EXIT.ok;
}

async function watch(found: BackfillReport, { backfills, options, stop }: Doing): Promise<ExitCode> {
  const report = await watchBackfill(found, { backfills, stop, screen: options.json === true && !process.stderr.isTTY ? null : process.stderr });
  if (options.json === true) printJson(report);
  if (!hasEnded(report)) {
    process.stderr.write(leftText(report, options));
    return EXIT.failure;
  }
  if (options.json !== true) print(endText(report));
  return report.state === 'done' ? EXIT.ok : EXIT.failure;
}

function list(found: readonly BackfillReport[], options: OptionValues): ExitCode {
  if (options.json === true) printJson({ backfills: found });
  else print(found.length === 0 ? 'there is no backfill' : backfillLines(found, Date.now()).join('\n'));
  return EXIT.ok;
}

/** What a pause, resume or cancel has come to. */
function tell(report: BackfillReport, options: OptionValues): ExitCode {
  const { id, state } = report;
  if (options.json === true) printJson(report);
  else if (hasEnded(report)) print(endText(report));
  else if (state === 'paused') print(`${id} is paused at ${countText(report)}: ${self(`resume ${id}`, options)}`);
  else print(`${id} goes on from ${countText(report)}: ${self(`watch ${id}`, options)}`);
  return EXIT.ok;
}

/** After Ctrl-C. */
function leftText(report: BackfillReport, options: OptionValues): string {
  const { id, state } = report;
  const ways: readonly (readonly [string, string])[] = [
    [self(`watch ${id}`, options), 'look at it again'],
    state === 'paused' ? [self(`resume ${id}`, options), 'let it go on'] : [self(`pause ${id}`, options), 'halt it, to be resumed'],
    [self(`cancel ${id}`, options), 'end it; what was sent stays sent'],
  ];
  const width = Math.max(...ways.map(([command]) => command.length));
  const lead = state === 'paused' ? `${id} stays paused at ${countText(report)}` : `${id} goes on in the daemon; it was at ${countText(report)}`;
  return `${lead}\n${ways.map(([command, why]) => `  ${command.padEnd(width)}   # ${why}\n`).join('')}`;
}

/** A command of the same kind, ready to be pasted. */
function self(rest: string, { config }: OptionValues): string {
  return `walhook backfill ${rest}${config === 'walhook.yaml' ? '' : ` -c ${config}`}`;
}

function printJson(value: object): void {
  print(JSON.stringify(value, null, 2));
}
