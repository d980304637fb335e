import { EXIT, WalhookError } from '../errors.ts';

/** The settings of a connection under libpq's names for them: `host`, `dbname`, `sslmode`, … */
export type ConnectionSettings = ReadonlyMap<string, string>;

export type Environment = Readonly<Record<string, string | undefined>>;

/** https://www.postgresql.org/docs/current/libpq-envars.html */
const VARIABLES: Readonly<Record<string, string>> = {
  PGHOST: 'host',
  PGPORT: 'port',
  PGUSER: 'user',
  PGPASSWORD: 'password',
  PGDATABASE: 'dbname',
  PGSSLMODE: 'sslmode',
  PGSSLROOTCERT: 'sslrootcert',
  PGSSLCERT: 'sslcert',
  PGSSLKEY: 'sslkey',
  PGSSLNEGOTIATION: 'sslnegotiation',
  PGCONNECT_TIMEOUT: 'connect_timeout',
  PGOPTIONS: 'options',
};

const URI = /^postgres(?:ql)?:\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<host>\[[^\]]*\]|[^:/?,]*)(?::(?<port>\d*))?(?:\/(?<dbname>[^?]*))?(?:\?(?<query>.*))?$/;

/**
 * Settings of a connection string, completed by the PG* variables, as libpq does. Parameters that libpq does not know
 * stay in the map and mean nothing: other tools put theirs into the same URL.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 *
 * @param url null: the variables alone.
 * @throws WalhookError `bad_url`, which never quotes the URL.
 */
export function connectionSettings(url: string | null, environment: Environment): ConnectionSettings {
  const settings = new Map<string, string>();
  for (const [variable, name] of Object.entries(VARIABLES)) {
    const value = environment[variable];
    if (value !== undefined && value !== '') settings.set(name, value);
  }
  if (url === null) return settings;

  const parts = URI.exec(url)?.groups;
  if (parts === undefined) throw badUrl(url.includes(',') ? 'it must name one host' : null);
  for (const name of ['user', 'password', 'host', 'port', 'dbname']) {
    const value = parts[name];
    if (value !== undefined && value !== '') settings.set(name, decode(value).replace(/^\[(.*)\]$/, '$1'));
  }
  for (const pair of (parts['query'] ?? '').split('&').filter((part) => part !== '')) {
    const at = pair.indexOf('=');
    if (at < 0) throw badUrl('a parameter has no value');
    const name = decode(pair.slice(0, at));
    const value = decode(pair.slice(at + 1));
    // What JDBC writes, and libpq takes too.
    if (name === 'ssl') settings.set('sslmode', value === 'true' ? 'require' : 'disable');
    else settings.set(name, value);
  }
  return settings;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badUrl('a % in it is not followed by two hexadecimal digits');
  }
}

function badUrl(why: string | null): WalhookError {
  return new WalhookError(`the connection URL cannot be understood${why === null ? '' : `: ${why}`}`, {
    code: 'bad_url',
    hint: 'postgres://user:password@host:5432/database?sslmode=verify-full, with @ : / ? # % in a password written as %40 %3A %2F %3F %23 %25',
    exit: EXIT.badConfig,
  });
}
