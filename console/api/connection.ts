import { createStore } from '../place/store.ts';

/** Milliseconds between two looks whether the daemon is there again. */
const AGAIN = 1_500;

/** Since when the daemon has not answered; null while it does. */
export const lostSince = createStore<number | null>(null);

/** Counts how often it came back: what is shown is read again then. */
export const returns = createStore(0);

export function reached(): void {
  if (lostSince.get() === null) return;
  lostSince.set(null);
  returns.set(returns.get() + 1);
}

/** Marks all as stale and looks for the daemon until it is there again. */
export function lost(): void {
  if (lostSince.get() !== null) return;
  lostSince.set(Date.now());
  setTimeout(look, AGAIN);
}

function look(): void {
  if (lostSince.get() === null) return;
  fetch('/healthz', { cache: 'no-store' }).then(reached, () => setTimeout(look, AGAIN));
}
