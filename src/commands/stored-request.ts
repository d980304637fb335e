import type { EndpointConfig } from '../config.ts';
import { DRAFT, type Delivery, UNRENDERED } from '../delivery.ts';
import { WalhookError } from '../errors.ts';
import type { ShownRequest } from '../inspection.ts';
import { NO_LSN } from '../lsn.ts';
import type { StoredDetail } from '../operations.ts';
import { composeOnce } from './send.ts';

/**
 * The request of a stored delivery as it would be made now, with the time and signature of now, secrets masked.
 *
 * @throws WalhookError with the reason if there is none to be made: `no_endpoint`, `unrendered`, `draft`, `request`.
 */
export async function storedRequest(stored: StoredDetail, endpoints: readonly EndpointConfig[]): Promise<ShownRequest> {
  const endpoint = endpoints.find(({ name }) => name === stored.endpoint);
  if (endpoint === undefined) throw new WalhookError(`the configuration no longer has endpoint ${stored.endpoint}, so there is no URL`, { code: 'no_endpoint' });
  if (stored.content_type === UNRENDERED) throw new WalhookError('its request could not be made, so there is none', { code: 'unrendered' });
  if (stored.content_type === DRAFT) throw new WalhookError('its request is made when it is sent, with what is looked up then; walhook render shows one', { code: 'draft' });
  return composeOnce(endpoint, asDelivery(stored));
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
