import type { VNode } from 'preact';
import type { EndpointReport } from '../../../src/inspection.ts';
import { useResource } from '../../api/resource.ts';
import { Drawer } from '../../parts/drawer.tsx';
import { useFacts } from '../../parts/facts.tsx';
import { MinutesChart } from '../../parts/minutes-chart.tsx';
import { Raw } from '../../parts/raw.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { linkWith, usePlace } from '../../place/place.ts';
import { ConditionActions } from './condition-actions.tsx';
import { EndpointFacts } from './endpoint-facts.tsx';
import { LastError } from './last-error.tsx';
import { Recover } from './recover.tsx';
import { RotationPart } from './rotation-part.tsx';
import { TestPayload } from './test-payload.tsx';

/** One endpoint: how it does, and what can be done. */
export function EndpointDrawer({ name }: { readonly name: string }): VNode {
  const place = usePlace();
  const endpoint = useResource<EndpointReport>(`/endpoints/${encodeURIComponent(name)}`, 2_000);
  const { endpoints } = useFacts();
  const changed = (): void => {
    endpoint.reload();
    endpoints.reload();
  };
  const report = endpoint.data;
  return (
    <Drawer title={<Raw text={name} />} label={`endpoint ${name}`} close={linkWith({ ...place, parts: ['endpoints'] }, { since: null })}>
      <Waiting of={endpoint} what="the endpoint" />
      {report === null ? null : (
        <div data-stale={endpoint.stale}>
          <ConditionActions endpoint={report} onChange={changed} />
          {report.last_error === null ? null : <LastError error={report.last_error} />}
          <EndpointFacts endpoint={report} />
          {report.traffic === null ? null : <MinutesChart minutes={report.traffic.minutes} label="The last hour" />}
          <TestPayload endpoint={report} />
          <Recover name={report.name} />
          {report.signing === 'none' ? null : <RotationPart endpoint={report} onChange={changed} />}
        </div>
      )}
    </Drawer>
  );
}
