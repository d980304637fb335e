import { expect, test } from 'vitest';
import { storedRequest } from '../../src/commands/stored-request.ts';
import { DRAFT, UNRENDERED } from '../../src/delivery.ts';
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
const { endpoints } = config;

test('the request as it would be made now, without what gives access', async () => {
  const shown = await storedRequest({ ...DETAIL, path: null }, endpoints);
  expect(shown).toMatchObject({ method: 'POST', body: DETAIL.body });
  expect(shown.url).toBe('https://crm.example.com/hooks?token=***&a=1');
  expect(Object.fromEntries(shown.headers)).toMatchObject({
    authorization: 'Basic ***',
    'x-api-key': '***',
    // Whatever an endpoint's header is for, it may be what gives access.
    'x-team': '***',
    'content-type': 'application/json',
    'webhook-id': 'some-id',
    'webhook-signature': expect.stringMatching(/^v1,/),
  });
  expect(JSON.stringify(shown)).not.toMatch(/hidden|blue/);
});

test('a method without a body, and pairs for the query', async () => {
  expect(await storedRequest({ ...DETAIL, method: 'GET', path: '/find', content_type: null, body: 'a=1&b=2' }, endpoints)).toMatchObject({ method: 'GET', url: 'https://crm.example.com/find?a=1&b=2', body: null });
});

test.for([
  [{ endpoint: 'gone' }, 'no_endpoint'],
  [{ content_type: DRAFT }, 'draft'],
  [{ content_type: UNRENDERED }, 'unrendered'],
] as const)('%j: there is none, and why', async ([changed, code]) => {
  await expect(storedRequest({ ...DETAIL, ...changed }, endpoints)).rejects.toMatchObject({ code });
});
