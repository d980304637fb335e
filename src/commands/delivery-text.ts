import type { StoredDelivery, StoredDetail } from '../operations.ts';
import { PRODUCE, recordTarget, recordText } from '../record-path.ts';
import { type Paint, prettyJson } from './pretty-json.ts';
import { printable, printableLine } from './printable.ts';
import { textTable } from './text-table.ts';
import { humanBytes, humanDuration } from './units.ts';

/** How much of a reason a line of a table shows. */
const WHY = 60;

const COLORS = { dead: 'red', parked: 'yellow', delivered: 'green' } as const;

/** Deliveries of one state as a table. `now` in Unix milliseconds. */
export function deliveriesTable(deliveries: readonly StoredDelivery[], now: number): string {
  const head = ['id', 'state', 'endpoint', 'hook', 'table', 'operation', 'attempts', 'since', 'next', 'why'];
  const rows = deliveries.map((delivery) => [
    delivery.id,
    delivery.state,
    delivery.endpoint,
    delivery.hook,
    delivery.table,
    delivery.operation,
    String(delivery.attempts),
    ago(delivery.delivered_at ?? delivery.died_at ?? delivery.parked_at, now),
    next(delivery.next_at, now),
    why(delivery),
  ]);
  return `${textTable([head, ...rows]).join('\n')}\n`;
}

/** Why it failed, or how it arrived. */
function why({ state, message, status, duration_ms }: StoredDelivery): string {
  if (state === 'delivered') return `${status ?? ''}${duration_ms === null ? '' : ` in ${humanDuration(duration_ms)}`}`.trim() || '-';
  return message === null ? '-' : printableLine(message, WHY);
}

export interface DeliveryTextOptions {
  readonly now: number;
  /** The text that stands for hidden values in its body. */
  readonly redacted: string;
  /** Of its endpoint, which is used where the delivery has none of its own; null: the configuration no longer has it. */
  readonly method: string | null;
  readonly paint: Paint;
}

/** Everything that is kept of a delivery. */
export function deliveryText(delivery: StoredDetail, options: DeliveryTextOptions): string {
  const { now, redacted, paint } = options;
  const { state, id, attempts, message, response, content_type, bytes } = delivery;
  const when = (time: string | null): string => (time === null ? '-' : `${time}, ${ago(time, now)}`);
  const lines = [
    ['endpoint', delivery.endpoint],
    ['hook', delivery.hook],
    ['event', `${delivery.operation} of ${delivery.table}`],
    ['committed', `${when(delivery.committed_at)}, at ${delivery.commit_lsn}`],
    ...(delivery.parked_at === null ? [] : [['parked', when(delivery.parked_at)]]),
    ...(delivery.died_at === null ? [] : [['dead', when(delivery.died_at)]]),
    ...(delivery.delivered_at === null ? [] : [['delivered', `${when(delivery.delivered_at)}: ${why(delivery)}`]]),
    ...(delivery.next_at === null ? [] : [['next', `${delivery.next_at}, ${next(delivery.next_at, now)}`]]),
    ['attempts', String(attempts)],
    ...(message === null ? [] : [['why', `${delivery.failure ?? ''}${delivery.status === null ? '' : ` ${delivery.status}`}: ${indented(message)}`]]),
    ['request', `${requestText(delivery, options.method)}, ${content_type ?? 'as its query'}, ${humanBytes(bytes)}`],
    ...delivery.headers.map(([name, value]) => ['', `${printable(name)}: ${printable(value)}`]),
  ].map(([name = '', value = '']) => `  ${name.padEnd(10)} ${value}`);
  return [
    `${paint([COLORS[state], 'bold'], state)} ${paint('bold', id)}`,
    ...lines,
    ...(response === null || response === '' ? [] : ['  last response', `    ${indented(response)}`]),
    '  body',
    `    ${bodyText(delivery, redacted, paint)}`,
    '',
  ].join('\n');
}

/** The URL is not shown: a path of it may be a secret. */
function requestText({ method, path }: StoredDetail, endpointMethod: string | null): string {
  const record = method === PRODUCE ? recordTarget(path) : null;
  if (record !== null) return `${PRODUCE} ${printable(recordText(record))}`;
  const known = method ?? endpointMethod;
  if (known === null) return path === null ? 'as the endpoint has it' : `${path}, with the endpoint's method`;
  return path === null ? `${known} to the endpoint's URL` : `${known} ${path}`;
}

function bodyText({ body, content_type }: StoredDetail, redacted: string, paint: Paint): string {
  if (content_type === null || !/\bjson\b/i.test(content_type)) return indented(body);
  try {
    // JSON escapes most control characters itself, and the escapes of the others are JSON too.
    return prettyJson(body, { indent: '    ', redacted, paint: (color, text) => paint(color, printable(text)) });
  } catch {
    return indented(body);
  }
}

function indented(text: string): string {
  return printable(text).replaceAll('\n', '\n    ');
}

function ago(time: string | null, now: number): string {
  return time === null ? '-' : `${humanDuration(Math.max(0, now - Date.parse(time)))} ago`;
}

/** What is due waits for its turn: its lane, its endpoint. */
function next(time: string | null, now: number): string {
  if (time === null) return '-';
  const ms = Date.parse(time) - now;
  return ms <= 0 ? 'due' : `in ${humanDuration(ms)}`;
}
