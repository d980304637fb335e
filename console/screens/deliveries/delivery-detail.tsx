import type { VNode } from 'preact';
import { useResource } from '../../api/resource.ts';
import type { Delivery, Traced } from '../../api/shapes.ts';
import { Block } from '../../parts/block.tsx';
import { Raw } from '../../parts/raw.tsx';
import { Request } from '../../parts/request.tsx';
import { State } from '../../parts/state.tsx';
import { DELIVERY_TONES } from '../../text/tones.ts';
import { whatHappened } from '../../text/what-happened.ts';
import { Attempts } from './attempts.tsx';
import { DeliveryActions } from './delivery-actions.tsx';
import { DeliveryFacts } from './delivery-facts.tsx';
import { OtherHooks } from './other-hooks.tsx';

interface DetailProps {
  readonly delivery: Delivery;
  readonly onChange: () => void;
}

export function DeliveryDetail({ delivery, onChange }: DetailProps): VNode {
  const traced = useResource<Traced>(`/deliveries/${encodeURIComponent(delivery.id)}/trace`);
  const trace = traced.data?.trace ?? null;
  const response = delivery.response ?? delivery.timeline.findLast((attempt) => attempt.response !== null)?.response ?? null;
  return (
    <>
      <p class="sentence" data-test="what-happened">
        <State tone={DELIVERY_TONES[delivery.state]}>{delivery.state}</State>{' '}
        <span>
          <Raw text={whatHappened(delivery)} most={1_000} />
        </span>
      </p>
      <DeliveryActions delivery={delivery} onChange={onChange} />
      <DeliveryFacts delivery={delivery} change={trace?.change ?? null} />
      <section>
        <h3>
          Attempts <span class="faint">{delivery.attempts}</span>
        </h3>
        <Attempts delivery={delivery} />
      </section>
      <section>
        <h3>Request</h3>
        {delivery.request === null ? (
          <>
            <p class="faint">The configuration has no endpoint of this name any more. What is stored of the request:</p>
            <Block text={delivery.body} label={delivery.content_type ?? 'pairs for the query'} />
          </>
        ) : (
          <Request request={delivery.request} />
        )}
      </section>
      {response === null ? null : (
        <section>
          <h3>Last response</h3>
          <Block text={response} label={delivery.status === null ? 'body' : `status ${delivery.status}`} truncated />
        </section>
      )}
      <section>
        <h3>Hooks of this table</h3>
        {traced.error !== null ? (
          <p class="faint">
            <Raw text={traced.error.message} />
          </p>
        ) : traced.data === null ? (
          <p class="faint">Reading …</p>
        ) : trace === null ? (
          <p class="faint">The change has left the memory, so it cannot be told why other hooks did not take it. The playground tells it for the row as it is now.</p>
        ) : (
          <OtherHooks hooks={trace.hooks} own={delivery.hook} />
        )}
      </section>
    </>
  );
}
