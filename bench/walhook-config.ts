import { freePort } from '../test/support/free-port.ts';
import { loadConfig } from '../src/config/load.ts';
import { ConfigError } from '../src/config/problem.ts';
import { type Database, WALHOOK } from './database.ts';

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** walhook.yaml as plain data, and where its server listens. */
export interface WalhookConfig {
  readonly data: object;
  readonly port: number;
}

export interface ConfigParts {
  readonly database: Database;
  /** Default: the one that the slot is named for. */
  readonly publication?: string;
  readonly tables?: Readonly<Record<string, object>>;
  readonly endpoints: Readonly<Record<string, object>>;
  readonly hooks: readonly object[];
  /** Default: not in the state schema. */
  readonly history?: string | object;
}

/** A configuration whose server has a port of its own. */
export async function walhookConfig({ database, publication = WALHOOK, tables = {}, endpoints, hooks, history }: ConfigParts): Promise<WalhookConfig> {
  const port = await freePort();
  const source = { url: database.url, slot: WALHOOK, publication };
  return { port, data: { version: 1, source, server: { listen: `127.0.0.1:${port}` }, tables, endpoints, hooks, ...(history === undefined ? {} : { history }) } };
}

/** An endpoint of the receiver's that signs, with what else it has. */
export function endpoint(port: number, options: object = {}): object {
  return { url: `http://127.0.0.1:${port}/hooks`, signing: { secrets: [SECRET] }, network: { allow: ['127.0.0.0/8'] }, ...options };
}

/** Whether this build takes a configuration: an option may be still to come. */
export function isSupported({ data }: WalhookConfig): boolean {
  try {
    loadConfig({ text: JSON.stringify(data), file: 'bench.yaml', env: {}, readFile: () => '' });
    return true;
  } catch (error) {
    if (error instanceof ConfigError && error.message.includes('not supported yet')) return false;
    throw error;
  }
}
