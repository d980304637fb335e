import { describe, expect, test } from 'vitest';
import { target } from '../../src/source/connect.ts';
import { connectionSettings } from '../../src/source/connection-url.ts';
import { tlsAttempts } from '../../src/source/tls.ts';

const settings = (url: string | null, environment: Record<string, string> = {}): Record<string, string> => Object.fromEntries(connectionSettings(url, environment));

describe('connection URL', () => {
  test('every part, decoded', () => {
    expect(settings('postgresql://us%40er:p%3Aw%2F@db.example.com:6432/my%20db?sslmode=require&application_name=a%26b')).toEqual({
      user: 'us@er', password: 'p:w/', host: 'db.example.com', port: '6432', dbname: 'my db', sslmode: 'require', application_name: 'a&b',
    });
  });

  test('parts may be missing, IPv6 and sockets are hosts', () => {
    expect(settings('postgres://')).toEqual({});
    expect(settings('postgres://[::1]:5433')).toEqual({ host: '::1', port: '5433' });
    expect(settings('postgres://user@/db?host=/var/run/postgresql')).toEqual({ user: 'user', dbname: 'db', host: '/var/run/postgresql' });
    expect(settings('postgres://%2Fvar%2Frun/db')).toEqual({ host: '/var/run', dbname: 'db' });
  });

  test('PG* variables fill in what the URL leaves out', () => {
    const environment = { PGHOST: 'env', PGUSER: 'env', PGPASSWORD: 'secret', PGSSLMODE: 'disable', PGPORT: '' };
    expect(settings('postgres://url/db', environment)).toEqual({ host: 'url', user: 'env', password: 'secret', sslmode: 'disable', dbname: 'db' });
    expect(settings(null, environment)).toEqual({ host: 'env', user: 'env', password: 'secret', sslmode: 'disable' });
  });

  test.each(['mysql://db', 'host=db', '/var/run', 'postgres://us%er:hunter2@db', 'postgres://a:hunter2@h1,h2/db', 'postgres://h/db?sslmode'])('%s is refused without being quoted', (url) => {
    expect(() => settings(url)).toThrowError(expect.objectContaining({ code: 'bad_url', exit: 78 }));
    expect(() => settings(url)).not.toThrowError(/hunter2/);
  });
});

describe('sslmode', () => {
  const attempts = (query: string, files: Record<string, string> = {}): unknown[] =>
    tlsAttempts(connectionSettings(`postgres://db/app?${query}`, {}), (path) => files[path] ?? null).map((tls) => (tls === false ? false : { ...tls }));

  test('has libpq\'s meaning', () => {
    expect(attempts('sslmode=disable')).toEqual([false]);
    expect(attempts('sslmode=allow')).toEqual([false, { rejectUnauthorized: false }]);
    expect(attempts('sslmode=prefer')).toEqual([{ rejectUnauthorized: false }, false]);
    expect(attempts('')).toEqual(attempts('sslmode=prefer'));
    expect(attempts('sslmode=require')).toEqual([{ rejectUnauthorized: false }]);
    expect(attempts('sslmode=verify-full')).toEqual([{ rejectUnauthorized: true }]);
    expect(attempts('ssl=true')).toEqual(attempts('sslmode=require'));
  });

  test('a root certificate is verified against, also by require; only verify-full asks for the name', () => {
    const files = { '/ca.pem': 'CA' };
    const withoutName = [{ ca: 'CA', rejectUnauthorized: true, checkServerIdentity: expect.any(Function) }];
    expect(attempts('sslmode=require&sslrootcert=/ca.pem', files)).toEqual(withoutName);
    expect(attempts('sslmode=verify-ca&sslrootcert=/ca.pem', files)).toEqual(withoutName);
    expect(attempts('sslmode=verify-full&sslrootcert=/ca.pem', files)).toEqual([{ ca: 'CA', rejectUnauthorized: true }]);
    expect(attempts('sslrootcert=system')).toEqual([{ rejectUnauthorized: true }]);
    expect(attempts('sslmode=verify-full&sslrootcert=system')).toEqual([{ rejectUnauthorized: true }]);
  });

  test('a client certificate goes along', () => {
    expect(attempts('sslmode=require&sslcert=/c&sslkey=/k', { '/c': 'CERT', '/k': 'KEY' })).toEqual([{ cert: 'CERT', key: 'KEY', rejectUnauthorized: false }]);
  });

  test.each(['sslrootcert=system&sslmode=require', 'sslrootcert=system&sslmode=prefer', 'sslrootcert=system&sslmode=disable', 'sslnegotiation=direct', 'sslnegotiation=direct&sslmode=allow', 'sslnegotiation=maybe&sslmode=require', 'sslmode=verify-ca', 'sslmode=maybe', 'sslmode=verify-full&sslrootcert=/missing'])('%s is refused', (query) => {
    expect(() => attempts(query)).toThrowError(expect.objectContaining({ code: 'bad_tls', exit: 78 }));
  });

  test('a socket has no TLS', () => {
    expect(tlsAttempts(connectionSettings('postgres:///app?host=/run&sslmode=require', {}), () => null)).toEqual([false]);
  });
});

test('a target is labelled without its password, and its session has the settings asked for', () => {
  const to = target('postgres://me:hunter2@db:6000/app?sslmode=disable&options=-c%20geqo=off&connect_timeout=3', { environment: {}, session: { timezone: 'UTC' } });
  expect(to.label).toBe('me@db:6000/app');
  expect(to.attempts).toEqual([expect.objectContaining({ user: 'me', password: 'hunter2', options: '-c geqo=off -c timezone=UTC', application_name: 'walhook', connectionTimeoutMillis: 3_000, ssl: false })]);
});
