import { expect, test } from 'vitest';
import { classify } from '../../src/deliver/classify.ts';
import { BlockedAddressError } from '../../src/deliver/guard.ts';

function coded(code: string, message = 'https://user:secret@crm.example.com/?token=abc failed'): Error {
  return Object.assign(new Error(message), { code });
}

test.for([
  ['ENOTFOUND', 'dns'],
  ['EAI_AGAIN', 'dns'],
  ['ECONNREFUSED', 'refused'],
  ['ECONNRESET', 'reset'],
  ['EPIPE', 'reset'],
  ['UND_ERR_SOCKET', 'reset'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'reset'],
  ['CERT_HAS_EXPIRED', 'tls'],
  ['CERT_REVOKED', 'tls'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
  ['EPROTO', 'tls'],
  ['ETIMEDOUT', 'timeout'],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['UND_ERR_HEADERS_OVERFLOW', 'too_large'],
  ['EHOSTUNREACH', 'network'],
  ['HPE_INVALID_CONSTANT', 'network'],
  ['SOMETHING_NEW', 'network'],
] as const)('%s is %s', ([code, failure]) => {
  const diagnosis = classify(coded(code), 'crm.example.com');
  expect(diagnosis.failure).toBe(failure);
  expect(diagnosis.message).toContain('crm.example.com');
  expect(diagnosis.message).toContain(`(${code})`);
  expect(diagnosis.message).not.toMatch(/secret|token|\n/);
});

test('several addresses that failed count as the first that says why', () => {
  const error = new AggregateError([new Error('no code'), coded('ECONNREFUSED'), coded('ENETUNREACH')]);
  expect(classify(error, 'crm').failure).toBe('refused');
});

test('the cause tells where the error does not', () => {
  expect(classify(new Error('outer', { cause: coded('ECONNRESET') }), 'crm').failure).toBe('reset');
});

test('a blocked address comes with the line to add', () => {
  expect(classify(new BlockedAddressError('crm', 'crm.internal', '10.0.0.5'), 'crm.internal:443')).toEqual({
    failure: 'blocked_address',
    message: 'crm.internal is 10.0.0.5, which is not a public address; to allow it: endpoints.crm.network.allow: [10.0.0.5/32]',
  });
});

test('what is no code is not told', () => {
  const loop = new Error('a');
  loop.cause = loop;
  for (const error of [coded('user:secret'), coded(''), null, 'secret', 7, new Error('secret'), loop]) {
    expect(classify(error, 'crm')).toEqual({ failure: 'network', message: 'request to crm failed' });
  }
});
