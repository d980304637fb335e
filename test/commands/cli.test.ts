import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { walhook } from '../support/cli.ts';

// Processes start slowly where many tests run at once.
vi.setConfig({ testTimeout: 60_000 });

const MINIMAL = 'version: 1\nsource: { url: "postgres://u:hidden@127.0.0.1:1/db" }\n';

test('help goes to stdout, and help for nothing to stderr', async () => {
  const [asked, unasked] = await Promise.all([walhook(['--help']), walhook([])]);
  expect(asked).toMatchObject({ code: 0, stderr: '' });
  expect(unasked).toMatchObject({ code: 2, stdout: '', stderr: asked.stdout });
});

test('an error is one line on stderr, with what to do below it', async () => {
  expect(await walhook(['chek'])).toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'walhook: unknown command "chek" (did you mean "check"?)\n  walhook --help\n',
  });
});

test('a config error shows every problem with its line and caret', async () => {
  const result = await walhook(['check'], { yaml: 'version: 1\nendpoints:\n  crm: { url: https://x.example, timout: 1s }\nnothing: here\n' });
  expect(result).toMatchObject({ code: 78, stdout: '' });
  const lines = result.stderr.split('\n');
  expect(lines[0]).toBe('walhook.yaml:3:34 error endpoints.crm.timout: unknown key (did you mean "timeout"?)');
  expect(lines[1]).toBe('  crm: { url: https://x.example, timout: 1s }');
  expect(lines[2]).toBe(`${' '.repeat(33)}^`);
  expect(lines[3]).toMatch(/^walhook\.yaml:4:1 error nothing: unknown key/);
  expect(lines.at(-2)).toBe('2 errors in walhook.yaml');
});

test('a config file that is not there', async () => {
  expect(await walhook(['run', '-c', 'other.yaml'])).toMatchObject({ code: 78, stderr: 'walhook: other.yaml: no such file\n  -c <file> names another one\n' });
});

test.for(['check', 'plan', 'setup', 'run', 'status'])('%s with a database that is not there exits with 69, and tells no password', async (command) => {
  const result = await walhook([command], { yaml: `${MINIMAL}server: { listen: 127.0.0.1:0 }\n` });
  expect(result.code).toBe(69);
  expect(result.stderr).toMatch(/^walhook: u@127\.0\.0\.1:1\/db: the database cannot be reached.*ECONNREFUSED/);
  expect(result.stdout + result.stderr).not.toContain('hidden');
});

test('run with a part of the work and no engine exits with 2 before it connects', async () => {
  const { code, stderr } = await walhook(['run', '--role', 'deliver'], { yaml: MINIMAL });
  expect(code).toBe(2);
  expect(stderr.split('\n')[0]).toBe('walhook: --role deliver does a part of the work, and the configuration has no `engine` between the parts');
});

test('a source that is Kafka has no database to be prepared, or to read a row of', async () => {
  const yaml = 'version: 1\nsource: { kafka: { brokers: "127.0.0.1:1", topics: a } }\nstate: { url: "postgres://u:hidden@127.0.0.1:1/db" }\nendpoints: { crm: { url: "https://x.example" } }\nhooks: [{ name: a, table: t, to: crm }]\n';
  const [plan, render, check] = await Promise.all([walhook(['plan'], { yaml }), walhook(['render', 'a'], { yaml }), walhook(['check'], { yaml })]);
  expect(plan).toMatchObject({ code: 0, stdout: '-- nothing to do: the source is Kafka\n' });
  expect(render.stderr).toContain('walhook: cannot render a row: the source is Kafka');
  // The state's database is asked, and is not there.
  expect(check).toMatchObject({ code: 69, stdout: '' });
});

test('listen with arguments that make no sense exits with 2 before it connects', async () => {
  const results = await Promise.all([
    walhook(['listen', 'http://x', '-t', 'a']),
    walhook(['listen', 'postgres://127.0.0.1:1/x', '-t', 'a.b.c']),
    walhook(['listen', 'postgres://127.0.0.1:1/x', '-t', 'a', '--forward-to', 'ftp://x']),
  ]);
  expect(results.map(({ code, stdout, stderr }) => [code, stdout, stderr.split('\n')[0]])).toEqual([
    [2, '', 'walhook: <url>: expected a URL that starts with postgres:// or postgresql://'],
    [2, '', 'walhook: --table a.b.c: expected a table, as in profiles or app.profiles'],
    [2, '', 'walhook: --forward-to: expected a URL that starts with https:// or http://'],
  ]);
});

test('replay and discard want to know which ones, before they look at anything', async () => {
  const results = await Promise.all([walhook(['replay']), walhook(['discard', '--all', 'some-id']), walhook(['deliveries', '--limit', '0'], { yaml: MINIMAL })]);
  expect(results.map(({ code, stderr }) => [code, stderr.split('\n')[0]])).toEqual([
    [2, 'walhook: which ones? Ids, --endpoint, --hook, --table, --since, --before, or --all'],
    [2, 'walhook: --all, or ids: both make no sense'],
    [2, 'walhook: --limit: expected a number from 1 to 1000'],
  ]);
});

test('schema prints the JSON Schema', async () => {
  const { code, stdout } = await walhook(['schema']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ title: 'walhook.yaml', properties: { version: {} } });
});

test('healthcheck asks the address of the configuration', async () => {
  let status = 200;
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(status, { 'Content-Type': 'application/problem+json' }).end('{"detail":"state is draining"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const yaml = `${MINIMAL}server: { listen: "0.0.0.0:${port}", token: 0123456789abcdef }\n`;

  expect(await walhook(['healthcheck'], { yaml })).toMatchObject({ code: 0, stdout: 'healthy\n', stderr: '' });
  expect(await walhook(['healthcheck', '--ready'], { yaml })).toMatchObject({ code: 0, stdout: 'ready\n' });
  status = 503;
  expect(await walhook(['healthcheck', '--ready'], { yaml })).toMatchObject({ code: 1, stderr: 'walhook: the daemon is not ready: state is draining\n' });
  expect(asked).toEqual(['GET /healthz', 'GET /readyz', 'GET /readyz']);
  server.close();
  server.closeAllConnections();
  expect(await walhook(['healthcheck'], { yaml })).toMatchObject({ code: 1, stdout: '' });
});
