import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HttpServer, startHttpServer } from '../../src/observe/http-server.ts';
import { noNotes, type Notes, notingOptions } from './every-route.ts';

const INDEX = '<!doctype html><script type="module" src="/assets/main-3f0c1a9b.js"></script>';
const SCRIPT = 'console.log("hello");'.repeat(100);
const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

let folder = '';
let notes: Notes = noNotes();
const servers: HttpServer[] = [];
beforeEach(() => {
  notes = noNotes();
  folder = mkdtempSync(join(tmpdir(), 'walhook-console-'));
  writeFileSync(join(folder, 'secret.txt'), 'a secret');
  mkdirSync(join(folder, 'console/assets'), { recursive: true });
  writeFileSync(join(folder, 'console/index.html'), INDEX);
  writeFileSync(join(folder, 'console/favicon.svg'), '<svg/>');
  writeFileSync(join(folder, 'console/assets/main-3f0c1a9b.js'), SCRIPT);
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'console/assets/link.txt'));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  rmSync(folder, { recursive: true });
});

async function serve(console = join(folder, 'console')): Promise<string> {
  const server = await startHttpServer({ ...notingOptions(notes), console, port: 0 });
  servers.push(server);
  return server.url;
}

interface Got {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: Buffer;
}

/** Sends the path as it is: no client tidies it up. */
function get(url: string, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const asked = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      buffer(response).then((body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }), reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('/ and the pages within it are the console, without a token and with a strict policy', async () => {
  const url = await serve();
  for (const [path, headers] of [['/', {}], ['/', HTML], ['/endpoints/crm', HTML], ['/deliveries?id=a.b', HTML], ['/hooks/a%2Fb', HTML], ['/endpoints/crm.v2', HTML], ['/deliveries/a.b.js', HTML]] as const) {
    const { status, headers: answered, body } = await get(url, path, headers);
    expect(status, path).toBe(200);
    expect(String(body)).toBe(INDEX);
    expect(answered).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
      etag: expect.stringMatching(/^"[\w-]{22}"$/),
    });
  }
  expect(notes.calls).toEqual([]);
});

test('what is no page is not taken for one', async () => {
  const url = await serve();
  for (const [path, status] of [['/api/v1/nothing', 401], ['/api', 401], ['/openapi.json', 401], ['/metrics', 401], ['/healthz', 200], ['/assets/none', 404], ['/assets/none.js', 404], ['/assets/a.b/none.js', 404], ['/robots.txt', 404], ['/favicon.ico', 404]] as const) {
    const answer = await get(url, path, HTML);
    expect(answer.status, path).toBe(status);
    expect(String(answer.body), path).not.toContain('<!doctype');
  }
  expect((await get(url, '/endpoints/crm', { accept: '*/*' })).status).toBe(404);
  expect((await get(url, '/', HTML, 'POST')).status).toBe(404);
});

test('assets are kept for good, the page is asked for again', async () => {
  const url = await serve();
  const asset = await get(url, '/assets/main-3f0c1a9b.js');
  expect(String(asset.body)).toBe(SCRIPT);
  expect(asset.headers).toMatchObject({ 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'public, max-age=31536000, immutable', vary: 'Accept-Encoding' });
  const page = await get(url, '/');
  const again = await get(url, '/', { 'if-none-match': `"other", W/${String(page.headers['etag'])}` });
  expect(again).toMatchObject({ status: 304, body: Buffer.alloc(0) });
  expect((await get(url, '/', { 'if-none-match': '"other"' })).status).toBe(200);
  expect(await get(url, '/', {}, 'HEAD')).toMatchObject({ status: 200, body: Buffer.alloc(0) });
});

test('it is compressed as the browser can', async () => {
  const url = await serve();
  const path = '/assets/main-3f0c1a9b.js';
  const brotli = await get(url, path, { 'accept-encoding': 'gzip, deflate, br, zstd' });
  expect(brotli.headers['content-encoding']).toBe('br');
  expect(String(brotliDecompressSync(brotli.body))).toBe(SCRIPT);
  const gzip = await get(url, path, { 'accept-encoding': 'br;q=0, gzip' });
  expect(gzip.headers['content-encoding']).toBe('gzip');
  expect(String(gunzipSync(gzip.body))).toBe(SCRIPT);
  expect((await get(url, path, { 'accept-encoding': 'identity' })).headers['content-encoding']).toBeUndefined();
});

test.for(['/../secret.txt', '/assets/../../secret.txt', '/%2e%2e/secret.txt', '/assets/%2e%2e%2f%2e%2e%2fsecret.txt', '/..%5csecret.txt', '//etc/passwd', '/assets/link.txt', '/assets/main-3f0c1a9b.js%00.txt', '/assets/', '/%'])(
  'no path leads out of it: %s',
  async (path) => {
    const url = await serve();
    const { status, body } = await get(url, path);
    expect([400, 404]).toContain(status);
    expect(String(body)).not.toContain('a secret');
  },
);

test('another host or origin gets nothing', async () => {
  const url = await serve();
  for (const strange of [{ host: 'evil.example' }, { origin: 'http://evil.example' }]) {
    const { status, body } = await get(url, '/', { ...HTML, ...strange });
    expect(status).toBe(403);
    expect(String(body)).not.toContain('<!doctype');
  }
});

test('where it is not built, / says how; once it is, it is served', async () => {
  const later = join(folder, 'later');
  const url = await serve(later);
  const answer = await get(url, '/', HTML);
  expect(answer.status).toBe(404);
  expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(String(answer.body)).toContain('npm run build');
  expect((await get(url, '/endpoints/crm', HTML)).status).toBe(404);
  mkdirSync(later);
  writeFileSync(join(later, 'index.html'), INDEX);
  expect((await get(url, '/', HTML)).status).toBe(200);
});
