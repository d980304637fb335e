import type { VNode } from 'preact';
import type { EndpointReport } from '../../../src/inspection.ts';
import { Meter } from '../../parts/meter.tsx';
import { Raw } from '../../parts/raw.tsx';
import { Time } from '../../parts/time.tsx';
import { link } from '../../place/link.ts';
import { count, duration } from '../../text/units.ts';

const MODES: Readonly<Record<EndpointReport['mode'], string>> = {
  direct: 'direct',
  storing: 'through the store, until it has caught up',
  holding: 'held until the store has room',
};

export function EndpointFacts({ endpoint }: { readonly endpoint: EndpointReport }): VNode {
  const { name, method, url, in_use: inUse, concurrency, rate, slowed, mode, queued, parked, dead, oldest_parked: oldest, delivered, failed_attempts: failed, signing, hooks, traffic } = endpoint;
  return (
    <dl class="facts">
      <div class="wide">
        <dt>{method}</dt>
        <dd>
          <Raw text={url} most={1_000} />
        </dd>
      </div>
      <div>
        <dt>requests under way</dt>
        <dd>
          {inUse} of {concurrency}
          {slowed ? ', slowed down' : ''}
          <Meter value={inUse} most={concurrency} label={`${inUse} of ${concurrency} requests under way`} />
        </dd>
      </div>
      <div>
        <dt>delivered a minute</dt>
        <dd>
          {count(traffic?.per_minute)}
          {rate === null ? null : <span class="faint"> at most {count(rate)}/s</span>}
        </dd>
      </div>
      <div>
        <dt>p50, p95 of attempts</dt>
        <dd>
          {duration(traffic?.p50_ms)}, {duration(traffic?.p95_ms)}
        </dd>
      </div>
      <div>
        <dt>commit to delivered, p95</dt>
        <dd>{duration(traffic?.behind_p95_ms)}</dd>
      </div>
      <div>
        <dt>delivered, failed attempts</dt>
        <dd>
          {count(delivered)}, {count(failed)}
        </dd>
      </div>
      <div>
        <dt>queued, parked, dead</dt>
        <dd>
          {count(queued)}, <a href={link(['deliveries'], { state: 'parked', endpoint: name })}>{count(parked)}</a>, <a href={link(['deliveries'], { state: 'dead', endpoint: name })}>{count(dead)}</a>
        </dd>
      </div>
      {oldest === null ? null : (
        <div>
          <dt>oldest parked</dt>
          <dd>
            <Time at={oldest} />
          </dd>
        </div>
      )}
      <div>
        <dt>deliveries go</dt>
        <dd>{MODES[mode]}</dd>
      </div>
      <div>
        <dt>signature</dt>
        <dd>{signing}</dd>
      </div>
      <div>
        <dt>hooks</dt>
        <dd>
          {hooks.length === 0 ? 'none' : hooks.map((hook, i) => [i === 0 ? '' : ', ', <a href={link(['hooks', hook])}>{hook}</a>])}
        </dd>
      </div>
    </dl>
  );
}
