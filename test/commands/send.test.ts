import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { stringify } from 'yaml';
import type { Exchange } from '../../src/inspection.ts';
import { type CliResult, walhook } from '../support/cli.ts';
import { Receiver } from '../support/receiver.ts';

// Processes start slowly where many tests run at once.
vi.setConfig({ testTimeout: 60_000 });

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const WHSK = `whsk_${Buffer.alloc(32, 9).toString('base64')}`;
const NETWORK = { network: { allow: ['127.0.0.0/8'] } };

async function receiver(options: Parameters<typeof Receiver.open>[0] = {}): Promise<Receiver> {
  const opened = await Receiver.open(options);
  onTestFinished(() => opened.close());
  return opened;
}

/** Sends to endpoint `crm`. There is no database at the address of `source`. */
function send(url: string, endpoint: object, { args = [], hooks = [] }: { readonly args?: readonly string[]; readonly hooks?: readonly object[] } = {}): Promise<CliResult> {
  // Port 0: no daemon of somebody else's is asked.
  const config = { version: 1, source: { url: 'postgres://127.0.0.1:1/nowhere' }, server: { listen: '127.0.0.1:0' }, endpoints: { crm: { url, ...NETWORK, ...endpoint }, other: { url } }, hooks };
  return walhook(['send', 'crm', ...args], { yaml: stringify(config) });
}

const report = ({ stdout }: CliResult): Exchange => JSON.parse(stdout) as Exchange;

test('sends a signed request that says it is a test, and shows it with its answer', async () => {
  const crm = await receiver({ secret: SECRET });
  crm.answer = () => ({ status: 200, body: '{"ok":true}', headers: { 'content-type': 'application/json', 'x-request-id': 'r1' } });
  const { code, stdout, stderr } = await send(`${crm.url}/in?tenant=7`, { signing: { secrets: SECRET } });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [request] = crm.requests;
  expect(request?.id).toMatch(/^test-[0-9a-f-]{36}$/);
  expect(JSON.parse(request?.body.toString() ?? '')).toEqual({ type: 'walhook.test', timestamp: expect.any(String), data: { message: 'This is a test from walhook: no row has changed.' } });
  expect(stdout).toContain(`POST ${crm.url}/in?tenant=7\n`);
  for (const line of [`webhook-id: ${request?.id}`, `webhook-signature: ${String(request?.headers['webhook-signature'])}`, 'content-type: application/json', 'x-request-id: r1', '{ "ok": true }']) expect(stdout).toContain(`  ${line}\n`);
  expect(stdout).toMatch(/"type": "walhook\.test"/);
  expect(stdout).toMatch(/\n200 OK\n/);
  expect(stdout).toMatch(/\ndelivered in \d+ ms\n$/);
});

test('a body of one’s own goes as it stands, from the command line or a file', async () => {
  const crm = await receiver();
  const json = '{ "id": 12345678901234567890, "n": 1.50 }';
  const file = join(tmpdir(), `walhook-send-${process.pid}.json`);
  writeFileSync(file, `${json}\n`);
  const results = [await send(crm.url, {}, { args: ['--data', json] }), await send(crm.url, {}, { args: ['--data', `@${file}`] })];
  expect(results.map(({ code }) => code)).toEqual([0, 0]);
  expect(crm.requests.map(({ body }) => body.toString())).toEqual([json, json]);
  expect(results[0]?.stdout).toContain('the endpoint has no `signing`');
});

describe('an answer that does not mean delivered', () => {
  test('exits with 1, and says what the daemon would do', async () => {
    const crm = await receiver();
    crm.answer = () => ({ status: 422, body: 'no such contact\u001b[2J' });
    const { code, stdout } = await send(crm.url, { responses: { 422: 'dead' } });
    expect(code).toBe(1);
    expect(stdout).toContain('422 Unprocessable Entity\n');
    expect(stdout).toContain('no such contact\\u001b[2J');
    expect(stdout).toMatch(/not delivered after \d+ ms: the endpoint answered 422: `responses` says dead; the daemon would make it a dead letter\n/);
  });

  test('or none at all exits with 1', async () => {
    const crm = await receiver();
    const url = crm.url;
    await crm.close();
    const result = await send(url, {}, { args: ['--json'] });
    expect(result.code).toBe(1);
    expect(report(result)).toMatchObject({ endpoint: 'crm', verdict: 'retry', message: expect.stringContaining('ECONNREFUSED'), request: { method: 'POST', url: `${url}/` }, response: null });
  });

  test('an address that is not allowed is not sent to', async () => {
    const crm = await receiver();
    const result = await send(crm.url, { network: { allow: [] } });
    expect(result.code).toBe(1);
    expect(result.stdout).toContain('endpoints.crm.network.allow: [127.0.0.1/32]');
    expect(crm.requests).toEqual([]);
  });
});

test('a response that goes on for long is cut', async () => {
  const crm = await receiver();
  crm.answer = () => ({ status: 200, body: 'x'.repeat(500_000) });
  const json = report(await send(crm.url, {}, { args: ['--json'] }));
  expect(json.response).toMatchObject({ truncated: true });
  expect(json.response?.body).toHaveLength(65_536);
  const { stdout } = await send(crm.url, {});
  expect(stdout).toContain('(there is more)');
  expect(stdout.length).toBeLessThan(6_000);
});

