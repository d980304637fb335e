import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { maskUrl } from '../config/mask.ts';
import type { Config } from '../config.ts';
import { Daemon } from '../daemon.ts';
import { EXIT } from '../errors.ts';
import { connect, target } from '../source/connect.ts';
import { tableName } from '../source/quote.ts';
import type { Verb } from './command.ts';
import { checkListenArguments, listenConfig } from './listen-config.ts';
import { createListenPublication, dropLeftovers, dropListenPublication } from './listen-publication.ts';
import { attemptJson, attemptText, type ShownAttempt } from './listen-text.ts';
import { plainLog } from './plain-log.ts';
import { startReceiver } from './receiver.ts';
import { aborted } from './stopping.ts';
import { paint, print } from './terminal.ts';
import { walhookVersion } from './version.ts';
import { withSource } from './with-source.ts';

/** When to say why it takes so long, in milliseconds. */
const SLOW = 3_000;
const SLOW_SLOT = 'waiting for the slot: Postgres makes one when every transaction that is open now and has written has ended';

/** `walhook listen`: a daemon that keeps nothing and leaves nothing. */
export const listen: Verb = async ({ arguments: [url = ''], options, stop }) => {
  const { table: tables = [], forwardTo } = options;
  checkListenArguments({ url, tables, forwardTo });
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const receiver = forwardTo === undefined ? await startReceiver(secret, () => {}) : null;
  const config = listenConfig({ databaseUrl: url, tables, secret, receiverUrl: forwardTo ?? receiver?.url ?? '' });
  const database = target(url);
  const { client } = await connect(database);
  try {
    const dropped = await dropLeftovers(client);
    for (const name of dropped) note(paint('dim', `dropped publication ${name}, which a listen that was killed had left`));
    await createListenPublication(client, config);
    const show = options.json === true ? attemptJson : (attempt: ShownAttempt): string => attemptText(attempt, paint);
    const tried = new Set<string>();
    const slow = setTimeout(() => note(paint('dim', SLOW_SLOT)), SLOW);
    const starting = Daemon.start({
      config,
      temporary: true,
      log: await plainLog((line) => note(paint('yellow', `walhook: ${line}`))),
      version: walhookVersion(),
      onOutcome: (delivery, outcome, fate) => {
        print(show({ delivery, outcome, fate, again: tried.has(delivery.id), forwardTo: forwardTo ?? null }));
        if (fate === 'parked') tried.add(delivery.id);
        else tried.delete(delivery.id);
      },
    });
    const daemon = await Promise.race([starting, aborted(stop)]);
    clearTimeout(slow);
    if (daemon === null) return EXIT.ok;
    (options.json === true ? note : print)(introduction({ config, database: database.label, secret, forwardTo: forwardTo ?? null }));
    await Promise.race([daemon.done, aborted(stop)]);
    await daemon.stop();
    return EXIT.ok;
  } finally {
    await dropAnyhow(client, config);
    await client.end().catch(() => {});
    await receiver?.close();
  }
};

/** What is not an event: beside the output, so that `--json` prints events alone. */
function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Over a new connection if the first is gone. What cannot be dropped now, the next listen drops. */
async function dropAnyhow(client: pg.Client, config: Config): Promise<void> {
  const { publication } = config.source;
  try {
    await dropListenPublication(client, publication).catch(() =>
      withSource(config, 'drop a publication', (fresh) => dropListenPublication(fresh, publication)),
    );
  } catch {
    note(`publication ${publication} could not be dropped: the next listen does it, or DROP PUBLICATION ${publication};`);
  }
}

interface Introduction {
  readonly config: Config;
  readonly database: string;
  readonly secret: string;
  readonly forwardTo: string | null;
}

function introduction({ config, database, secret, forwardTo }: Introduction): string {
  const tables = config.tables.map((table) => paint('bold', tableName(table))).join(', ');
  return [
    `Listening to ${tables} of ${database}. Change a row; Ctrl-C ends it, and leaves nothing behind.`,
    '',
    ...(forwardTo === null ? [] : [`  forwards to  ${maskUrl(forwardTo)}`]),
    `  signed with  ${secret}`,
    '',
  ].join('\n');
}
