import type { EndpointConfig } from '../config.ts';
import type { Verdict } from '../outcome.ts';

/** The response header by which an endpoint says more than a status can: `disable`, or `abort-message`. */
export const DELIVERY_HEADER = 'webhook-delivery';

type Responses = EndpointConfig['responses'];

/**
 * What a response means by its status: as `responses` of the endpoint say, a status before its class; else 2xx is delivered, 410
 * disables the endpoint, and all others are tried again.
 */
export function meaningOf(status: number, responses: Responses): 'delivered' | Verdict {
  const rule = ruleFor(status, responses);
  if (rule !== undefined) return rule;
  if (status < 300) return 'delivered';
  return status === 410 ? 'disable' : 'retry';
}

/** What an endpoint asks for in DELIVERY_HEADER: that it be disabled, that this delivery be given up, or null for neither. */
export function askedFor(header: string | readonly string[] | undefined): 'disable' | 'dead' | null {
  if (header === undefined) return null;
  const words = new Set(String(header).toLowerCase().split(',').map((word) => word.trim()));
  if (words.has('disable')) return 'disable';
  return words.has('abort-message') ? 'dead' : null;
}

/** Why a failure is the last, for a person; null where the status says it, or it is not. `asked`: see askedFor. */
export function reasonOf(status: number, asked: 'disable' | 'dead' | null, responses: Responses): string | null {
  if (asked === 'disable') return `it asked to be sent nothing more (${DELIVERY_HEADER}: disable)`;
  if (asked === 'dead') return `it asked that this delivery be given up (${DELIVERY_HEADER}: abort-message)`;
  const rule = ruleFor(status, responses);
  return rule === 'dead' || rule === 'disable' ? `\`responses\` says ${rule}` : null;
}

function ruleFor(status: number, responses: Responses): 'delivered' | Verdict | undefined {
  if (responses.size === 0) return undefined;
  return responses.get(String(status)) ?? responses.get(`${Math.floor(status / 100)}xx`);
}
