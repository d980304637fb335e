import type { VNode } from 'preact';
import type { BackfillReport } from '../../../src/backfills.ts';
import { useAct } from '../../api/act.ts';
import { post } from '../../api/api.ts';
import { Id } from '../../parts/id.tsx';
import { Meter } from '../../parts/meter.tsx';
import { Raw } from '../../parts/raw.tsx';
import { type Column, Rows } from '../../parts/rows.tsx';
import { State } from '../../parts/state.tsx';
import { Time } from '../../parts/time.tsx';
import { link } from '../../place/link.ts';
import { BACKFILL_TONES } from '../../text/tones.ts';
import { count, span } from '../../text/units.ts';

interface BackfillRowsProps {
  readonly backfills: readonly BackfillReport[];
  readonly stale: boolean;
  readonly onChange: () => void;
}

const DONE = { pause: 'is paused', resume: 'goes on', cancel: 'is cancelled: what was sent stays sent' } as const;

export function BackfillRows({ backfills, stale, onChange }: BackfillRowsProps): VNode {
  const { busy, run } = useAct();
  const act = ({ id, table }: BackfillReport, verb: keyof typeof DONE): void =>
    run(async () => {
      await post(`/backfills/${encodeURIComponent(id)}/${verb}`);
      onChange();
      return `The backfill of ${table} ${DONE[verb]}.`;
    });
  const button = (row: BackfillReport, verb: keyof typeof DONE, word: string): VNode => (
    <button type="button" class="quiet" disabled={busy} onClick={() => act(row, verb)}>
      {word}
    </button>
  );
  const columns: readonly Column<BackfillReport>[] = [
    {
      name: 'state',
      cell: ({ state }) => <State tone={BACKFILL_TONES[state]}>{state}</State>,
    },
    {
      name: 'hook',
      cell: ({ hook, table, where }) => (
        <>
          <a href={link(['hooks', hook])}><Raw text={hook} most={40} /></a> <span class="faint"><Raw text={table.replace(/^public\./, '')} most={40} /></span>
          {where === null ? null : <div><code><Raw text={where} /></code></div>}
        </>
      ),
    },
    { name: 'rows', kind: 'wide', cell: (row) => <Progress of={row} /> },
    { name: 'sent', kind: 'number', cell: ({ rows_sent: sent }) => count(sent) },
    { name: 'rows/s', kind: 'number', cell: ({ rows_per_second: now, rate }) => <>{count(now)}{rate === null ? null : <span class="faint"> of {count(rate)}</span>}</> },
    { name: 'time left', kind: 'number', cell: ({ seconds_left: left }) => (left === null ? <span class="faint">–</span> : span(left)) },
    { name: 'begun', cell: ({ started_at: started, requested_at: asked, origin }) => <><Time at={started ?? asked} /> <span class="faint">{origin}</span></> },
    { name: 'id', cell: ({ id }) => <Id id={id} /> },
    {
      name: '',
      kind: 'action',
      cell: (row) => (
        <span class="nowrap">
          {row.state === 'running' || row.state === 'waiting' ? button(row, 'pause', 'pause') : null}
          {row.state === 'paused' ? button(row, 'resume', 'resume') : null}
          {row.ended_at === null && row.state !== 'done' && row.state !== 'cancelled' && row.state !== 'failed' ? button(row, 'cancel', 'cancel') : null}
        </span>
      ),
    },
  ];
  return (
    <Rows
      label="backfills"
      columns={columns}
      rows={backfills}
      id={({ id }) => id}
      stale={stale}
      empty="No backfills. One sends the rows that a hook's table already has, in order with what changes meanwhile. Choose a hook above."
    />
  );
}

function Progress({ of: { rows_done: done, rows_estimated: all, state, reason } }: { readonly of: BackfillReport }): VNode {
  const why = reason === null ? null : <div class="faint"><Raw text={reason} /></div>;
  if (all === null) return <>{count(done)}{why}</>;
  const share = all === 0 ? 100 : Math.min(100, Math.floor((done / all) * 100));
  return (
    <div class="progress">
      <Meter value={done} most={all} label={`${share} %`} tone={state === 'failed' ? 'failing' : 'ok'} />
      <span>
        {count(done)} <span class="faint">of {state === 'done' ? '' : 'about '}{count(all)}, {share} %</span>
      </span>
      {why}
    </div>
  );
}
