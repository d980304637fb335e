import { readFileSync } from 'node:fs';
import type { EndpointConfig, ServerConfig } from '../config.ts';
import type { Delivery } from '../delivery.ts';
import { openSender } from '../endpoint-sender.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { onItsOwn } from '../format/joined.ts';
import { Signer } from '../format/signature.ts';
import type { Exchange, ShownRequest } from '../inspection.ts';
import type { Outcome } from '../outcome.ts';
import { codeOf } from '../reaction.ts';
import type { Verb } from './command.ts';
import { askApi } from './daemon-api.ts';
import { isActive } from './daemon-client.ts';
import { ExchangeRecorder } from './exchange-recorder.ts';
import { readConfig } from './read-config.ts';
import { hookTo, named, testRequest } from './send-request.ts';
import { sendReport, sendText } from './send-text.ts';
import { paint } from './terminal.ts';
import { walhookVersion } from './version.ts';

/** What the daemon may take besides the endpoint's own timeout, in milliseconds. */
const PATIENCE = 5_000;

/** `walhook send ENDPOINT`: one test request, and what was answered. */
export const send: Verb = async ({ arguments: [name = ''], options }) => {
  const config = readConfig(options.config);
  const endpoint = named('endpoint', config.endpoints, name);
  const data = options.data === undefined ? null : readData('--data', options.data);
  const { delivery, notes } = testRequest(endpoint, hookTo(config, endpoint, options.hook), data);
  // A daemon that runs may sign with a secret that was rotated, which the file does not have yet.
  const report = (await isActive(config)) ? await sentByDaemon(config.server, endpoint, { data, hook: options.hook }) : await sendOnce(endpoint, delivery, notes);
  process.stdout.write(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : sendText(report, paint));
  return report.verdict === 'delivered' ? EXIT.ok : EXIT.failure;
};

interface Asked {
  /** JSON. */
  readonly data: string | null;
  readonly hook: string | undefined;
}

/** The same, by the daemon that runs, which takes as long as the endpoint does. */
async function sentByDaemon(server: ServerConfig, { name, timeout }: EndpointConfig, { data, hook }: Asked): Promise<Exchange> {
  const body = { data: data === null ? null : (JSON.parse(data) as unknown), ...(hook === undefined ? {} : { hook }) };
  return (await askApi(server, `endpoints/${encodeURIComponent(name)}/test`, { body, patience: timeout + PATIENCE })) as Exchange;
}

/** Makes one attempt at a delivery, as the daemon would. Throws a WalhookError for a setting of the endpoint that cannot work. */
export function sendOnce(endpoint: EndpointConfig, delivery: Delivery, notes: readonly string[]): Promise<Exchange> {
  return observe(endpoint, { delivery, notes, isHeld: false });
}

/**
 * The request that `sendOnce` would send now, its secrets masked. No token is asked for: the place of one is shown.
 *
 * @throws WalhookError `request` if the daemon would not send it
 */
export async function composeOnce(endpoint: EndpointConfig, delivery: Delivery): Promise<ShownRequest> {
  const { request, message } = await observe({ ...endpoint, oauth2: null }, { delivery, notes: [], isHeld: true });
  if (request === null) throw new WalhookError(`endpoint ${endpoint.name}: ${message}`, { code: 'request' });
  const hasToken = endpoint.oauth2 !== null && !request.headers.some(([name]) => name === 'authorization');
  return hasToken ? { ...request, headers: [...request.headers, ['authorization', 'Bearer ***']] } : request;
}

async function observe(endpoint: EndpointConfig, { delivery, notes, isHeld }: { readonly delivery: Delivery; readonly notes: readonly string[]; readonly isHeld: boolean }): Promise<Exchange> {
  const recorder = new ExchangeRecorder();
  const signer = endpoint.signing === null ? null : new Signer(endpoint.signing.secrets);
  const sender = openSender(endpoint, {
    userAgent: `walhook/${walhookVersion()}`,
    sign: signer === null ? null : (id, timestamp, body) => signer.sign(id, timestamp, body),
    tap: isHeld ? recorder.hold : recorder.tap,
    tapRecord: isHeld ? recorder.holdRecord : recorder.tapRecord,
  });
  try {
    const outcome = await new Promise<Outcome>((resolve) => sender.attempt(onItsOwn(delivery, endpoint), resolve));
    return sendReport({ endpoint, outcome, recorder, publicKeys: signer?.publicKeys ?? [], notes });
  } finally {
    await sender.abort();
  }
}

/** `@file`, or the JSON itself. */
export function readData(option: '--data' | '--old', data: string): string {
  if (!data.startsWith('@')) return data;
  try {
    return readFileSync(data.slice(1), 'utf8').trim();
  } catch (cause) {
    throw new WalhookError(`${option} ${data}: the file cannot be read (${codeOf(cause) ?? 'unknown error'})`, { code: 'usage', exit: EXIT.usage, cause });
  }
}
