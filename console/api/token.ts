import { createStore } from '../place/store.ts';

const NAME = 'walhook.token';

/** What keeps the API from answering: it wants a token and has none, or the one that was given is wrong. Null: nothing. */
export const tokenWanted = createStore<'missing' | 'wrong' | null>(null);

export function token(): string | null {
  return sessionStorage.getItem(NAME);
}

/** Kept until the tab is closed. */
export function keepToken(given: string): void {
  sessionStorage.setItem(NAME, given);
  tokenWanted.set(null);
}

/** @param tried the token that was refused; an answer that comes after another one was given says nothing of that. */
export function refuseToken(tried: string | null): void {
  if (tried !== token()) return;
  sessionStorage.removeItem(NAME);
  if (tried !== null) tokenWanted.set('wrong');
  else if (tokenWanted.get() === null) tokenWanted.set('missing');
}
