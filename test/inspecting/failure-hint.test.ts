import { expect, test } from 'vitest';
import { because, failureHint } from '../../src/inspecting/failure-hint.ts';
import { BlockedAddressError } from '../../src/deliver/guard.ts';
import type { FailureClass } from '../../src/outcome.ts';

const CRM = { name: 'crm', host: 'crm.example:8443', timeout: 15_000, isKafka: false };

function hint(failure: FailureClass, { status = null, message = '' }: { readonly status?: number | null; readonly message?: string } = {}): string | null {
  return failureHint({ failure, status, message }, CRM);
}

test('a blocked address gets the very line that allows it', () => {
  for (const [address, range] of [['10.1.2.3', '10.1.2.3/32'], ['fd00::1', 'fd00::1/128']] as const) {
    const { message } = new BlockedAddressError('crm', 'crm.example', address);
    expect(hint('blocked_address', { message })).toBe(`network: { allow: [${JSON.stringify(range)}] }`);
  }
  expect(hint('blocked_address', { message: 'something else' })).toContain('network: { allow:');
});

test.each<[FailureClass, { status?: number; message?: string }, RegExp]>([
  ['dns', {}, /getent hosts crm\.example;/],
  ['refused', {}, /nothing listens at crm\.example:8443/],
  ['reset', {}, /closes the connection/],
  ['tls', { message: 'the certificate has expired of crm.example (CERT_HAS_EXPIRED)' }, /has expired: the receiver must renew it; openssl s_client -connect crm\.example:8443 /],
  ['tls', { message: 'the certificate is for another name than crm.example (ERR_TLS_CERT_ALTNAME_INVALID)' }, /endpoints\.crm\.url/],
  ['tls', { message: 'x (SELF_SIGNED_CERT_IN_CHAIN)' }, /endpoints\.crm\.tls: \{ ca: /],
  ['tls', { message: 'x (EPROTO)' }, /speak https/],
  ['timeout', {}, /15000 ms: endpoints\.crm\.timeout/],
  ['status', { status: 401 }, /does not accept who asks/],
  ['status', { status: 403 }, /does not accept who asks/],
  ['status', { status: 302 }, /redirects are not followed/],
  ['status', { status: 404 }, /no such path/],
  ['status', { status: 410 }, /gone for good/],
  ['status', { status: 413 }, /too large/],
  ['status', { status: 422 }, /refuses what it gets/],
  ['status', { status: 429 }, /rate: /],
  ['status', { status: 503 }, /own log/],
])('%s %o', (failure, attempt, expected) => {
  expect(hint(failure, attempt)).toMatch(expected);
});

test('every class of failures has something to say, and a few words for a sentence', () => {
  for (const failure of ['too_large', 'network', 'request', 'enrich', 'cooldown', 'expression'] as const) expect(hint(failure), failure).not.toBeNull();
  expect(because({ failure: 'refused', status: null, message: 'connection refused by crm (ECONNREFUSED)' })).toBe('connection refused');
  expect(because({ failure: 'status', status: 503, message: 'x' })).toBe('it answers 503');
  expect(because({ failure: 'tls', status: null, message: 'x (CERT_HAS_EXPIRED)' })).toBe('its certificate has expired');
  expect(because({ failure: 'expression', status: null, message: 'hook a: no such column' })).toBe('hook a: no such column');
});
