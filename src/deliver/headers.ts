import type { EndpointConfig } from '../config.ts';
import type { Headers } from '../delivery.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { http } from '../node-http.ts';

/** An endpoint's headers that are the same for every request. */
export interface EndpointHeaders {
  /** Name, value, name, value…: the form undici takes them in without a copy. */
  readonly list: readonly string[];
  /** The endpoint's own Content-Type, which goes before a delivery's; null: none. */
  readonly contentType: string | null;
}

/** What a request says of itself or its connection: HTTP's or walhook's to set. */
export const RESERVED: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'webhook-id',
  'webhook-signature',
  'webhook-timestamp',
]);

/**
 * The config's headers over walhook's defaults: User-Agent, and Accept-Encoding for a response that needs no decompressing.
 * A user and password in the URL become Basic authorization. Throws a WalhookError that names a header which cannot be sent.
 */
export function endpointHeaders(endpoint: EndpointConfig, userAgent: string): EndpointHeaders {
  const headers = new Map([
    ['user-agent', userAgent],
    ['accept-encoding', 'identity'],
  ]);
  const { username, password } = endpoint.url;
  if (username !== '' || password !== '') {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
  }
  for (const [name, value] of configuredHeaders(endpoint)) headers.set(name, value);
  const contentType = headers.get('content-type') ?? null;
  headers.delete('content-type');
  return { list: [...headers].flat(), contentType };
}

/** The config's headers, by their names in lower case. Throws a WalhookError that names a header which cannot be sent. */
export function configuredHeaders(endpoint: EndpointConfig): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [written, value] of endpoint.headers) {
    const name = written.toLowerCase();
    if (RESERVED.has(name)) throw refused(endpoint, written, 'is not for a config to set');
    try {
      http.validateHeaderName(name);
      http.validateHeaderValue(name, value);
    } catch {
      throw refused(endpoint, written, 'has a character that a header cannot hold');
    }
    headers.set(name, value);
  }
  return headers;
}

/** The list of a request whose hook has headers of its own, which go before the endpoint's. */
export function withHookHeaders(list: readonly string[], hook: Headers): string[] {
  const own = new Set(hook.map(([name]) => name));
  const kept = list.filter((_, index) => !own.has(list[index - (index % 2)] ?? ''));
  return [...kept, ...hook.flat()];
}

function refused(endpoint: EndpointConfig, name: string, why: string): WalhookError {
  return new WalhookError(`endpoints.${endpoint.name}.headers: ${JSON.stringify(name)} ${why}`, {
    code: 'endpoint_header',
    exit: EXIT.badConfig,
  });
}
