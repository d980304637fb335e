import { createStore } from './store.ts';

/** The time that relative times are relative to: milliseconds since 1970, each second anew. */
export const now = createStore(Date.now());

export function startClock(): void {
  setInterval(() => {
    if (!document.hidden) now.set(Date.now());
  }, 1_000);
}
