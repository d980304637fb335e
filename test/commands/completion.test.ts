import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { COMMANDS } from '../../src/commands/catalog.ts';
import { bashCompletion } from '../../src/commands/completion-bash.ts';
import { fishCompletion } from '../../src/commands/completion-fish.ts';
import { completedCommands } from '../../src/commands/completion-model.ts';
import { completionNames } from '../../src/commands/completion-names.ts';
import { zshCompletion } from '../../src/commands/completion-zsh.ts';
import { command } from '../support/command.ts';

vi.setConfig({ testTimeout: 60_000 });

const YAML = `version: 1
endpoints: { crm: { url: "\${UNSET}" }, erp: {}, "$(touch evil)": {}, "-rf": {}, "a b": {} }
hooks: [{ name: crm-people, table: app.people, to: crm }, { name: 3 }, null]
tables: { people: {}, "we'ird": {} }
`;

const SCRIPTS = { bash: bashCompletion(completedCommands()), zsh: zshCompletion(completedCommands()), fish: fishCompletion(completedCommands()) };

/** A folder with a configuration, and with walhook in PATH. */
function folder(): { cwd: string; env: Record<string, string> } {
  const cwd = mkdtempSync(join(tmpdir(), 'walhook-completion-'));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
  writeFileSync(join(cwd, 'walhook'), `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`);
  chmodSync(join(cwd, 'walhook'), 0o755);
  writeFileSync(join(cwd, 'walhook.yaml'), YAML);
  writeFileSync(join(cwd, 'other file.yaml'), 'endpoints: { elsewhere: {} }');
  return { cwd, env: { PATH: `${cwd}:${process.env['PATH'] ?? ''}`, HOME: cwd, TERM: 'dumb' } };
}

/** Runs a shell on a script, which must say nothing on stderr. */
function run(shell: string, args: readonly string[], input: string): string {
  const { stdout, stderr, status } = spawnSync(shell, args, { ...folder(), input, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

/** Commands that give a list of words for a command line, by shell. */
const COMPLETE: Readonly<Record<string, (words: readonly string[]) => string[]>> = {
  bash: (words) => {
    const line = words.map((word) => `'${word}'`).join(' ');
    return list(run('bash', ['--norc', '--noprofile', '-s'], `${SCRIPTS.bash}\nCOMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _walhook; printf '%s\\n' "\${COMPREPLY[@]}"\n`));
  },
  fish: (words) => list(run('fish', ['--no-config', '-c', `${SCRIPTS.fish}\ncomplete -C '${words.join(' ').replaceAll('other file.yaml', 'other\\\\ file.yaml')}'\n`], '')).map((line) => line.split('\t')[0] ?? ''),
};

function list(text: string): string[] {
  return text.split('\n').filter((line) => line !== '').toSorted();
}

// Only bash is everywhere.
describe.for(Object.entries(COMPLETE).filter(([shell]) => shell === 'bash' || spawnSync(shell, ['-c', 'true']).status === 0))('%s, the real one,', ([, complete]) => {
  test('completes commands', () => {
    expect(complete(['walhook', 're'])).toEqual(['render', 'replay', 'resume', 'resync']);
    expect(complete(['walhook', '-c', 'other.yaml', 'heal'])).toEqual(['healthcheck']);
    for (const { name } of COMMANDS) expect(complete(['walhook', name])).toContain(name);
  });

  test('completes options of a command, and their choices', () => {
    expect(complete(['walhook', 'uninstall', '--'])).toEqual(['--config', '--dry-run', '--help', '--json', '--keep-state', '--reset-identity', '--yes']);
    expect(complete(['walhook', 'deliveries', '--state', ''])).toEqual(['dead', 'delivered', 'parked']);
    expect(complete(['walhook', 'run', '--log-level', 'w'])).toEqual(['warn']);
    expect(complete(['walhook', 'run', '--role', ''])).toEqual(['all', 'deliver', 'tail']);
    expect(complete(['walhook', 'completion', ''])).toEqual(['bash', 'fish', 'zsh']);
    expect(complete(['walhook', 'pause', 'crm', '--reason', ''])).toEqual([]);
  });

  test('completes names from the configuration file, of which only harmless ones are names', () => {
    expect(complete(['walhook', 'pause', ''])).toEqual(['crm', 'erp']);
    expect(complete(['walhook', 'deliveries', '--endpoint', 'c'])).toEqual(['crm']);
    expect(complete(['walhook', 'replay', '--hook', ''])).toEqual(['crm-people']);
    expect(complete(['walhook', 'deliveries', '-t', ''])).toEqual(['app.people', 'people']);
    expect(complete(['walhook', 'backfill', ''])).toEqual(['cancel', 'crm-people', 'list', 'pause', 'resume', 'watch']);
    expect(complete(['walhook', 'resume', '-c', 'other file.yaml', ''])).toEqual(['elsewhere']);
    expect(complete(['walhook', 'resume', '-c', 'missing.yaml', ''])).toEqual([]);
  });

  test('completes files behind --config', () => {
    expect(complete(['walhook', 'status', '--config', 'walhook.y'])).toEqual(['walhook.yaml']);
  });
});

test.for(Object.entries(SCRIPTS))('%s knows every command and every option', ([, script]) => {
  for (const { name, options } of COMMANDS) {
    const lines = script.split('\n').filter((line) => line.includes(name)).join('\n');
    for (const { flags } of options) expect(lines, `${name} ${flags}`).toContain(/--([\w-]+)/.exec(flags)?.[1]);
  }
});

describe('the command', () => {
  let scripts: Awaited<ReturnType<typeof command>>[];
  beforeAll(async () => {
    scripts = [];
    for (const shell of ['bash', 'zsh', 'fish']) scripts.push(await command(['completion', shell]));
  });

  test('prints the script of each shell', () => {
    expect(scripts).toEqual(Object.values(SCRIPTS).map((stdout) => ({ code: 0, signal: null, stdout, stderr: '' })));
  });

  test('prints names, and refuses other shells', async () => {
    expect(await command(['completion', 'tables'], { yaml: YAML })).toMatchObject({ code: 0, stdout: 'people\napp.people\n' });
    expect(await command(['completion', 'bsh'])).toMatchObject({ code: 2, stderr: expect.stringContaining('(did you mean "bash"?)') });
    expect(completionNames('hooks', '/nowhere/walhook.yaml')).toEqual([]);
    expect(await command(['completion', 'endpoints'], { yaml: '{[: not yaml' })).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});
