import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Overview } from '../src/inspection.ts';
import { useResource } from './api/resource.ts';
import type { Endpoints, Hooks, Status } from './api/shapes.ts';
import { tokenWanted } from './api/token.ts';
import { FactsContext } from './parts/facts.tsx';
import { KeysPanel } from './shell/keys-panel.tsx';
import { LostBanner } from './shell/lost-banner.tsx';
import { Navigation } from './shell/navigation.tsx';
import { Notices } from './shell/notices.tsx';
import { Screen } from './shell/screen.tsx';
import { Search } from './shell/search.tsx';
import { TokenForm } from './shell/token-form.tsx';
import { useStore } from './place/store.ts';

/** The page: navigation, search, one screen, and what is to be said of the whole. */
export function App(): VNode {
  const overview = useResource<Overview>('/overview', 4_000);
  const endpoints = useResource<Endpoints>('/endpoints', 4_000);
  const hooks = useResource<Hooks>('/hooks', 15_000);
  const status = useResource<Status>('/status', 30_000);
  const locked = useStore(tokenWanted) !== null;
  const facts = useMemo(() => ({ overview, endpoints, hooks }), [overview, endpoints, hooks]);
  return (
    <FactsContext.Provider value={facts}>
      <a class="skip" href="#content">
        to the content
      </a>
      <Navigation version={status.data?.version ?? null} />
      <div class="page">
        <div class="bar">
          <Search />
        </div>
        <LostBanner at={overview.at} />
        <main id="content">{locked ? <TokenForm /> : <Screen />}</main>
        <Notices />
        <KeysPanel />
      </div>
    </FactsContext.Provider>
  );
}
