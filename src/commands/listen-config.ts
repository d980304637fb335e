import { randomBytes } from 'node:crypto';
import { stringify } from 'yaml';
import { endpointUrl, postgresUrl } from '../config/addresses.ts';
import { loadConfig } from '../config/load.ts';
import { parseTableName } from '../config/names.ts';
import type { Config } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { LISTEN_PREFIX } from './listen-publication.ts';

export interface ListenTarget {
  readonly databaseUrl: string;
  /** As walhook.yaml writes them: `profiles`, `app.orders`. */
  readonly tables: readonly string[];
  readonly secret: string;
  /** Where webhooks go. */
  readonly receiverUrl: string;
}

/** Loopback and private networks: who names a URL on a command line means it. Cloud metadata (link-local) is not among them. */
const NETWORKS = ['127.0.0.0/8', '::1/128', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];

/** Refuses arguments that make no sense. @throws WalhookError `usage`. */
export function checkListenArguments({ url, tables, forwardTo }: { readonly url: string; readonly tables: readonly string[]; readonly forwardTo: string | undefined }): void {
  const database = postgresUrl(url);
  if ('refused' in database) throw usage(`<url>: ${database.refused}`);
  for (const table of tables) if (parseTableName(table) === null) throw usage(`--table ${table}: expected a table, as in profiles or app.profiles`);
  const target = forwardTo === undefined ? null : endpointUrl(forwardTo);
  if (target !== null && 'refused' in target) throw usage(`--forward-to: ${target.refused}`);
}

/** The configuration that listens to some tables, with names that nobody else uses. */
export function listenConfig({ databaseUrl, tables, secret, receiverUrl }: ListenTarget): Config {
  const name = `${LISTEN_PREFIX}${randomBytes(6).toString('hex')}`;
  const unique = [...new Map(tables.map((text) => [JSON.stringify(parseTableName(text)), text])).values()];
  const file = {
    version: 1,
    source: { url: '${DATABASE_URL}', slot: name, publication: name },
    limits: { shutdown: '5s' },
    endpoints: {
      receiver: {
        url: '${RECEIVER_URL}',
        signing: { secrets: '${WEBHOOK_SECRET}' },
        network: { allow: NETWORKS },
        // In commit order over all tables, not only within a row: what is read is easier to follow.
        concurrency: 1,
        // Somebody is watching, and may start the receiver any moment.
        retry: { initial: '1s', factor: 2, max: '5s', attempts: 20 },
        breaker: { failures: 1_000_000 },
      },
    },
    hooks: unique.map((table, index) => ({
      name: `listen-${index + 1}`,
      // A dollar sign of its own, not a variable.
      table: table.replaceAll('$', () => '$$'),
      to: 'receiver',
      order_by: [],
      events: ['insert', 'update', 'visibility_update', 'delete', 'truncate'],
    })),
  };
  return loadConfig({
    text: stringify(file),
    file: 'walhook listen',
    env: { DATABASE_URL: databaseUrl, RECEIVER_URL: receiverUrl, WEBHOOK_SECRET: secret },
    readFile: (path) => {
      throw new Error(`listen has no file ${path}`);
    },
  });
}

function usage(message: string): WalhookError {
  return new WalhookError(message, { code: 'usage', hint: 'walhook listen --help', exit: EXIT.usage });
}
