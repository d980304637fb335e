import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { curlCommand } from '../../src/commands/render-curl.ts';
import { showCurl } from '../../src/commands/show-curl.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { StoredDetail } from '../../src/operations.ts';
import { SECRET } from '../support/secret.ts';

/** What a shell makes of commands: the words that each gives to curl, as bytes. */
function words(commands: readonly string[]): string[][] {
  const script = `curl() { printf '%s\\0' "$@"; printf '\\1\\0'; }\n${commands.join('\n')}\n`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '--noprofile', '-s'], { input: script, env: { LC_ALL: 'C' } });
  expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
  const calls: string[][] = [[]];
  for (const word of stdout.toString('latin1').split('\0').slice(0, -1)) {
    if (word === '\u0001') calls.push([]);
    else calls.at(-1)?.push(word);
  }
  return calls.slice(0, -1);
}

const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

test('a shell reads from the command what the request has, whatever is in it', () => {
  const text = fc.oneof(
    fc.constantFrom("'", '$(id)', '`id`', '\\', '\\n', '!', '"', "'; rm -rf /; '", '$HOME', '\u001b[2J', 'é', '\u202e', '#', '~', '*', '\r\n', '\t', "$'x'", '\u007f'),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.string({ unit: 'binary', maxLength: 20 }),
  ).map((one) => one.replaceAll(/\0|\p{Cs}/gu, ''));
  const line = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).filter((code) => code < 0x7f || code >= 0xa0).map((code) => String.fromCharCode(code)), maxLength: 20 });
  const request = fc.record({ method: fc.constantFrom('POST', 'PUT', 'DELETE'), url: text.map((path) => `https://example.com/${path}`), headers: fc.array(fc.tuple(fc.constantFrom('x-a', 'x-b'), line), { maxLength: 3 }), body: fc.option(text) });
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 40 }), (requests) => {
      const read = words(requests.map((one) => curlCommand(one)));
      const meant = requests.map(({ method, url, headers, body }) => [
        '-X', method,
        ...(/[[\]{}]/.test(url) ? ['--globoff'] : []),
        bytes(url),
        ...headers.flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
        ...(body === null ? [] : ['--data-raw', bytes(body)]),
      ]);
      expect(read).toEqual(meant);
    }),
    { numRuns: 40 },
  );
});

const CONFIG = loadConfig({
  text: 'version: 1\nendpoints:\n  crm: { url: "https://user:hunter22@example.com/hooks?token=abcdefgh", headers: { X-Api-Key: "${KEY}" }, signing: { secrets: ["${SECRET}"] } }\n  get: { url: "https://example.com/", method: GET }\n',
  file: 'walhook.yaml',
  env: { KEY: 'very-secret-key', SECRET },
  readFile: () => '',
});

const STORED: StoredDetail = {
  state: 'dead', id: '016f3b28-0-i-3f0c', endpoint: 'crm', hook: 'crm-people', table: 'public.people', operation: 'data_insert', bytes: 10, attempts: 1, failure: 'rejected', status: 422, message: 'no',
  committed_at: '2026-11-20T10:00:00Z', parked_at: null, died_at: '2026-11-20T10:00:01Z', delivered_at: null, duration_ms: null, next_at: null,
  method: 'PUT', path: "/people/it's", content_type: 'application/json', headers: [['x-table', 'people'], ['authorization', '***']], body: `{"name":"O'Neill $(id)"}`, response: 'no', commit_lsn: '0/16F3B28',
};

test('a stored delivery is the request that would be sent, with the same id, and no secret', async () => {
  const shown = await showCurl([STORED], CONFIG.endpoints);
  const [[...call] = []] = words([shown]);
  expect(call).toContain('PUT');
  expect(call.find((word) => word.startsWith('https://'))).toMatch(/\/people\/it(?:'|%27)s/);
  expect(call).toEqual(expect.arrayContaining([`webhook-id: ${STORED.id}`, 'x-table: people', STORED.body]));
  expect(call.filter((word) => word.endsWith(': ***')).map((word) => word.split(':')[0]?.toLowerCase())).toEqual(expect.arrayContaining(['x-api-key', 'authorization']));
  expect(shown).toContain('# *** stands for what is secret');
  for (const secret of ['very-secret-key', 'hunter22', 'abcdefgh', SECRET]) expect(shown).not.toContain(secret);
});

test('what makes no request is a comment', async () => {
  const shown = await showCurl(
    [
      { ...STORED, endpoint: 'gone\nrm -rf /' },
      { ...STORED, content_type: 'application/vnd.walhook.unrendered+json' },
      { ...STORED, content_type: 'application/vnd.walhook.draft+json' },
    ],
    CONFIG.endpoints,
  );
  expect(words([shown])).toEqual([]);
  expect(shown).toContain('the configuration no longer has endpoint gone');
});

test('pairs go into the query of a GET', async () => {
  const shown = await showCurl([{ ...STORED, endpoint: 'get', method: null, path: null, content_type: null, headers: [], body: 'a=1&b=2' }], CONFIG.endpoints);
  expect(shown).toContain("curl -X GET \\\n  'https://example.com/?a=1&b=2'");
  expect(shown).not.toContain('--data');
});
