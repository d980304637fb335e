import type { Config } from '../config.ts';
import { maskHeader, maskUrl } from '../config/mask.ts';
import { endpointHeaders } from '../deliver/headers.ts';
import { BODILESS } from '../deliver/refusal.ts';
import type { Header, ShownRequest } from '../inspection.ts';
import type { StoredDetail } from '../operations.ts';

/**
 * The request of a stored delivery as it would be made now, secrets masked: also what an attempt makes anew each time, its timestamp and
 * signature. Null where the configuration has its endpoint no more.
 */
export function storedRequest({ endpoint: name, id, method: given, path, content_type, headers, body }: StoredDetail, { config, userAgent }: { readonly config: Pick<Config, 'endpoints'>; readonly userAgent: string }): ShownRequest | null {
  const endpoint = config.endpoints.find((one) => one.name === name);
  if (endpoint === undefined) return null;
  const method = given ?? endpoint.method;
  const own = endpointHeaders(endpoint, userAgent);
  const bodiless = content_type === null || BODILESS.has(method);
  const fixed = Array.from({ length: own.list.length / 2 }, (_, n): Header => [own.list[2 * n] ?? '', own.list[2 * n + 1] ?? '']);
  const hooks = new Set(headers.map(([header]) => header.toLowerCase()));
  const shown: Header[] = [
    ...fixed.filter(([header]) => !hooks.has(header)),
    ...(bodiless ? [] : [['content-type', own.contentType ?? content_type] as const]),
    ['webhook-id', id],
    ...(endpoint.signing === null ? [] : [['webhook-signature', '***'] as const]),
    ...headers,
  ];
  const url = `${endpoint.url.origin}${path ?? endpoint.url.pathname + endpoint.url.search}`;
  const pairs = content_type === null && body !== '' ? `${url.includes('?') ? '&' : '?'}${body}` : '';
  return { method, url: `${maskUrl(url)}${pairs}`, headers: shown.map(maskHeader), body: bodiless ? null : body };
}
