import { createStore } from '../place/store.ts';

const NAME = 'walhook.token';

/** True while the API wants a token that the console does not have. */
export const tokenWanted = createStore(false);

export function token(): string | null {
  return sessionStorage.getItem(NAME);
}

/** Kept until the tab is closed. */
export function keepToken(given: string): void {
  sessionStorage.setItem(NAME, given);
  tokenWanted.set(false);
}

export function forgetToken(): void {
  sessionStorage.removeItem(NAME);
  tokenWanted.set(true);
}
