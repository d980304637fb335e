import type { VNode } from 'preact';
import type { SlotReport } from '../../../src/inspection.ts';
import { Copy } from '../../parts/copy.tsx';
import { Meter } from '../../parts/meter.tsx';
import { State } from '../../parts/state.tsx';
import type { ToneName } from '../../text/tones.ts';
import { bytes, duration, span } from '../../text/units.ts';

const TONES: Readonly<Record<SlotReport['state'], ToneName>> = {
  streaming: 'ok',
  starting: 'waiting',
  standby: 'idle',
  reconnecting: 'failing',
  draining: 'waiting',
  stopped: 'dead',
};

/** How far behind the slot is, what it holds back, and for how long that goes well. */
export function SlotLine({ slot: { name, state, received, confirmed, behind, wal } }: { readonly slot: SlotReport }): VNode {
  const retained = wal?.retained_bytes ?? null;
  const safe = wal?.safe_bytes ?? null;
  const limit = retained === null || safe === null ? null : retained + Math.max(0, safe);
  const share = limit === null || retained === null || limit === 0 ? 0 : retained / limit;
  const tone = share > 0.8 ? 'failing' : share > 0.5 ? 'waiting' : 'ok';
  const held = limit === null ? `${bytes(retained)}, without a limit` : `${bytes(retained)} of ${bytes(limit)}`;
  return (
    <dl class="facts" data-test="slot">
      <div>
        <dt>slot {name}</dt>
        <dd>
          <State tone={TONES[state]}>{state}</State>
        </dd>
      </div>
      <div>
        <dt>behind</dt>
        <dd>{duration(behind)}</dd>
      </div>
      <div>
        <dt>WAL held back</dt>
        <dd>
          {held}
          {limit === null || retained === null ? null : <Meter value={retained} most={limit} tone={tone} label={`${held}: max_slot_wal_keep_size`} />}
        </dd>
      </div>
      <div>
        <dt>written</dt>
        <dd>{wal?.bytes_per_second == null ? '–' : `${bytes(wal.bytes_per_second)}/s`}</dd>
      </div>
      <div>
        <dt>would run out</dt>
        <dd>{wal?.seconds_left == null ? 'not in sight' : `in ${span(wal.seconds_left)}`}</dd>
      </div>
      {wal?.wal_status == null || wal.wal_status === 'reserved' ? null : (
        <div>
          <dt>wal_status</dt>
          <dd>{wal.wal_status}</dd>
        </div>
      )}
      <div>
        <dt>received, confirmed</dt>
        <dd>
          <Copy class="id" text={() => received}>
            {received}
          </Copy>{' '}
          <Copy class="id" text={() => confirmed}>
            {confirmed}
          </Copy>
        </dd>
      </div>
    </dl>
  );
}
