import { readFileSync } from 'node:fs';
import type { EndpointConfig } from '../config.ts';
import { Sender } from '../deliver/sender.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { Signer } from '../format/signature.ts';
import type { Outcome } from '../outcome.ts';
import { codeOf } from '../reaction.ts';
import type { Verb } from './command.ts';
import { ExchangeRecorder } from './exchange-recorder.ts';
import { readConfig } from './read-config.ts';
import { hookTo, named, testRequest } from './send-request.ts';
import { type SendReport, sendReport, sendText } from './send-text.ts';
import { paint } from './terminal.ts';
import { walhookVersion } from './version.ts';

/** `walhook send ENDPOINT`: one test request, and what was answered. */
export const send: Verb = async ({ arguments: [name = ''], options }) => {
  const config = readConfig(options.config);
  const endpoint = named('endpoint', config.endpoints, name);
  const { delivery, notes } = testRequest(endpoint, hookTo(config, endpoint, options.hook), options.data === undefined ? null : readData(options.data));
  const report = await sendOnce(endpoint, delivery, notes);
  process.stdout.write(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : sendText(report, paint));
  return report.verdict === 'delivered' ? EXIT.ok : EXIT.failure;
};

/** Makes one attempt at a delivery, as the daemon would. Throws a WalhookError for a setting of the endpoint that cannot work. */
export async function sendOnce(endpoint: EndpointConfig, delivery: Parameters<Sender['attempt']>[0], notes: readonly string[]): Promise<SendReport> {
  const recorder = new ExchangeRecorder();
  const signer = endpoint.signing === null ? null : new Signer(endpoint.signing.secrets);
  const sender = new Sender(endpoint, {
    userAgent: `walhook/${walhookVersion()}`,
    sign: signer === null ? null : (id, timestamp, body) => signer.sign(id, timestamp, body),
    tap: recorder.tap,
  });
  try {
    const outcome = await new Promise<Outcome>((resolve) => sender.attempt(delivery, resolve));
    return sendReport({ endpoint, outcome, recorder, publicKeys: signer?.publicKeys ?? [], notes });
  } finally {
    await sender.abort();
  }
}

/** `@file`, or the JSON itself. */
function readData(data: string): string {
  if (!data.startsWith('@')) return data;
  try {
    return readFileSync(data.slice(1), 'utf8').trim();
  } catch (cause) {
    throw new WalhookError(`--data ${data}: the file cannot be read (${codeOf(cause) ?? 'unknown error'})`, { code: 'usage', exit: EXIT.usage, cause });
  }
}
