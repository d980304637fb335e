import type { VNode } from 'preact';
import type { EndpointReport } from '../../../src/inspection.ts';
import { Raw } from '../../parts/raw.tsx';
import { type Column, Rows } from '../../parts/rows.tsx';
import { Sparkline } from '../../parts/sparkline.tsx';
import { State } from '../../parts/state.tsx';
import { Time } from '../../parts/time.tsx';
import { link } from '../../place/link.ts';
import { linkWith, usePlace } from '../../place/place.ts';
import { endpointState } from '../../text/tones.ts';
import { count, duration } from '../../text/units.ts';

/** Endpoints, a row each, with how the last hour went. */
export function EndpointRows({ endpoints, stale }: { readonly endpoints: readonly EndpointReport[]; readonly stale: boolean }): VNode {
  const place = usePlace();
  const open = (name: string): string => linkWith({ ...place, parts: ['endpoints', name] }, { since: null });
  const columns: readonly Column<EndpointReport>[] = [
    { name: 'endpoint', cell: ({ name }) => <a href={open(name)}><b><Raw text={name} most={40} /></b></a> },
    {
      name: 'state',
      cell: (endpoint) => {
        const { tone, word } = endpointState(endpoint);
        return <State tone={tone}>{word}</State>;
      },
    },
    { name: 'last hour', cell: ({ traffic }) => (traffic === null ? <span class="faint">–</span> : <Sparkline minutes={traffic.minutes} />) },
    { name: 'a minute', kind: 'number', cell: ({ traffic }) => count(traffic?.per_minute) },
    { name: 'p95', kind: 'number', cell: ({ traffic }) => duration(traffic?.p95_ms) },
    { name: 'commit to delivered', kind: 'number', cell: ({ traffic }) => duration(traffic?.behind_p95_ms) },
    { name: 'queued', kind: 'number', cell: ({ queued }) => <Zero value={queued} /> },
    { name: 'parked', kind: 'number', cell: ({ name, parked }) => <Zero value={parked} href={link(['deliveries'], { state: 'parked', endpoint: name })} /> },
    { name: 'dead', kind: 'number', cell: ({ name, dead }) => <Zero value={dead} href={link(['deliveries'], { state: 'dead', endpoint: name })} /> },
    {
      name: 'last error',
      kind: 'wide',
      cell: ({ last_error: error }) =>
        error === null ? <span class="faint">none</span> : <span class="clipped"><Raw text={error.message} /> <span class="faint"><Time at={error.at} /></span></span>,
    },
  ];
  return (
    <Rows
      label="endpoints"
      columns={columns}
      rows={endpoints}
      id={({ name }) => name}
      open={({ name }) => open(name)}
      selected={({ name }) => place.parts[0] === 'endpoints' && place.parts[1] === name}
      stale={stale}
      empty={<>No endpoints. They are written in walhook.yaml, below <code>endpoints:</code>.</>}
    />
  );
}

/** What is not there is not in the way. */
function Zero({ value, href }: { readonly value: number | null; readonly href?: string }): VNode {
  if (value === null || value === 0) return <span class="faint">{count(value)}</span>;
  return href === undefined ? <span>{count(value)}</span> : <a href={href}>{count(value)}</a>;
}
