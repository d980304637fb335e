import { WalhookError } from '../errors.ts';

/** Resolves with null once the signal is aborted: for Promise.race. */
export function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
}

/** Waits `ms`, or until the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    const over = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    signal.addEventListener('abort', over);
  });
}

/** What `work` gives. @throws WalhookError `interrupted` once the signal is aborted; the work then goes on by itself. */
export async function untilStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopped = Symbol('stopped');
  const first = await Promise.race([work, aborted(signal).then(() => stopped)]);
  if (first === stopped) {
    // Nobody waits for it any more: what it fails with is no unhandled rejection.
    work.catch(() => undefined);
    throw new WalhookError('interrupted', { code: 'interrupted' });
  }
  return first as T;
}
