import { describe, expect, test } from 'vitest';
import { type BackfillCommand, backfillCommand } from '../../src/commands/backfill-command.ts';
import { parseCommandLine } from '../../src/commands/program.ts';
import { EXIT } from '../../src/errors.ts';

/** As the command line has it. */
function read(...argv: string[]): BackfillCommand {
  const line = parseCommandLine(['backfill', ...argv], '1.2.3');
  return 'text' in line ? expect.unreachable('help') : backfillCommand(line);
}

describe('what is understood', () => {
  test.for<[string[], BackfillCommand]>([
    [['crm'], { action: 'start', wait: true, request: { hook: 'crm' } }],
    [['start', 'crm'], { action: 'start', wait: true, request: { hook: 'crm' } }],
    [['start', 'list'], { action: 'start', wait: true, request: { hook: 'list' } }],
    [['start', 'start'], { action: 'start', wait: true, request: { hook: 'start' } }],
    [
      ['crm', '--where', "country = 'NL'", '--columns', 'id, email', '--columns', 'id', '--rate', '30/m', '--no-wait'],
      { action: 'start', wait: false, request: { hook: 'crm', where: "country = 'NL'", columns: ['id', 'email'], rate: 0.5 } },
    ],
    [['list'], { action: 'list', query: {} }],
    [['list', '--hook', 'crm', '--active'], { action: 'list', query: { hook: 'crm', active: true } }],
    [['watch', 'bf_1'], { action: 'watch', id: 'bf_1' }],
    [['pause', 'bf_1'], { action: 'pause', id: 'bf_1' }],
    [['resume', 'bf_1', '--json'], { action: 'resume', id: 'bf_1' }],
    [['cancel', 'bf_1'], { action: 'cancel', id: 'bf_1' }],
  ])('%j', ([argv, command]) => {
    expect(read(...argv)).toEqual(command);
  });
});

describe('what is refused, with the way to help', () => {
  test.for<[string[], string]>([
    [['puase', 'bf_1'], 'unknown action "puase" (did you mean "pause"?)'],
    [['crm', 'erp'], 'unknown action "crm"'],
    [['constructor', 'bf_1'], 'unknown action "constructor"'],
    [['start'], 'start which hook?'],
    [['pause'], 'pause which backfill?'],
    [['list', 'crm'], 'list takes no argument'],
    [['crm', '--rate', '500'], '--rate: expected a rate such as 500/s'],
    [['crm', '--rate', '0/s'], '--rate: expected a rate such as 500/s'],
    [['crm', '--rate', '-5/s'], '--rate: expected a rate such as 500/s'],
    [['crm', '--where', ' '], '--where: the condition is missing'],
    [['crm', '--columns', 'a,,b'], '--columns: expected names'],
    [['crm', '--active'], '--active does not go with a hook'],
    [['list', '--where', 'true'], '--where does not go with list'],
    [['pause', 'bf_1', '--no-wait'], '--no-wait does not go with pause'],
    [['cancel', 'bf_1', '--rate', '5/s'], '--rate does not go with cancel'],
    [['pause', 'bf_1', '--forse'], 'unknown option "--forse"'],
    [[], 'missing required argument "hook"'],
    [['pause', 'bf_1', 'bf_2'], 'too many arguments'],
  ])('%j', ([argv, message]) => {
    const refuse = (): unknown => read(...argv);
    expect(refuse).toThrow(message);
    try {
      refuse();
    } catch (error) {
      expect(error).toMatchObject({ code: 'usage', exit: EXIT.usage, hint: 'walhook backfill --help' });
    }
  });
});
