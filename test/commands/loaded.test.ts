import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const PRELOAD = new URL('../support/record-modules.ts', import.meta.url).href;

/** What a command has loaded by its end: files of node_modules and of src, as `zod/index.js` and `src/daemon.ts`, and Node's own, as `node:internal/url`. */
function loadedBy(args: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'walhook-loaded-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const list = join(folder, 'loaded.json');
  writeFileSync(
    join(folder, 'walhook.yaml'),
    `version: 1
source: { url: "postgres://u:p@127.0.0.1:1/db" }
server: { listen: 127.0.0.1:0 }
tables: { profiles: {} }
endpoints: { crm: { url: https://crm.example.com/hooks } }
hooks: [{ name: crm, table: profiles, to: crm }]
`,
  );
  const { stderr } = spawnSync(process.execPath, ['--import', PRELOAD, CLI, ...args], { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'], LOADED_LIST: list } });
  expect(stderr).not.toContain('unexpected error');
  return JSON.parse(readFileSync(list, 'utf8')) as string[];
}

const packagesOf = (files: readonly string[]): string[] => [...new Set(files.filter((file) => !/^(?:src\/|node:|Internal Binding )/.test(file)).map((file) => /^(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? file))].toSorted();

/** Each megabyte of modules is a megabyte or more resident for as long as the daemon runs, and 50 ms of its start. */
test('run loads what every daemon needs, and nothing that only some do', () => {
  const loaded = loadedBy(['run']);
  expect(loaded).toContain('src/daemon.ts');
  expect(packagesOf(loaded)).toEqual([
    '@marcbachmann/cel-js',
    '@pinojs/redact',
    'atomic-sleep',
    'commander',
    'croner',
    'eventemitter2',
    'ipaddr.js',
    'kysely',
    'on-exit-leak-free',
    'p-queue',
    'pg',
    'pg-connection-string',
    'pg-int8',
    'pg-logical-replication',
    'pg-pool',
    'pg-protocol',
    'pg-types',
    'pino',
    'pino-std-serializers',
    'postgres-array',
    'postgres-bytea',
    'postgres-date',
    'postgres-interval',
    'quick-format-unescaped',
    'safe-stable-stringify',
    'sonic-boom',
    'thread-stream',
    'undici',
    'xtend',
    'yaml',
    'zod',
  ]);
  // Of undici what sends; not fetch, websockets, caches and mocks.
  expect(loaded.filter((file) => file.startsWith('undici/') && !/^undici\/lib\/(?:core|dispatcher|llhttp|util)\//.test(file))).toEqual([]);
  // Node's own copy of undici comes with an `import` of node:http.
  expect(loaded).toContain('node:http');
  expect(loaded).not.toContain('node:internal/deps/undici/undici');
  // The server's routes come with the first request for one; other commands' code does not come at all.
  expect(loaded).not.toContain('src/observe/http-app.ts');
  expect(loaded.filter((file) => /^src\/commands\/(?:check|demo|embedded|listen|render|receiver|setup|status)/.test(file))).toEqual([]);
});

test('help loads no command', () => {
  const loaded = loadedBy(['--help']);
  expect(packagesOf(loaded)).toEqual(['commander']);
  expect(loaded.filter((file) => file.startsWith('src/')).length).toBeLessThan(30);
});
