import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/commands/catalog.ts';
import { commandsMarkdown } from '../../src/commands/help.ts';
import { parseCommandLine } from '../../src/commands/program.ts';
import { EXIT, WalhookError } from '../../src/errors.ts';

function parse(...argv: string[]): ReturnType<typeof parseCommandLine> {
  return parseCommandLine(argv, '1.2.3');
}

function text(...argv: string[]): string {
  const line = parse(...argv);
  return 'text' in line ? line.text : expect.unreachable('a command');
}

function refusal(...argv: string[]): WalhookError {
  try {
    parse(...argv);
  } catch (error) {
    if (error instanceof WalhookError) return error;
    throw error;
  }
  return expect.unreachable('it was understood');
}

describe('help', () => {
  test('lists every command with its summary', () => {
    const lines = text('--help').split('\n');
    for (const { name, summary } of COMMANDS) {
      expect(lines.some((line) => line.startsWith(`  ${name}`) && line.includes(summary.slice(0, 40))), name).toBe(true);
    }
  });

  test.for(COMMANDS.map(({ name }) => name))('of %s has examples before options, and no line that is too long for a terminal', (name) => {
    const help = text(name, '--help');
    expect(help.indexOf('\nExamples\n')).toBeGreaterThan(0);
    expect(help.indexOf('\nExamples\n')).toBeLessThan(help.indexOf('\nOptions\n'));
    expect(help).toContain(`  walhook ${name}`);
    for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(110);
    expect(text('help', name)).toBe(help);
  });

  test('the README has the same commands', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const table = /<!-- commands -->\n([\s\S]*?)\n<!-- \/commands -->/.exec(readme)?.[1];
    expect(table?.trim()).toBe(commandsMarkdown());
  });

  test('without a command it is shown too, but nothing was done', () => {
    expect(parse()).toEqual({ text: text('--help'), exit: EXIT.usage });
    expect(parse('--help')).toMatchObject({ exit: EXIT.ok });
  });
});

test('--version tells the version', () => {
  expect(text('--version')).toBe('1.2.3\n');
  expect(text('-V')).toBe('1.2.3\n');
});

describe('what is not there is refused, with what may have been meant', () => {
  test.for([
    [['chek'], 'unknown command "chek" (did you mean "check"?)', 'walhook --help'],
    [['help', 'chek'], 'unknown command "chek" (did you mean "check"?)', 'walhook --help'],
    [['zzz'], 'unknown command "zzz"', 'walhook --help'],
    [['demo', '--onec'], 'unknown option "--onec" (did you mean "--once"?)', 'walhook demo --help'],
    [['run', '--confg', 'x'], 'unknown option "--confg" (did you mean "--config"?)', 'walhook run --help'],
    [['check', 'extra'], 'too many arguments', 'walhook check --help'],
    [['listen'], 'required option "-t, --table <name>" not specified', 'walhook listen --help'],
    [['listen', '--table', 'x'], 'missing required argument "url"', 'walhook listen --help'],
    [['run', '--config'], 'option "-c, --config <file>" argument missing', 'walhook run --help'],
    [['run', '--role', 'deliverer'], 'argument "deliverer" is invalid', 'walhook run --help'],
    [['run', '--log-level', 'loud'], 'argument "loud" is invalid', 'walhook run --help'],
  ] satisfies [string[], string, string][])('%j', ([argv, message, hint]) => {
    const error = refusal(...argv);
    expect(error).toMatchObject({ code: 'usage', exit: EXIT.usage, hint });
    expect(error.message).toContain(message);
  });
});

test('options reach the command, the config file before or after its name', () => {
  expect(parse('status', '--json')).toMatchObject({ options: { json: true, config: 'walhook.yaml' } });
  expect(parse('-c', 'a.yaml', 'status')).toMatchObject({ options: { config: 'a.yaml' } });
  expect(parse('status', '-c', 'a.yaml')).toMatchObject({ options: { config: 'a.yaml' } });
  expect(parse('listen', 'postgres://x', '-t', 'a', '--table', 'b.c', '--forward-to', 'http://y')).toMatchObject({
    arguments: ['postgres://x'],
    options: { table: ['a', 'b.c'], forwardTo: 'http://y' },
  });
});

test('what a process does comes from the option, else from the environment, else it is all', async ({ onTestFinished }) => {
  expect(parse('run')).toMatchObject({ options: { role: 'all' } });
  process.env['WALHOOK_ROLE'] = 'tail';
  onTestFinished(() => void delete process.env['WALHOOK_ROLE']);
  expect(parse('run')).toMatchObject({ options: { role: 'tail' } });
  expect(parse('run', '--role', 'deliver')).toMatchObject({ options: { role: 'deliver' } });
  expect(parse('plan', '--role', 'walhook')).toMatchObject({ options: { role: 'walhook' } });
});

test('the log level comes from the option, else from the environment', async ({ onTestFinished }) => {
  process.env['WALHOOK_LOG_LEVEL'] = 'debug';
  onTestFinished(() => void delete process.env['WALHOOK_LOG_LEVEL']);
  expect(parse('run')).toMatchObject({ options: { logLevel: 'debug' } });
  expect(parse('run', '--log-level', 'warn')).toMatchObject({ options: { logLevel: 'warn' } });
});
