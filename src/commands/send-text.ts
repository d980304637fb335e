import { STATUS_CODES } from 'node:http';
import { maskUrl } from '../config/mask.ts';
import type { EndpointConfig } from '../config.ts';
import type { Exchange, Header, ShownRequest } from '../inspection.ts';
import type { Outcome } from '../outcome.ts';
import type { ExchangeRecorder } from './exchange-recorder.ts';
import { SecretHider } from './hide-secrets.ts';
import { type Paint, prettyJson } from './pretty-json.ts';
import { printable } from './printable.ts';

/** Characters of a body that people are shown. */
const SHOWN = 4_000;

export interface SendFacts {
  readonly endpoint: EndpointConfig;
  readonly outcome: Outcome;
  readonly recorder: ExchangeRecorder;
  readonly publicKeys: readonly string[];
  readonly notes: readonly string[];
}

export function sendReport({ endpoint, outcome, recorder, publicKeys, notes }: SendFacts): Exchange {
  const { request, response, requests } = recorder;
  const hider = new SecretHider(endpoint, request?.headers ?? []);
  const url = request === null ? '' : maskUrl(`${endpoint.url.protocol}//${endpoint.url.host}${request.path}`);
  return {
    endpoint: endpoint.name,
    verdict: outcome.kind === 'failed' ? outcome.verdict : 'delivered',
    message: outcome.kind === 'failed' ? outcome.message : null,
    duration_ms: Math.round(outcome.ms),
    requests,
    request: request === null ? null : { method: request.method, url, headers: request.headers.map((header) => hider.sent(header)), body: request.body },
    response: response === null ? null : { status: response.status, headers: response.headers.map((header) => hider.received(header)), body: hider.text(textOf(response)), truncated: response.cut },
    public_keys: publicKeys,
    notes: [
      ...notes,
      ...(outcome.kind === 'delivered' && outcome.place !== undefined ? [`it is in the topic: ${outcome.place}`] : []),
      ...(endpoint.signing === null ? ['the endpoint has no `signing`: the request carries no signature'] : []),
    ],
  };
}

/** Bodies come as they are; a compressed one is not unpacked. */
function textOf({ headers, body }: { readonly headers: readonly Header[]; readonly body: Buffer }): string {
  const encoding = headers.find(([name]) => name === 'content-encoding')?.[1] ?? 'identity';
  return encoding === 'identity' ? body.toString('utf8') : `(${body.length} bytes, compressed though identity was asked for)`;
}

const MEANING = {
  retry: 'the daemon would try it again later',
  dead: 'the daemon would make it a dead letter',
  disable: 'the daemon would disable the endpoint',
} as const;

/** A report for people. */
export function sendText({ request, response, requests, verdict, message, duration_ms, public_keys, notes }: Exchange, paint: Paint): string {
  const sent = request === null ? [] : requestLines(request, paint);
  const ok = verdict === 'delivered';
  const status = response === null ? [] : [paint([ok ? 'green' : 'red', 'bold'], `${response.status} ${STATUS_CODES[response.status] ?? ''}`.trim()), ...headerLines(response.headers), ...bodyLines(response.body, paint, response.truncated)];
  const lines = [
    ...sent,
    ...status,
    ok ? paint('green', `delivered in ${duration_ms} ms`) : `${paint('red', 'not delivered')} after ${duration_ms} ms: ${printable(message ?? '')}; ${MEANING[verdict]}`,
    ...(requests > 1 ? [`it took ${requests} requests: the last one is shown`] : []),
    ...public_keys.map((key) => `receivers verify the v1a signature with ${key}`),
    ...notes,
  ];
  return `${lines.join('\n')}\n`;
}

/** A request for people. */
export function requestLines({ method, url, headers, body }: ShownRequest, paint: Paint): string[] {
  return [paint('bold', `${method} ${printable(url)}`), ...headerLines(headers), ...bodyLines(body ?? '', paint)];
}

function headerLines(headers: readonly Header[]): string[] {
  return headers.map(([name, value]) => `  ${printable(name)}: ${printable(value)}`);
}

/** With an empty line before and after it. */
function bodyLines(body: string, paint: Paint, isCut = false): string[] {
  if (body === '') return [''];
  const short = body.slice(0, SHOWN);
  const more = isCut || short.length < body.length ? ['  (there is more)'] : [];
  return ['', `  ${readable(short, paint)}`, ...more, ''];
}

function readable(body: string, paint: Paint): string {
  try {
    return prettyJson(body, { indent: '  ', redacted: '<<REDACTED>>', paint: (color, text) => paint(color, printable(text)) });
  } catch {
    return printable(body.trimEnd()).replaceAll('\n', '\n  ');
  }
}
