import type { ListedState, Selection } from '../../../src/operations.ts';

/** What the URL says of the deliveries that are meant. */
export function selectionOf(query: URLSearchParams): Selection {
  const text = (name: string): string | undefined => query.get(name) ?? undefined;
  const key = Object.fromEntries([...query].flatMap(([name, value]) => (name.startsWith('key.') && value !== '' ? [[name.slice(4), value]] : [])));
  const all = { endpoint: text('endpoint'), hook: text('hook'), table: text('table'), since: text('since'), before: text('until') };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== ''));
  return { state: stateOf(query), ...given, ...(Object.keys(key).length === 0 ? {} : { key }) };
}

export function stateOf(query: URLSearchParams): ListedState {
  const state = query.get('state');
  return state === 'parked' || state === 'delivered' ? state : 'dead';
}

/** The same for the API's list and its counts. */
export function apiQuery({ state, endpoint, hook, table, since, before, key = {} }: Selection, more: Readonly<Record<string, string | null>> = {}): string {
  const query = new URLSearchParams({ state });
  const all = { endpoint, hook, table, since, until: before, ...Object.fromEntries(Object.entries(key).map(([name, value]) => [`key.${name}`, value])), ...more };
  for (const [name, value] of Object.entries(all)) if (value !== undefined && value !== null && value !== '') query.set(name, value);
  return `?${query}`;
}

/** How many things narrow the list down besides its state. */
export function filtersIn(selection: Selection): number {
  return Object.entries(selection).filter(([name, value]) => name !== 'state' && value !== undefined).length;
}
