import type { ConnectionOptions } from 'node:tls';
import { EXIT, WalhookError } from '../errors.ts';
import type { ConnectionSettings } from './connection-url.ts';

/** False: no TLS. */
export type Tls = ConnectionOptions | false;

/** The content of a file, or null if there is none. */
export type ReadFile = (path: string) => string | null;

const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type Mode = (typeof MODES)[number];

/**
 * The ways to connect, in the order to try them, with libpq's meaning of sslmode and its default, `prefer`:
 * https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
 * (pg has other meanings: there `require` verifies, and `prefer` never falls back.)
 *
 * Two differences: without a root certificate `verify-full` trusts the certificate authorities that Node trusts, which
 * is libpq's `sslrootcert=system`, where libpq would refuse to connect; and files in ~/.postgresql are not looked for.
 *
 * @throws WalhookError `bad_tls`.
 */
export function tlsAttempts(settings: ConnectionSettings, readFile: ReadFile): readonly Tls[] {
  if (settings.get('host')?.startsWith('/')) return [false];
  const mode = sslMode(settings);
  refuseWeak(mode, settings);
  switch (mode) {
    case 'disable':
      return [false];
    case 'allow':
      return [false, tls(mode, settings, readFile)];
    case 'prefer':
      return [tls(mode, settings, readFile), false];
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return [tls(mode, settings, readFile)];
  }
}

function sslMode(settings: ConnectionSettings): Mode {
  const text = settings.get('sslmode');
  if (text === undefined) return settings.get('sslrootcert') === 'system' ? 'verify-full' : 'prefer';
  // pg's own name for what libpq calls require.
  if (text === 'no-verify') return 'require';
  const mode = MODES.find((known) => known === text);
  if (mode === undefined) throw badTls('sslmode is none that libpq knows', `sslmode is one of ${MODES.join(', ')}`);
  return mode;
}

/** What libpq refuses too: settings that promise more than the mode keeps. */
function refuseWeak(mode: Mode, settings: ConnectionSettings): void {
  // Anybody gets a certificate of a public authority, for a name of their own.
  if (settings.get('sslrootcert') === 'system' && mode !== 'verify-full') {
    throw badTls(`sslmode=${mode} is too weak for sslrootcert=system, with which only the host name proves anything`, 'sslmode=verify-full');
  }
  if (isDirect(settings) && ['disable', 'allow', 'prefer'].includes(mode)) {
    throw badTls(`sslmode=${mode} is too weak for sslnegotiation=direct, which has no way back to a connection without TLS`, 'sslmode=require, or better verify-full');
  }
}

/** True if TLS begins at once, without asking in plain text: Postgres 17 and later. @throws WalhookError `bad_tls` */
export function isDirect(settings: ConnectionSettings): boolean {
  const text = settings.get('sslnegotiation') ?? 'postgres';
  if (text !== 'postgres' && text !== 'direct') throw badTls('sslnegotiation is none that libpq knows', 'sslnegotiation is one of postgres, direct');
  return text === 'direct';
}

function tls(mode: Mode, settings: ConnectionSettings, readFile: ReadFile): ConnectionOptions {
  const root = settings.get('sslrootcert');
  const ca = root === undefined || root === 'system' ? null : file('sslrootcert', root, readFile);
  const cert = file('sslcert', settings.get('sslcert'), readFile);
  const key = file('sslkey', settings.get('sslkey'), readFile);
  const identity = { ...(ca === null ? {} : { ca }), ...(cert === null ? {} : { cert }), ...(key === null ? {} : { key }) };
  if (mode === 'verify-full') return { ...identity, rejectUnauthorized: true };
  if (mode === 'verify-ca' && ca === null) {
    throw badTls(
      'sslmode=verify-ca needs sslrootcert: a certificate of a public authority would prove nothing without its host name',
      'sslmode=verify-full, or sslrootcert=/path/to/ca.pem',
    );
  }
  // With a root certificate `require` means verify-ca, as in libpq.
  const verifies = mode === 'verify-ca' || (mode === 'require' && ca !== null);
  return { ...identity, rejectUnauthorized: verifies, ...(verifies ? { checkServerIdentity: () => undefined } : {}) };
}

function file(name: string, path: string | undefined, readFile: ReadFile): string | null {
  if (path === undefined) return null;
  const content = readFile(path);
  if (content === null) throw badTls(`${name}: ${path} cannot be read`, `a PEM file that this process may read`);
  return content;
}

function badTls(message: string, hint: string): WalhookError {
  return new WalhookError(message, { code: 'bad_tls', hint, exit: EXIT.badConfig });
}
