import type { VNode } from 'preact';
import type { SlotReport } from '../../../src/inspection.ts';
import { useResource } from '../../api/resource.ts';
import type { Engine } from '../../api/shapes.ts';
import { useFacts } from '../../parts/facts.tsx';
import { MinutesChart } from '../../parts/minutes-chart.tsx';
import { Raw } from '../../parts/raw.tsx';
import { Shape } from '../../parts/state.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { summedMinutes } from '../../text/summed-minutes.ts';
import { LEVEL_TONES } from '../../text/tones.ts';
import { EnginePart } from '../engine/engine-part.tsx';
import { EndpointRows } from '../endpoints/endpoint-rows.tsx';
import { Alerts } from './alerts.tsx';
import { SlotLine } from './slot-line.tsx';

/** Is it well? */
export function OverviewScreen(): VNode {
  const { overview, endpoints } = useFacts();
  const slot = useResource<SlotReport>('/slot', 4_000);
  const engine = useResource<Engine>('/engine', 4_000);
  const part = engine.data?.engine ?? null;
  // What only delivers reads no slot.
  const readsSlot = part === null || slot.data === null || slot.data.received !== '';
  const health = overview.data?.health;
  const all = endpoints.data?.endpoints ?? null;
  const minutes = all === null ? [] : summedMinutes(all);
  return (
    <>
      <h1 class="off-screen">Overview</h1>
      <Waiting of={overview} what="how it is" />
      {health === undefined ? null : (
        <p class={`health ${health.level}`} data-test="health" data-stale={overview.stale}>
          <Shape tone={LEVEL_TONES[health.level]} />
          <span>
            <Raw text={health.sentence} most={2_000} />
          </span>
        </p>
      )}
      {overview.data === null ? null : <Alerts alerts={overview.data.alerts} />}
      {readsSlot ? (
        <section data-stale={slot.stale}>
          <h2>Write-ahead log</h2>
          <Waiting of={slot} what="the slot" />
          {slot.data === null ? null : <SlotLine slot={slot.data} />}
        </section>
      ) : null}
      {part === null ? null : (
        <section data-stale={engine.stale}>
          <h2>
            Workers <span class="faint">{part.fleet?.workers.filter(({ worker }) => worker !== null).length}</span>
          </h2>
          <EnginePart engine={part} readsSlot={readsSlot} />
        </section>
      )}
      <section>
        <h2>Endpoints {all === null ? null : <span class="faint">{all.length}</span>}</h2>
        <Waiting of={endpoints} what="the endpoints" />
        {all === null ? null : <EndpointRows endpoints={all} stale={endpoints.stale} />}
      </section>
      {minutes.length === 0 ? null : <MinutesChart minutes={minutes} label="The last hour, by the minute" />}
    </>
  );
}
