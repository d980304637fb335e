import type { VNode } from 'preact';
import { Copy } from '../../parts/copy.tsx';
import { Raw } from '../../parts/raw.tsx';
import { Request } from '../../parts/request.tsx';
import { State } from '../../parts/state.tsx';
import { curl } from '../../text/curl.ts';
import type { Rendering } from './rendering.ts';

interface RenderedProps {
  readonly title: string;
  readonly rendering: Rendering;
  /** Something is asked. */
  readonly asked: boolean;
}

/** Whether the hook wants the row, and each request that it makes of it. */
export function RenderedPart({ title, rendering: { rendered, error, stale }, asked }: RenderedProps): VNode {
  return (
    <section class="rendered" aria-label={title}>
      <h2>{title}</h2>
      {asked ? null : <p class="faint">Give each column of the key.</p>}
      {error === null ? null : (
        <div class="note" role="alert">
          <State tone="failing">
            <Raw text={error.message} most={1_000} />
          </State>
          {error.hint === null || error.problems.length > 0 ? null : (
            <p class="faint">
              <Raw text={error.hint} most={1_000} />
            </p>
          )}
        </div>
      )}
      {rendered === null ? null : (
        <div data-stale={stale}>
          <p>
            <State tone={rendered.wanted ? 'ok' : 'idle'}>{rendered.wanted ? 'it wants this' : 'it would not send this'}</State>{' '}
            <span class="faint">
              {rendered.operation} of {rendered.table}
              {rendered.when === null ? '' : `; when is ${rendered.when}`}
            </span>
          </p>
          {rendered.notes.map((note) => (
            <p class="faint">
              <Raw text={note} most={1_000} />
            </p>
          ))}
          {rendered.requests.map(({ endpoint, request }) => (
            <div class="to" key={`${endpoint} ${request.url}`}>
              <h3>
                <Raw text={endpoint} />
                <span class="grow" />
                <Copy class="quiet" text={() => curl(request)}>
                  copy as curl
                </Copy>
              </h3>
              <Request request={request} />
            </div>
          ))}
        </div>
      )}
    </section>
  );
}
