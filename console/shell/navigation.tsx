import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { lostSince } from '../api/connection.ts';
import { useFacts } from '../parts/facts.tsx';
import { State } from '../parts/state.tsx';
import { keysShown } from '../place/keys.ts';
import { usePlace } from '../place/place.ts';
import { useStore } from '../place/store.ts';
import { LEVEL_TONES } from '../text/tones.ts';
import { count } from '../text/units.ts';

const SCREENS = [
  ['', 'Overview'],
  ['live', 'Live'],
  ['deliveries', 'Deliveries'],
  ['endpoints', 'Endpoints'],
  ['hooks', 'Hooks'],
  ['backfills', 'Backfills'],
  ['database', 'Database'],
  ['config', 'Config'],
] as const;

const WORDS = { ok: 'well', waiting: 'waiting', failing: 'failing' } as const;

export function Navigation({ version }: { readonly version: string | null }): VNode {
  const { parts } = usePlace();
  const { overview, endpoints } = useFacts();
  const lost = useStore(lostSince) !== null;
  const current = parts[0] ?? '';
  const dead = (endpoints.data?.endpoints ?? []).reduce((sum, endpoint) => sum + (endpoint.dead ?? 0), 0);
  const level = overview.data?.health.level ?? null;
  const title = SCREENS.find(([path]) => path === current)?.[1] ?? 'walhook';
  useEffect(() => {
    document.title = `${[...parts.slice(1, 2), title].join(' · ')} · walhook`;
  }, [title, parts]);
  const list = useRef<HTMLUListElement>(null);
  // Where the page is narrow the list is scrolled sideways.
  useEffect(() => list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }), [current]);
  return (
    <nav class="navigation" aria-label="screens">
      <a class="brand" href="/">
        walhook
      </a>
      <div class="well" role="status">
        {lost ? <State tone="idle">not reached</State> : level === null ? null : <State tone={LEVEL_TONES[level]}>{WORDS[level]}</State>}
      </div>
      <ul ref={list}>
        {SCREENS.map(([path, name]) => (
          <li>
            <a href={`/${path}`} aria-current={path === current ? 'page' : undefined}>
              {name}
              {path === 'deliveries' && dead > 0 ? (
                <span class="badge" title={`${count(dead)} dead letters`}>
                  {count(dead)}
                </span>
              ) : null}
            </a>
          </li>
        ))}
      </ul>
      <footer>
        <button type="button" class="quiet" onClick={() => keysShown.set(!keysShown.get())}>
          <kbd>?</kbd> keys
        </button>
        <span class="faint">{version ?? ''}</span>
      </footer>
    </nav>
  );
}
