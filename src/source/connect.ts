import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import pg from 'pg';
import { sqlState } from '../reaction.ts';
import { connectionError } from './connection-error.ts';
import { connectionSettings, type Environment } from './connection-url.ts';
import { isDirect, type ReadFile, tlsAttempts } from './tls.ts';

/** Where and how to connect. */
export interface Target {
  /** `user@host:5432/database`, for messages: never a password. */
  readonly label: string;
  readonly database: string;
  /** The ways to connect, to be tried in this order: with TLS and without. */
  readonly attempts: readonly pg.ClientConfig[];
}

export interface TargetOptions {
  /** Default: the process'. */
  readonly environment?: Environment;
  /** Settings of the session; a role's or database's own do not matter then. */
  readonly session?: Readonly<Record<string, string>>;
  /** Default: from the disk. */
  readonly readFile?: ReadFile;
}

/**
 * Settings under which a value's text is the same whatever the role's, the database's or the server's defaults are; the
 * walsender writes rows by them.
 */
export const PLAIN_TEXT: Readonly<Record<string, string>> = {
  datestyle: 'ISO',
  timezone: 'UTC',
  intervalstyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
};

/** Milliseconds to connect in, unless `connect_timeout` says otherwise. */
const CONNECT_TIMEOUT = 10_000;

/**
 * @param url null: the PG* variables.
 * @throws WalhookError `bad_url` or `bad_tls`.
 */
export function target(url: string | null, options: TargetOptions = {}): Target {
  const environment = options.environment ?? process.env;
  const settings = connectionSettings(url, environment);
  const host = settings.get('host') ?? 'localhost';
  const port = Number(settings.get('port') ?? 5432);
  const user = settings.get('user') ?? userInfo().username;
  const database = settings.get('dbname') ?? user;
  const startup = startupOptions(settings.get('options'), options.session ?? {});
  const password = settings.get('password');
  const seconds = Number(settings.get('connect_timeout'));
  // Said in any case: pg would ask the environment. Its types do not know it yet.
  const negotiation: object = { sslnegotiation: isDirect(settings) ? 'direct' : 'postgres' };
  const config: pg.ClientConfig = {
    host,
    port,
    user,
    database,
    application_name: settings.get('application_name') ?? 'walhook',
    connectionTimeoutMillis: seconds > 0 ? seconds * 1000 : CONNECT_TIMEOUT,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    ...(password === undefined ? {} : { password }),
    ...(startup === undefined ? {} : { options: startup }),
  };
  return {
    label: `${user}@${host.includes(':') ? `[${host}]` : host}:${port}/${database}`,
    database,
    attempts: tlsAttempts(settings, options.readFile ?? fromDisk).map((ssl) => ({ ...config, ...negotiation, ssl })),
  };
}

/** The same way to connect, with settings of the session. */
export function inSession(config: pg.ClientConfig, session: Readonly<Record<string, string>>): pg.ClientConfig {
  const options = startupOptions(config.options, session);
  return options === undefined ? config : { ...config, options };
}

function startupOptions(given: string | undefined, session: Readonly<Record<string, string>>): string | undefined {
  const all = [...(given === undefined ? [] : [given]), ...Object.entries(session).map(([name, value]) => `-c ${name}=${value}`)];
  return all.length === 0 ? undefined : all.join(' ');
}

export interface Connection {
  /** Errors while idle are swallowed here: the next query tells of them. */
  readonly client: pg.Client;
  /** The way that worked, for those who connect by themselves: the replication stream, a pool. */
  readonly config: pg.ClientConfig;
}

/** @throws WalhookError: see `connectionError`. */
export async function connect(to: Target): Promise<Connection> {
  let first: unknown = null;
  for (const [index, config] of to.attempts.entries()) {
    const client = new pg.Client(config);
    client.on('error', () => {});
    try {
      await client.connect();
      return { client, config };
    } catch (error) {
      await client.end().catch(() => {});
      if (index === to.attempts.length - 1 || !tlsMayMatter(error)) {
        throw connectionError(index === 0 || isAboutTls(first) ? error : first, to);
      }
      first = error;
    }
  }
  throw new Error('a target has at least one way to connect');
}

/** Connects for a moment to find the way that works. */
export async function reach(to: Target): Promise<pg.ClientConfig> {
  const { client, config } = await connect(to);
  await client.end().catch(() => {});
  return config;
}

/** True if connecting the other way, with TLS or without, may succeed: the server or pg_hba.conf allows only one. */
function tlsMayMatter(error: unknown): boolean {
  return sqlState(error)?.startsWith('28') === true || isAboutTls(error);
}

function isAboutTls(error: unknown): boolean {
  return error instanceof Error && sqlState(error) === null && /\b(?:ssl|tls|certificate)\b/i.test(error.message);
}

function fromDisk(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