test('secrets are masked, also where the endpoint tells all that it got', async () => {
  const auth = await receiver();
  auth.answer = () => ({ status: 200, body: '{"access_token":"t0ken-t0ken"}' });
  const crm = await receiver();
  crm.answer = ({ headers }) => ({ status: 200, body: JSON.stringify(headers), headers: { 'set-cookie': 'session=s3ssion', 'x-echo': String(headers['x-plain']) } });
  const endpoint = {
    headers: { 'X-Plain': 'pl4in-value', 'User-Agent': 'us/1' },
    signing: { secrets: [SECRET, WHSK] },
    oauth2: { token_url: `${auth.url}/token`, client_id: 'me', client_secret: 'cl1ent-secret' },
  };
  const url = `${crm.url}/in?token=qu3ry&a=1`;
  const [text, json] = await Promise.all([send(url, endpoint), send(url, endpoint, { args: ['--json'] })]);
  expect([text.code, json.code]).toEqual([0, 0]);
  expect(crm.requests[0]?.headers).toMatchObject({ authorization: 'Bearer t0ken-t0ken', 'x-plain': 'pl4in-value' });
  for (const { stdout, stderr } of [text, json]) {
    expect(stdout + stderr).not.toMatch(/t0ken|pl4in|cl1ent|s3ssion|qu3ry|BwcHBwcH|CQkJCQkJ/);
    expect(stdout).toContain('us/1');
  }
  expect(text.stdout).toContain('  authorization: Bearer ***\n');
  expect(text.stdout).toContain(`POST ${crm.url}/in?token=***&a=1\n`);
  const [publicKey] = report(json).public_keys;
  expect(publicKey).toMatch(/^whpk_/);
  expect(text.stdout).toContain(`receivers verify the v1a signature with ${publicKey}`);
});

test('to an endpoint with batches goes a batch of one', async () => {
  const crm = await receiver({ secret: SECRET });
  const batch = { batch: { size: 10 }, signing: { secrets: SECRET } };
  const { code, stdout } = await send(crm.url, batch, { args: ['--data', '{ "n": 1.50 }'] });
  expect({ code, bodies: crm.requests.map(({ body }) => body.toString()) }).toEqual({ code: 0, bodies: ['[{ "n": 1.50 }]'] });
  expect(stdout).toContain('content-type: application/json\n');
});

test('to an endpoint of method GET goes in the query', async () => {
  const crm = await receiver();
  const { code } = await send(`${crm.url}/in?a=1`, { method: 'GET' }, { args: ['--data', '{"n":1,"list":["x y"]}'] });
  expect(code).toBe(0);
  expect(crm.requests[0]).toMatchObject({ method: 'GET', url: '/in?a=1&n=1&list%5B%5D=x+y' });
  expect(crm.requests[0]?.body).toHaveLength(0);
});

describe('as a hook sends it', () => {
  const HOOK = { name: 'h', table: 't', to: 'crm', method: 'PUT', path: '/contacts', headers: { 'X-Table': 't' }, encoding: 'form' };

  test('method, path, headers and encoding are the hook’s', async () => {
    const crm = await receiver();
    await send(`${crm.url}/in`, {}, { args: ['--hook', 'h', '--data', '{"a":{"b":1}}'], hooks: [HOOK] });
    expect(crm.requests[0]).toMatchObject({ method: 'PUT', url: '/contacts', headers: { 'x-table': 't', 'content-type': 'application/x-www-form-urlencoded' } });
    expect(crm.requests[0]?.body.toString()).toBe('a%5Bb%5D=1');
  });

  test('what has expressions is left out, and said', async () => {
    const crm = await receiver();
    const hook = { ...HOOK, path: '/contacts/${{ row.id }}', headers: { 'X-Id': '${{ row.id }}', 'X-Table': 't' } };
    const { code, stdout } = await send(`${crm.url}/in`, {}, { args: ['--hook', 'h'], hooks: [hook] });
    expect(code).toBe(0);
    expect(crm.requests[0]).toMatchObject({ method: 'PUT', url: '/in', headers: { 'x-table': 't' } });
    expect(crm.requests[0]?.headers).not.toHaveProperty('x-id');
    for (const option of ['path', 'header X-Id']) expect(stdout).toContain(`${option} of hook h has expressions, which only a row can fill: it is left out`);
  });
});

test('what makes no sense exits with 2, and nothing is sent', async () => {
  const crm = await receiver();
  const hooks = [{ name: 'h', table: 't', to: 'other' }];
  const yaml = stringify({ version: 1, server: { listen: '127.0.0.1:0' }, endpoints: { crm: { url: crm.url } } });
  const results = await Promise.all([
    walhook(['send', 'crn'], { yaml }),
    send(crm.url, {}, { args: ['--hook', 'nothing-like-it'], hooks }),
    send(crm.url, {}, { args: ['--hook', 'h'], hooks }),
    send(crm.url, {}, { args: ['--data', '{"a":'] }),
    send(crm.url, {}, { args: ['--data', '@/nowhere.json'] }),
    send(crm.url, { method: 'GET' }, { args: ['--data', '[1]'] }),
  ]);
  expect(results.map(({ code, stdout, stderr }) => [code, stdout, stderr.split('\n')[0]])).toEqual([
    [2, '', 'walhook: there is no endpoint named "crn" (did you mean "crm"?)'],
    [2, '', 'walhook: there is no hook named "nothing-like-it"'],
    [2, '', 'walhook: hook h does not go to crm, but to other'],
    [2, '', 'walhook: --data: this is not JSON'],
    [2, '', 'walhook: --data @/nowhere.json: the file cannot be read (ENOENT)'],
    [2, '', expect.stringMatching(/^walhook: --data: encoding: a form is made of a map/)],
  ]);
  expect(crm.requests).toEqual([]);
});
