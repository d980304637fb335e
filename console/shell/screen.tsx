import type { VNode } from 'preact';
import { usePlace } from '../place/place.ts';
import { BackfillsScreen } from '../screens/backfills/backfills-screen.tsx';
import { ConfigScreen } from '../screens/config/config-screen.tsx';
import { DatabaseScreen } from '../screens/database/database-screen.tsx';
import { DeliveriesScreen } from '../screens/deliveries/deliveries-screen.tsx';
import { EndpointsScreen } from '../screens/endpoints/endpoints-screen.tsx';
import { HooksScreen } from '../screens/hooks/hooks-screen.tsx';
import { Playground } from '../screens/hooks/playground.tsx';
import { LiveScreen } from '../screens/live/live-screen.tsx';
import { OverviewScreen } from '../screens/overview/overview-screen.tsx';

/** The screen that the URL names. */
export function Screen(): VNode {
  const place = usePlace();
  const [first, second] = place.parts;
  switch (first) {
    case undefined:
      return <OverviewScreen />;
    case 'live':
      return <LiveScreen />;
    case 'deliveries':
      return <DeliveriesScreen />;
    case 'endpoints':
      return <EndpointsScreen />;
    case 'hooks':
      return second === undefined ? <HooksScreen /> : <Playground key={second} name={second} />;
    case 'backfills':
      return <BackfillsScreen />;
    case 'database':
      return <DatabaseScreen />;
    case 'config':
      return <ConfigScreen />;
    default:
      return (
        <>
          <h1>Nothing is here</h1>
          <p class="empty">
            The console has no page of this name. <a href="/">To the overview</a>
          </p>
        </>
      );
  }
}
