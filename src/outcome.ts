/** Why an attempt failed, in a word: for statistics, hints and the store. */
export type FailureClass =
  | 'dns'
  | 'refused'
  | 'reset'
  | 'tls'
  | 'timeout'
  | 'blocked_address'
  | 'too_large'
  | 'status'
  | 'network'
  /** It cannot be made at all: no connection was asked for. */
  | 'request'
  /** What `enrich` looks up was not to be had: nothing was sent. */
  | 'enrich'
  /** Whether the hook's cooldown lets it through could not be asked: nothing was sent. */
  | 'cooldown'
  /** An expression of the hook failed on the row: there is no request. */
  | 'expression'
  /** Kafka's brokers do not take this record: its topic, its size. */
  | 'rejected'
  /** Kafka's brokers take nothing at the moment: no leader, too few replicas, or they do not accept who asks. */
  | 'broker';

/**
 * What a failed attempt means for its delivery: `retry` it later; it is `dead`, since trying again cannot help; or
 * `disable` the endpoint, which keeps its deliveries, this one included.
 */
export type Verdict = 'retry' | 'dead' | 'disable';

/** What one attempt came to. */
export type Outcome =
  | {
      readonly kind: 'delivered';
      /** HTTP status; null of a record that is in its topic. */
      readonly status: number | null;
      /** Where the record is, as `topic/partition@offset`; absent of HTTP. */
      readonly place?: string;
      /** The endpoint asked, with the response, to be sent nothing more. */
      readonly disable: boolean;
      readonly ms: number;
    }
  | {
      readonly kind: 'failed';
      readonly failure: FailureClass;
      /** HTTP status, or null where there was no response. */
      readonly status: number | null;
      /** One line for an operator: no secrets, no row values. */
      readonly message: string;
      /** The response body's start, as text, capped. Empty where there was none. */
      readonly response: string;
      /** Milliseconds the endpoint asked to be left alone (Retry-After), or null. */
      readonly retryAfter: number | null;
      readonly verdict: Verdict;
      readonly ms: number;
    };

/** What became of an attempt: it may be that nothing was sent, and nothing will be, since its row has had a delivery within the hook's cooldown. */
export type Ending = Outcome | { readonly kind: 'skipped' };

/** False if the attempt ended before the endpoint was asked for anything, and so tells nothing of it. */
export function isOfEndpoint(outcome: Outcome): boolean {
  if (outcome.kind === 'delivered') return true;
  return outcome.failure !== 'enrich' && outcome.failure !== 'cooldown' && outcome.failure !== 'expression';
}

/** True if the failure tells of the endpoint as a whole, not of one delivery that it refuses. */
export function isEndpointFailure(outcome: Outcome): boolean {
  if (outcome.kind === 'delivered' || outcome.failure === 'request' || outcome.failure === 'rejected' || !isOfEndpoint(outcome)) return false;
  return outcome.status === null || outcome.status >= 500 || outcome.status === 429 || outcome.status === 408;
}

/** True if the endpoint, which answers, does not take what it was sent: in a batch, one delivery may be the reason for all. */
export function isRefusal(outcome: Outcome): boolean {
  return outcome.kind === 'failed' && outcome.verdict !== 'disable' && isOfEndpoint(outcome) && !isEndpointFailure(outcome);
}

/** True if the endpoint says that it gets too much, so that less should be sent: too many requests, or a gateway that cannot keep up. */
export function isOverload(outcome: Outcome): boolean {
  return outcome.kind === 'failed' && outcome.status !== null && OVERLOAD.has(outcome.status);
}

const OVERLOAD: ReadonlySet<number> = new Set([429, 502, 503, 504]);
