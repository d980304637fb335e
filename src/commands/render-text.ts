import type { Exchange, ShownRequest } from '../inspection.ts';
import type { Paint } from './pretty-json.ts';
import { printable } from './printable.ts';
import { curlCommand } from './render-curl.ts';
import { requestLines, sendText } from './send-text.ts';

/** What a hook makes of a row. Names are those of `--json`. */
export interface RenderReport {
  readonly hook: string;
  /** `schema.table`. */
  readonly table: string;
  /** The key columns' values, as Postgres writes them; those that are hidden are left out. */
  readonly key: Readonly<Record<string, string | null>>;
  readonly operation: string;
  /** The event is one that the hook sends. */
  readonly wanted: boolean;
  /** What `when` says of it; null if the hook has none. */
  readonly when: boolean | null;
  readonly notes: readonly string[];
  /** One for each endpoint; with what came of it if it was sent. */
  readonly requests: readonly (RenderedRequest | Exchange)[];
}

export interface RenderedRequest {
  readonly endpoint: string;
  readonly request: ShownRequest;
}

/** For people. */
export function renderText(report: RenderReport, paint: Paint): string {
  const { hook, requests, notes, when } = report;
  const matches = when === true ? ['this row matches `when`'] : [];
  const head = [`${paint('bold', hook)}: ${about(report)}`, ...matches, ...notes.map((note) => paint('yellow', printable(note)))];
  return [...head, ...requests.map((one) => `\n${requests.length > 1 ? `${paint('dim', `to ${one.endpoint}`)}\n` : ''}${requestText(one, paint)}`)].join('\n');
}

function requestText(one: RenderedRequest | Exchange, paint: Paint): string {
  if ('verdict' in one) return sendText(one, paint);
  const lines = requestLines(marked(one.request, paint), paint);
  const { body } = one.request;
  const bytes = body === null ? 'no body' : `${Buffer.byteLength(body)} bytes of body; --json and --curl show them as they are`;
  return `${[...lines, paint('dim', bytes)].join('\n')}\n`;
}

function marked(request: ShownRequest, paint: Paint): ShownRequest {
  return { ...request, headers: request.headers.map(([name, value]) => [name, name === 'webhook-id' ? `${value}   (${paint('dim', 'an example')})` : value]) };
}

/** A command for each request; what else there is to say, as comments. */
export function renderCurl(report: RenderReport): string {
  const { hook, requests, notes } = report;
  const comments = [`${hook}: ${about(report)}; webhook-id is an example`, ...notes];
  const commands = requests.flatMap(({ request, endpoint }) => (request === null ? [] : [`\n# to ${endpoint}\n${curlCommand(request)}`]));
  const masked = commands.some((command) => command.includes('***')) ? ['*** stands for what is secret: fill it in'] : [];
  return `${[...[...comments, ...masked].map((comment) => `# ${printable(comment).replaceAll(/\s+/g, ' ')}`), ...commands].join('\n')}\n`;
}

function about({ operation, table, key }: RenderReport): string {
  const values = Object.entries(key).map(([name, value]) => `${name}=${value}`);
  return printable([operation.replace('data_', ''), 'of', table, ...values].join(' '));
}
