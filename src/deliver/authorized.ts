import type { Delivery } from '../delivery.ts';
import type { Outcome } from '../outcome.ts';
import type { TokenFailure } from './token-request.ts';
import type { Tokens } from './tokens.ts';

/** Sends a delivery with a value for `Authorization`. `startedAt`: of performance.now(), from where the attempt's deadline counts. */
export type SendWith = (
  attempt: { readonly delivery: Delivery; readonly authorization: string; readonly startedAt: number },
  done: (outcome: Outcome) => void,
) => void;

/**
 * One attempt with a token: waits for one if there is none, and after a 401 tries once more with another. Both count
 * against the attempt's deadline. A token that cannot be got is a failure of the endpoint as a whole, to be tried again.
 */
export function authorizedAttempt(tokens: Tokens, send: SendWith): (delivery: Delivery, done: (outcome: Outcome) => void) => void {
  return (delivery, done) => {
    const startedAt = performance.now();
    const first = (authorization: string): void => {
      send({ delivery, authorization, startedAt }, (outcome) => {
        const again = outcome.kind === 'failed' && outcome.status === 401 && tokens.renew(authorization, (result) => {
          if ('failure' in result) done(withoutToken(result, startedAt));
          else second(result.authorization);
        });
        if (!again) done(outcome);
      });
    };
    const second = (authorization: string): void => {
      send({ delivery, authorization, startedAt }, (outcome) => {
        if (outcome.status === 401) tokens.renewalFailed();
        done(outcome);
      });
    };
    const { current } = tokens;
    if (current !== null) {
      first(current);
      return;
    }
    tokens.get((result) => {
      if ('failure' in result) done(withoutToken(result, startedAt));
      else first(result.authorization);
    });
  };
}

function withoutToken({ failure, message, retryAfter }: TokenFailure, startedAt: number): Outcome {
  return { kind: 'failed', failure, status: null, message, response: '', retryAfter, verdict: 'retry', ms: performance.now() - startedAt };
}
