import type { VNode } from 'preact';
import { useFacts } from '../../parts/facts.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { usePlace } from '../../place/place.ts';
import { EndpointDrawer } from './endpoint-drawer.tsx';
import { EndpointRows } from './endpoint-rows.tsx';

export function EndpointsScreen(): VNode {
  const { endpoints } = useFacts();
  const [, name] = usePlace().parts;
  return (
    <>
      <h1>Endpoints {endpoints.data === null ? null : <span class="faint">{endpoints.data.endpoints.length}</span>}</h1>
      <Waiting of={endpoints} what="the endpoints" />
      {endpoints.data === null ? null : <EndpointRows endpoints={endpoints.data.endpoints} stale={endpoints.stale} />}
      {name === undefined ? null : <EndpointDrawer key={name} name={name} />}
    </>
  );
}
