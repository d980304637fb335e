import type { SendReport } from '../commands/send-text.ts';
import type { Exchange } from '../inspection.ts';

/** What `walhook send` reports, in the API's words. */
export function exchangeOf({ requests, public_keys, notes, ...report }: SendReport): Exchange {
  return {
    ...report,
    notes: [...(requests > 1 ? [`it took ${requests} requests: the last one is shown`] : []), ...public_keys.map((key) => `receivers verify the v1a signature with ${key}`), ...notes],
  };
}
