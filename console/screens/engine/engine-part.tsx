import type { VNode } from 'preact';
import type { EngineReport } from '../../../src/fleet.ts';
import { Raw } from '../../parts/raw.tsx';
import { State } from '../../parts/state.tsx';
import { ranges } from '../../../src/ranges.ts';
import { count, duration } from '../../text/units.ts';
import { WorkerRows } from './worker-rows.tsx';

const ROLES: Readonly<Record<EngineReport['role'], string>> = { tail: 'reads the slot', deliver: 'delivers', all: 'reads and delivers' };
/** Of one that does not read the slot. */
const WAITING_ROLES: typeof ROLES = { tail: 'stands by for the slot', deliver: ROLES.deliver, all: 'delivers, stands by for the slot' };

/** This process's part in the work that Kafka shares, and all who deliver. */
export function EnginePart({ engine, readsSlot }: { readonly engine: EngineReport; readonly readsSlot: boolean }): VNode {
  const { role, topic, partitions, generation, forwarded, rebalances, last_pause: lastPause, problem, fleet, fleet_error: error } = engine;
  return (
    <>
      <dl class="facts" data-test="engine">
        <div>
          <dt>role {role}</dt>
          <dd>
            <State tone={problem === null ? 'ok' : 'failing'}>{problem === null ? (readsSlot ? ROLES : WAITING_ROLES)[role] : 'not with the broker'}</State>
          </dd>
        </div>
        <div>
          <dt>topic</dt>
          <dd>
            <Raw text={topic} most={60} />
          </dd>
        </div>
        {role === 'deliver' ? null : (
          <div>
            <dt>handed over</dt>
            <dd>{count(forwarded)}</dd>
          </div>
        )}
        {role === 'tail' ? null : (
          <>
            <div>
              <dt>own partitions</dt>
              <dd>{partitions.length === 0 ? 'none' : ranges(partitions)}</dd>
            </div>
            <div>
              <dt>generation</dt>
              <dd>{count(generation)}</dd>
            </div>
            <div>
              <dt>dealt to, last pause</dt>
              <dd>
                {count(rebalances)} times, {duration(lastPause)}
              </dd>
            </div>
          </>
        )}
      </dl>
      {fleet === null ? (
        <p class="empty">
          The broker does not say who delivers: <Raw text={error ?? 'it has not answered yet'} most={500} />
        </p>
      ) : (
        <WorkerRows fleet={fleet} self={engine.worker} />
      )}
    </>
  );
}
