import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { EndpointConfig } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { History } from '../history/history.ts';
import type { Service } from '../service.ts';
import { type Arrival, Arrivals } from './arrivals.ts';
import type { Verb } from './command.ts';
import { DEMO_CONFIG, DEMO_TABLE, type Scene, SCENES, SUGGESTIONS } from './demo-story.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { plainLog } from './plain-log.ts';
import { readLoaded } from './read-config.ts';
import { startReceiver } from './receiver.ts';
import { served } from './served.ts';
import { type SqlPrompt, sqlPrompt } from './sql-prompt.ts';
import { aborted, pause } from './stopping.ts';
import { paint, print } from './terminal.ts';
import { humanDuration } from './units.ts';
import { webhookText } from './webhook-text.ts';

/** Time to read what happened before the next thing happens, in milliseconds. */
const READING = 1_500;
/** A webhook that is not there by then never will be, in milliseconds. */
const PATIENCE = 15_000;

/** `walhook demo`: all parts, real, on this machine, for as long as somebody watches. */
export const demo: Verb = async ({ options, stop }) => {
  const once = options.once === true;
  print(`${paint('bold', 'walhook demo')}: rows become webhooks.${once ? '' : ' Ctrl-C ends it; nothing stays behind.'}\n`);
  const began = performance.now();
  const postgres = await announced('  starting a Postgres …', startEmbeddedPostgres());
  const client = new pg.Client({ connectionString: postgres.url });
  try {
    if (stop.aborted) return EXIT.ok;
    await client.connect();
    await client.query(DEMO_TABLE);
    const took = humanDuration(performance.now() - began);
    const stage = await setStage(postgres.url);
    try {
      print(introduction(postgres.url, stage, took));
      await play({ stage, client, stop, reading: once ? 0 : READING });
      if (once) print(paint('green', 'Every kind of event was delivered, in order, and its signature verified.'));
      else if (!stop.aborted) await openStage({ stage, client, stop, url: postgres.url });
    } finally {
      await stage.close();
    }
    return EXIT.ok;
  } finally {
    await client.end();
    await postgres.stop();
  }
};

/** On a terminal, says what is waited for as long as it is. */
async function announced<T>(what: string, work: Promise<T>): Promise<T> {
  if (!process.stdout.isTTY) return work;
  process.stdout.write(paint('dim', what));
  try {
    return await work;
  } finally {
    process.stdout.write('\r\u001b[K');
  }
}

/** What the demo is played on. */
interface Stage {
  readonly receiverUrl: string;
  readonly consoleUrl: string;
  readonly arrivals: Arrivals;
  readonly service: Service;
  /** Where lines go while somebody types. */
  prompt: SqlPrompt | null;
  close(): Promise<void>;
}

async function setStage(databaseUrl: string): Promise<Stage> {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const arrivals = new Arrivals();
  const receiver = await startReceiver(secret, (receipt) => arrivals.received(receipt));
  const folder = mkdtempSync(join(tmpdir(), 'walhook-demo-'));
  const file = join(folder, 'walhook.yaml');
  writeFileSync(file, DEMO_CONFIG);
  let stage: Stage | null = null;
  const show = (text: string): void => (stage?.prompt ?? { print }).print(text);
  const loaded = readLoaded(file, { env: { DATABASE_URL: databaseUrl, RECEIVER_URL: receiver.url, WEBHOOK_SECRET: secret }, readFile: (path) => readFileSync(path, 'utf8') });
  const endpoints = new Map(loaded.config.endpoints.map((endpoint) => [endpoint.name, endpoint]));
  const { service, server } = await served({
    loaded,
    log: await plainLog((line) => show(paint('yellow', `  walhook: ${line}`))),
    manager: { reloading: () => undefined, ready: () => undefined },
    history: new History(),
    onState: () => undefined,
    onOutcome: (delivery, outcome) => show(arrivalText(arrivals.settled(delivery, outcome), endpoints.get(delivery.request.endpoint))),
  });
  const close = async (): Promise<void> => {
    await service.stop();
    await server.close();
    await receiver.close();
    rmSync(folder, { recursive: true, force: true });
  };
  await service.started.catch(async (error: unknown) => {
    await close().catch(() => undefined);
    throw error;
  });
  stage = { receiverUrl: receiver.url, consoleUrl: server.url, arrivals, service, prompt: null, close };
  return stage;
}

