import { link } from './link.ts';
import { createStore, useStore } from './store.ts';

/** Where the console is: all that it shows follows from it, so that a link shows somebody else the same. */
export interface Place {
  /** `/endpoints/crm`: decoded, by its parts. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

const place = createStore<Place>(read());

export function usePlace(): Place {
  return useStore(place);
}

/** The same place with other parameters: null takes one away. */
export function linkWith({ parts, query }: Place, changes: Readonly<Record<string, string | null>>): string {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') next.delete(name);
    else next.set(name, value);
  }
  return link(parts, next);
}

export function go(href: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState(null, '', href);
  else history.replaceState(null, '', href);
  place.set(read());
}

/** Makes links within the console change the place without a page load. Once, at the start. */
export function followLinks(): void {
  addEventListener('popstate', () => place.set(read()));
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const anchor = event.target instanceof Element ? event.target.closest('a') : null;
    if (anchor === null || anchor.origin !== location.origin || anchor.target !== '' || anchor.hasAttribute('download')) return;
    if (anchor.pathname.startsWith('/api/') || anchor.pathname === '/openapi.json' || anchor.pathname === '/metrics') return;
    event.preventDefault();
    go(anchor.pathname + anchor.search);
  });
}

function read(): Place {
  const parts = location.pathname.split('/').flatMap((part) => (part === '' ? [] : [decoded(part)]));
  return { parts, query: new URLSearchParams(location.search) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
