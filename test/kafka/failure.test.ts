import { AuthenticationError, MultipleErrors, NetworkError, ProtocolError, TimeoutError, UserError } from '@platformatic/kafka';
import { expect, test } from 'vitest';
import { WalhookError } from '../../src/errors.ts';
import { kafkaFailure } from '../../src/kafka/failure.ts';

const cluster = {
  brokers: ['kafka.example:9093'], tls: { ca: null, cert: null, key: null }, sasl: { mechanism: 'plain', username: 'walhook', password: 'hunter2' },
} as const;
const failure = (error: unknown) => kafkaFailure(error, { cluster, what: 'produce to topic t' });
const nodeError = (code: string, message: string) => Object.assign(new Error(message), { code });
const connecting = (cause: Error) => new MultipleErrors('Cannot connect to any broker.', [new NetworkError('Connection to kafka.example:9093 failed.', { cause })]);

test.each([
  ['nobody there', connecting(nodeError('ECONNREFUSED', 'connect ECONNREFUSED 10.0.0.1:9093')), 'kafka_unreachable', 'no answer from kafka.example:9093 (connect ECONNREFUSED 10.0.0.1:9093)', 'retry'],
  ['nobody by that name', connecting(Object.assign(nodeError('ENOTFOUND', 'getaddrinfo ENOTFOUND kafka.example'), { syscall: 'getaddrinfo', hostname: 'kafka.example' })), 'kafka_unreachable', 'the name kafka.example has no address (ENOTFOUND)', 'retry'],
  ['no answer in time', new TimeoutError('Request 7 timed out.'), 'kafka_unreachable', 'no answer from kafka.example:9093 (Request 7 timed out)', 'retry'],
  ['a connection that is reset', nodeError('ECONNRESET', 'read ECONNRESET'), 'kafka_unreachable', 'no answer from kafka.example:9093 (read ECONNRESET)', 'retry'],
  ['a fault of our own', new TypeError("Cannot read properties of undefined (reading 'parts')"), 'kafka_failure', "produce to topic t: Cannot read properties of undefined (reading 'parts')", 'retry'],
  ['what the broker has said', new Error('t/3 has no leader at the moment'), 'kafka_failure', 'produce to topic t: t/3 has no leader at the moment', 'retry'],
  ['what cannot be read', new SyntaxError('Unexpected token \'s\', "secret row" is not valid JSON'), 'kafka_failure', 'something could not be read (SyntaxError)', 'retry'],
  ['somebody who repeats the password', new Error('no such user walhook:hunter2'), 'kafka_failure', 'no such user walhook:***', 'retry'],
  ['what is no error', 'away', 'kafka_failure', 'for no reason that is known', 'retry'],
  ['a certificate that has expired', connecting(nodeError('CERT_HAS_EXPIRED', 'certificate has expired')), 'kafka_tls', 'the certificate of kafka.example:9093 has expired', 'stop'],
  ['a version of TLS that the other side does not have', connecting(nodeError('ERR_SSL_UNSUPPORTED_PROTOCOL', 'unsupported protocol')), 'kafka_tls', 'the TLS handshake with kafka.example:9093 fails (ERR_SSL_UNSUPPORTED_PROTOCOL)', 'stop'],
  ['TLS where plain text is spoken', connecting(nodeError('ERR_SSL_WRONG_VERSION_NUMBER', 'wrong version number')), 'kafka_tls', 'it may speak in plain text', 'stop'],
  ['a user that is refused', connecting(new AuthenticationError('SASL authentication failed.')), 'kafka_auth', 'kafka.example:9093 refuses the user walhook (SASL plain)', 'stop'],
  ['SASL where nobody asks for it', connecting(new AuthenticationError('Cannot find a suitable SASL mechanism.', { cause: new ProtocolError('ILLEGAL_SASL_STATE') })), 'kafka_auth', 'kafka.example:9093 does not speak SASL on this port', 'stop'],
  ['a certificate nobody trusts', connecting(nodeError('SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain')), 'kafka_tls', 'not trusted', 'stop'],
  ['a certificate of another', connecting(nodeError('ERR_TLS_CERT_ALTNAME_INVALID', 'Hostname/IP does not match')), 'kafka_tls', 'for another name', 'stop'],
  ['plain text where TLS is spoken', new UserError('Broker requires TLS.'), 'kafka_tls', 'speaks TLS and tls is not set', 'stop'],
  ['a topic that is not to be written', new ProtocolError('TOPIC_AUTHORIZATION_FAILED'), 'kafka_not_authorized', 'may not do that with the topic', 'stop'],
  ['a group with others in it', new ProtocolError('INCONSISTENT_GROUP_PROTOCOL'), 'kafka_group', 'consumer group', 'stop'],
  ['a topic that is not there', new UserError('Unknown topic t.'), 'kafka_topic', 'the topic is not there', 'retry'],
  ['replicas that are away', new ProtocolError('NOT_ENOUGH_REPLICAS'), 'kafka_error', 'the broker answers NOT_ENOUGH_REPLICAS', 'retry'],
] as const)('%s', (...[, error, code, message, reaction]) => {
  const told = failure(error);
  expect(told).toMatchObject({ code, reaction, message: expect.stringMatching(/^cannot produce to topic t: /) });
  expect(told.message).toContain(message);
  expect(`${told.message} ${told.hint ?? ''}`).not.toMatch(/hunter2|secret row/);
});

test('a connection that is closed at once: the hint is what the listener may want', () => {
  const closed = new NetworkError('Connection closed');
  expect(kafkaFailure(closed, { cluster: { ...cluster, sasl: null, tls: null }, what: 'look' }).hint).toContain('may want `sasl`, or TLS');
  expect(kafkaFailure(closed, { cluster: { ...cluster, sasl: null }, what: 'look' }).hint).toContain('may want `sasl`, or it');
  expect(failure(closed).hint).toContain('Check that the broker runs');
});

test('what is told already is left as it is', () => {
  const told = new WalhookError('no', { code: 'closed' });
  expect(failure(told)).toBe(told);
});