interface Performance {
  readonly stage: Stage;
  readonly client: pg.Client;
  readonly stop: AbortSignal;
}

/** Plays the scenes, each to its end. Throws a WalhookError if something else comes of one than should. */
async function play({ stage, client, stop, reading }: Performance & { readonly reading: number }): Promise<void> {
  for (const [index, scene] of SCENES.entries()) {
    await pause(reading, stop);
    if (stop.aborted) return;
    print(`${paint('bold', `${index + 1}. ${scene.title}`)}\n\n${indented(scene.sql)}\n`);
    await client.query(scene.sql);
    for (const operation of scene.expect) check(await Promise.race([stage.arrivals.next(PATIENCE), stage.service.done]), operation, scene);
    // That nothing came is proved by the next scene: within a lane, everything arrives in order.
    await pause(scene.silence === undefined ? 0 : reading / 2, stop);
    if (scene.silence !== undefined) print(paint('dim', `  ${scene.silence}\n`));
  }
}

function check(arrival: Arrival | null | void, operation: string, scene: Scene): void {
  const scenery = `${JSON.stringify(scene.title)}: ${operation}`;
  if (!arrival) throw failed(`${scenery} did not arrive within ${PATIENCE / 1000} s`);
  const { delivery, outcome, receipt } = arrival;
  if (outcome.kind === 'failed') throw failed(`${scenery} was not delivered: ${outcome.message}`);
  if (delivery.operation !== operation) throw failed(`${scenery} was to come, but ${delivery.operation} came`);
  if (receipt?.verified !== true) throw failed(`${scenery} had a signature that is wrong`);
  if (receipt.body !== delivery.body) throw failed(`${scenery} arrived with another body than was sent`);
}

function failed(what: string): WalhookError {
  return new WalhookError(what, { code: 'demo_failed' });
}

/** Shows what others write, until somebody has seen enough. */
async function openStage({ stage, client, stop, url }: Performance & { readonly url: string }): Promise<void> {
  const here = process.stdin.isTTY && process.stdout.isTTY;
  print(invitation(url, stage.consoleUrl, here));
  stage.arrivals.clear();
  if (here) stage.prompt = sqlPrompt(client);
  await Promise.race([stage.service.done, aborted(stop)]);
  stage.prompt?.close();
  stage.prompt = null;
  print('\nThe end: stopping walhook and Postgres, and removing their files.');
}

function introduction(databaseUrl: string, { receiverUrl, consoleUrl }: Pick<Stage, 'receiverUrl' | 'consoleUrl'>, took: string): string {
  return [
    `  Postgres   a throw-away one, with wal_level=logical and a table ${paint('bold', 'profiles')}, ready in ${took}`,
    `             ${paint('dim', databaseUrl)}`,
    `  receiver   verifies every signature`,
    `             ${paint('dim', receiverUrl)}`,
    `  console    what arrives, why, and what to do about it, in a browser`,
    `             ${paint('dim', consoleUrl)}`,
    `  walhook    in between, with this walhook.yaml:`,
    '',
    paint('dim', indented(DEMO_CONFIG.trimEnd())),
    '',
  ].join('\n');
}

function invitation(url: string, consoleUrl: string, here: boolean): string {
  return [
    paint('bold', 'Now you.'),
    `Look at ${paint('bold', consoleUrl)} in a browser.`,
    here ? 'Type SQL here, or in another terminal:' : 'Write rows; their webhooks are shown here:',
    '',
    `  psql '${url}'`,
    '',
    ...SUGGESTIONS.map((sql) => `  ${paint('cyan', sql)}`),
    '',
  ].join('\n');
}

function arrivalText({ delivery, outcome, receipt }: Arrival, endpoint: EndpointConfig | undefined): string {
  const { request, operation, body, committedAt } = delivery;
  const late = receipt === null ? '' : `${humanDuration(Math.max(0, receipt.at - committedAt))} after the commit, `;
  const result = outcome.kind === 'failed' ? outcome.message : `${late}signature ${receipt?.verified === true ? 'verified' : 'WRONG'}`;
  const about = `${request.method ?? endpoint?.method ?? ''} ${request.path ?? endpoint?.url.pathname ?? ''}`;
  return webhookText({ operation, about, body, result, ok: outcome.kind === 'delivered' }, paint).concat('\n');
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
