import type { Logger } from 'pino';
import type { Checkpointer } from './checkpoint/checkpointer.ts';
import { WalhookError } from './errors.ts';
import type { Outlet } from './outlet.ts';
import { inTime } from './patience.ts';
import type { Reading } from './reading.ts';

/** The part of `limits.shutdown` in which deliveries go on; then what waits is parked. */
const DELIVERY_PART = 0.7;
/** The part of it in which attempts may end; then those that still hang are parked and given up. */
const ATTEMPT_PART = 0.9;
/** What each further step may take, in milliseconds, beyond `limits.shutdown`: a database that hangs must not hold up the end. */
const GRACE = 1_000;

export interface Draining {
  /** `limits.shutdown`. */
  readonly shutdown: number;
  readonly log: Logger;
  readonly reading: Pick<Reading, 'lookBack' | 'stop'>;
  readonly dispatcher: Pick<Outlet, 'close' | 'abort'>;
  readonly checkpointer: Pick<Checkpointer<unknown>, 'stop'>;
  /** Resolves if another daemon has taken over. */
  readonly fenced: Promise<WalhookError>;
  /** Closes the connections to the databases. */
  readonly release: () => Promise<unknown>;
}

/**
 * Ends a daemon that reads nothing more: what is in flight is sent or stored, then the position is stored and confirmed.
 *
 * @throws WalhookError `drain_unfinished` if that could not be done in time: some deliveries will be sent again.
 */
export async function drain({ shutdown, log, reading, dispatcher, checkpointer, fenced, release }: Draining): Promise<void> {
  const part = (share: number): AbortSignal => AbortSignal.timeout(Math.round(shutdown * share));
  const closed = dispatcher.close({ spill: part(DELIVERY_PART), abandon: part(ATTEMPT_PART) }).then(() => 'finished' as const);
  const end = await inTime(Promise.race([closed, fenced]), shutdown);
  await dispatcher.abort();
  const refusal = end !== null && end !== 'finished' ? end : null;
  await inTime(reading.lookBack(), GRACE);
  const stored = refusal ?? (await storePosition(checkpointer, log));
  if (stored instanceof WalhookError) log.warn(`${stored.message}: what is left is left to it`);
  await reading.stop();
  await inTime(release(), GRACE);
  if (end === null) throw unfinished(`not all deliveries could be finished or parked within ${shutdown} ms`);
  if (stored === false) throw unfinished('the last position could not be stored');
}

/**
 * Ends a daemon that may not write any more: drops what is in memory, for another daemon sends it.
 * What is being sent at this moment may arrive twice.
 */
export async function abandon({ reading, dispatcher, checkpointer, release }: Omit<Draining, 'fenced' | 'shutdown' | 'log'>): Promise<void> {
  await dispatcher.abort();
  await inTime(checkpointer.stop(), GRACE).catch(() => undefined); // refused, as every write is
  await reading.stop();
  await inTime(release(), GRACE);
}

/** True if it is stored; the refusal if another daemon has taken over, which may come to light only now. */
async function storePosition(checkpointer: Draining['checkpointer'], log: Logger): Promise<boolean | WalhookError> {
  try {
    return (await inTime(checkpointer.stop().then(() => true), GRACE)) !== null;
  } catch (error) {
    if (error instanceof WalhookError && error.code === 'fenced') return error;
    log.error({ err: error }, 'the last position is not stored');
    return false;
  }
}

function unfinished(what: string): WalhookError {
  return new WalhookError(`${what}: some will be sent again`, {
    code: 'drain_unfinished',
    hint: 'raise limits.shutdown, or see why the state database or an endpoint is slow',
  });
}
