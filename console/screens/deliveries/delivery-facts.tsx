import type { VNode } from 'preact';
import type { ChangeReport } from '../../../src/traffic.ts';
import type { Delivery } from '../../api/shapes.ts';
import { Copy } from '../../parts/copy.tsx';
import { Raw } from '../../parts/raw.tsx';
import { Time } from '../../parts/time.tsx';
import { link } from '../../place/link.ts';
import { counted } from '../../text/units.ts';

/** The event, what changed with it, its lane and what waits there. */
export function DeliveryFacts({ delivery, change }: { readonly delivery: Delivery; readonly change: ChangeReport | null }): VNode {
  const { table, operation, hook, endpoint, committed_at: committed, parked_at: parked, died_at: died, delivered_at: arrived, commit_lsn: lsn, behind_it: behind } = delivery;
  const key = Object.entries(change?.key ?? {});
  const ofRow = link(['deliveries'], { state: delivery.state, table, ...Object.fromEntries(key.map(([name, value]) => [`key.${name}`, value])) });
  return (
    <dl class="facts">
      <div>
        <dt>event</dt>
        <dd>
          <Raw text={operation} /> of <Raw text={table} />
        </dd>
      </div>
      {key.length === 0 ? null : (
        <div>
          <dt>row</dt>
          <dd>
            <a href={ofRow} title="all that is kept of this row">
              <Raw text={key.map(([name, value]) => `${name} = ${value ?? 'null'}`).join(', ')} />
            </a>
          </dd>
        </div>
      )}
      {change?.changed == null ? null : (
        <div class="wide">
          <dt>changed</dt>
          <dd>{change.changed.length === 0 ? 'nothing that may be seen' : <Raw text={change.changed.join(', ')} most={1_000} />}</dd>
        </div>
      )}
      <div>
        <dt>hook, endpoint</dt>
        <dd>
          <a href={link(['hooks', hook])}>
            <Raw text={hook} />
          </a>
          ,{' '}
          <a href={link(['endpoints', endpoint])}>
            <Raw text={endpoint} />
          </a>
        </dd>
      </div>
      <div>
        <dt>committed</dt>
        <dd>
          <Time at={committed} />
        </dd>
      </div>
      {parked === null ? null : (
        <div>
          <dt>parked</dt>
          <dd>
            <Time at={parked} />
          </dd>
        </div>
      )}
      {died === null ? null : (
        <div>
          <dt>gave up</dt>
          <dd>
            <Time at={died} />
          </dd>
        </div>
      )}
      {arrived === null ? null : (
        <div>
          <dt>arrived</dt>
          <dd>
            <Time at={arrived} />
          </dd>
        </div>
      )}
      <div>
        <dt>lane</dt>
        <dd>{behind === null ? 'it holds up nothing' : behind === 0 ? 'nothing waits behind it' : `${counted(behind, 'delivery waits', 'deliveries wait')} behind it`}</dd>
      </div>
      <div>
        <dt>commit LSN</dt>
        <dd>
          <Copy class="id" text={() => lsn}>
            {lsn}
          </Copy>
        </dd>
      </div>
    </dl>
  );
}
