import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { EndpointConfig } from '../../src/config.ts';
import { load, refusal } from './loading.ts';

const KEY = randomBytes(32);
const whsk = (bytes: Buffer): string => `whsk_${bytes.toString('base64')}`;
const SECRET = 'hunter2-hunter2';

function endpoint(options: string): EndpointConfig | undefined {
  return load(`version: 1\nendpoints: { crm: { url: "https://crm.example.com/in", ${options} } }\n`).endpoints[0];
}

function refused(options: string): string {
  return refusal(`version: 1\nendpoints: { crm: { url: "https://crm.example.com/in", ${options} } }\n`, { BAD: whsk(randomBytes(33)), SECRET }).message;
}

test('secrets of both kinds may stand beside each other', () => {
  const secrets = [whsk(KEY), `whsec_${KEY.toString('base64')}`];
  expect(endpoint(`signing: { secrets: ["${secrets.join('", "')}"] }`)?.signing).toEqual({ secrets });
});

test.for([
  ['33 bytes', whsk(randomBytes(33)), 'what follows whsk_ must be an Ed25519 private key of 32 or 64 bytes'],
  ['64 bytes that are no pair', whsk(randomBytes(64)), 'what follows whsk_ must be an Ed25519 private key of 32 or 64 bytes'],
  ['no base64', 'whsk_not*base64*at*all', 'what follows whsk_ is not base64'],
  ['a public key', `whpk_${KEY.toString('base64')}`, 'whpk_ is a public key, which receivers verify with'],
] as const)('a whsk_ secret of %s is refused, and masked', ([, secret, message]) => {
  const found = refused(`signing: { secrets: "${secret}" }`);
  expect(found).toContain(message);
  expect(found).not.toContain(secret.slice(5, 20));
});

test('batches have defaults, and are off unless they are asked for', () => {
  expect(endpoint('')?.batch).toBeNull();
  for (const options of ['batch: {}', 'batch:']) expect(endpoint(options)?.batch).toEqual({ size: 100, bytes: 1024 * 1024, linger: 50 });
  expect(endpoint('batch: { size: 5, bytes: 64KiB, linger: 0s }')?.batch).toEqual({ size: 5, bytes: 65_536, linger: 0 });
});

describe('oauth2', () => {
  const CLIENT = 'token_url: "https://auth.example.com/token?a=1", client_id: walhook, client_secret: "hunter2-hunter2"';

  test('has defaults', () => {
    expect(endpoint(`oauth2: { ${CLIENT} }`)?.oauth2).toEqual({
      token_url: new URL('https://auth.example.com/token?a=1'), client_id: 'walhook', client_secret: SECRET, scope: null, audience: null, auth: 'basic',
    });
    expect(endpoint('')?.oauth2).toBeNull();
  });

  test('takes scope, audience and the way to authenticate', () => {
    expect(endpoint(`oauth2: { ${CLIENT}, scope: "hooks.write hooks.read", audience: "https://crm.example.com/", auth: body }`)?.oauth2).toMatchObject({
      scope: 'hooks.write hooks.read', audience: 'https://crm.example.com/', auth: 'body',
    });
  });

  test.for([
    ['without a client', 'oauth2: { token_url: "https://auth.example.com/" }', 'endpoints.crm.oauth2.client_secret: required'],
    ['beside an Authorization header', `oauth2: { ${CLIENT} }, headers: { authorization: x }`, 'endpoints.crm.oauth2: there is an Authorization header besides: only one authorization can be sent'],
    ['with the secret in the URL', 'oauth2: { token_url: "https://walhook:hunter2@auth.example.com/", client_id: a, client_secret: b }', 'a user and password do not belong here: `client_id` and `client_secret` are for them'],
    ['with a line break in the secret', 'oauth2: { token_url: "https://auth.example.com/", client_id: a, client_secret: "hunter2\\nhunter2" }', 'endpoints.crm.oauth2.client_secret: expected text of printable ASCII characters'],
    ['with another grant', `oauth2: { ${CLIENT}, auth: jwt }`, 'endpoints.crm.oauth2.auth: expected basic or body'],
    ['with scopes in a list', `oauth2: { ${CLIENT}, scope: [a, b] }`, 'endpoints.crm.oauth2.scope: expected text'],
  ] as const)('%s is refused, and the secret is masked', ([, options, message]) => {
    const found = refused(options);
    expect(found).toContain(message);
    expect(found).not.toContain('hunter2');
  });

  test('beside a user and password in the URL is refused', () => {
    const { message } = refusal('version: 1\nendpoints: { crm: { url: "https://me:pw@crm.example.com/", oauth2: { token_url: "https://a.example.com/", client_id: a, client_secret: b } } }\n');
    expect(message).toContain('there is a user and password in `url` besides');
  });
});

test('an endpoint without a body can get no notices', () => {
  const { message } = refusal('version: 1\nendpoints: { crm: { url: "https://crm.example.com/", method: GET } }\nnotify: { to: [crm] }\n');
  expect(message).toContain('walhook.yaml:3:16 error notify.to[0]: the endpoint has method GET, and a notice needs a body');
});
