import type { EndpointConfig } from '../config.ts';
import { DRAFT, type Delivery, UNRENDERED } from '../delivery.ts';
import { WalhookError } from '../errors.ts';
import { NO_LSN } from '../lsn.ts';
import type { StoredDetail } from '../operations.ts';
import { printable } from './printable.ts';
import { curlCommand } from './render-curl.ts';
import { composeOnce } from './send.ts';

/** A curl command for each stored request, or a comment that says why there is none. */
export async function showCurl(deliveries: readonly StoredDetail[], endpoints: readonly EndpointConfig[]): Promise<string> {
  const parts = await Promise.all(deliveries.map(async (delivery) => `${comment(about(delivery))}\n${await command(delivery, endpoints)}`));
  const notes = parts.some((part) => part.includes('***')) ? [comment('*** stands for what is secret: fill it in')] : [];
  return `${[...notes, ...parts].join('\n')}\n`;
}

async function command(delivery: StoredDetail, endpoints: readonly EndpointConfig[]): Promise<string> {
  const endpoint = endpoints.find(({ name }) => name === delivery.endpoint);
  if (endpoint === undefined) return comment(`the configuration no longer has endpoint ${delivery.endpoint}, so there is no URL`);
  if (delivery.content_type === UNRENDERED) return comment('its request could not be made, so there is none');
  if (delivery.content_type === DRAFT) return comment('its request is made when it is sent, with what is looked up then; walhook render shows one');
  try {
    return curlCommand(await composeOnce(endpoint, asDelivery(delivery)));
  } catch (error) {
    if (error instanceof WalhookError) return comment(error.message);
    throw error;
  }
}

function about({ state, id, endpoint, hook, operation, table }: StoredDetail): string {
  return `${id}: ${operation} of ${table} for hook ${hook}, ${state}; to ${endpoint}, with the time and signature of now`;
}

function comment(text: string): string {
  return `# ${printable(text).replaceAll(/\s+/g, ' ')}`;
}

/** What the sender needs of it: where it stood in its lane makes no difference to the request. */
function asDelivery(stored: StoredDetail): Delivery {
  return {
    id: stored.id,
    request: { hook: stored.hook, endpoint: stored.endpoint, method: stored.method, path: stored.path, contentType: stored.content_type, headers: stored.headers },
    lane: 0,
    sequence: { commitLsn: NO_LSN, ordinal: 0, nth: 0 },
    operation: stored.operation,
    table: stored.table,
    body: stored.body,
    bytes: stored.bytes,
    committedAt: Date.parse(stored.committed_at),
  };
}
