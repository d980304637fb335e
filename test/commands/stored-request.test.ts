import { expect, test } from 'vitest';
import { storedRequest } from '../../src/commands/stored-request.ts';
import { loadConfig } from '../../src/config/load.ts';
import { DETAIL } from '../observe/reports.ts';

const config = loadConfig({
  text: `version: 1
source: { url: "postgres://u:p@db/app" }
endpoints:
  crm:
    url: https://user:hidden@crm.example.com/hooks?token=hidden&a=1
    headers: { X-Api-Key: hidden, X-Team: blue, X-A: endpoint }
    signing: { secrets: ["whsec_aGlkZGVuaGlkZGVuaGlkZGVuaGlkZGVu"] }
hooks: [{ name: profiles, table: app.profiles, to: crm }]`,
  file: 'walhook.yaml',
  env: {},
  readFile: () => '',
});
const options = { config, userAgent: 'walhook/0.1.0' };

test('the request as it would be made now, without what gives access', () => {
  const shown = storedRequest({ ...DETAIL, path: null }, options);
  expect(shown).toMatchObject({ method: 'POST', body: DETAIL.body });
  expect(shown?.url).toBe('https://crm.example.com/hooks?token=***&a=1');
  expect(Object.fromEntries(shown?.headers ?? [])).toEqual({
    'user-agent': 'walhook/0.1.0',
    'accept-encoding': 'identity',
    authorization: '***',
    'x-api-key': '***',
    'x-team': 'blue',
    'content-type': 'application/json',
    'webhook-id': 'some-id',
    'webhook-signature': '***',
    // The hook's goes before the endpoint's.
    'x-a': 'b',
  });
  expect(JSON.stringify(shown)).not.toContain('hidden');
});

test('a method without a body, and pairs for the query', () => {
  expect(storedRequest({ ...DETAIL, method: 'GET', path: '/find', content_type: null, body: 'a=1&b=2' }, options)).toMatchObject({ method: 'GET', url: 'https://crm.example.com/find?a=1&b=2', body: null });
});

test('of an endpoint that is gone there is none', () => {
  expect(storedRequest({ ...DETAIL, endpoint: 'gone' }, options)).toBeNull();
});
