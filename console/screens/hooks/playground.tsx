import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { HookReport, RenderRequest } from '../../../src/inspection.ts';
import { useResource } from '../../api/resource.ts';
import { Copy } from '../../parts/copy.tsx';
import { Editor } from '../../parts/editor.tsx';
import { Raw } from '../../parts/raw.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { go, linkWith, usePlace } from '../../place/place.ts';
import { HookLine } from './hook-line.tsx';
import { RenderedPart } from './rendered-part.tsx';
import { useRendering } from './rendering.ts';
import { RowChoice } from './row-choice.tsx';
import { TryPart } from './try-part.tsx';

/** Characters of a draft that the URL holds: servers take some 16 kB of a request's head, and each may become three. */
const MOST_IN_URL = 4_000;

/** A hook, a row, a draft: the exact request that comes of it, beside the one that is sent now. */
export function Playground({ name }: { readonly name: string }): VNode {
  const hook = useResource<HookReport>(`/hooks/${encodeURIComponent(name)}`, 5_000);
  return (
    <>
      <p class="crumbs">
        <a href="/hooks" data-key="Escape">
          Hooks
        </a>
      </p>
      <h1>
        <Raw text={name} />
      </h1>
      <Waiting of={hook} what="the hook" />
      {hook.data === null ? null : (
        <>
          <HookLine hook={hook.data} opens={false} />
          <Workbench hook={hook.data} />
        </>
      )}
    </>
  );
}

function Workbench({ hook }: { readonly hook: HookReport }): VNode {
  const place = usePlace();
  const { query } = place;
  const [draft, setDraft] = useState(query.get('draft') ?? hook.yaml);
  const [live, setLive] = useState(hook.yaml);
  // After a reload of the file: what nobody has edited follows it.
  useEffect(() => {
    if (draft === live) setDraft(hook.yaml);
    setLive(hook.yaml);
  }, [hook.yaml]);
  const edited = draft !== hook.yaml;
  // So that a link shows somebody else the same draft; one that is too long for a request line stays here.
  useEffect(() => {
    const kept = edited && draft.length <= MOST_IN_URL ? draft : null;
    if (kept === query.get('draft')) return undefined;
    const timer = setTimeout(() => go(linkWith(place, { draft: kept }), 'replace'), 300);
    return () => clearTimeout(timer);
  }, [draft, edited, place]);
  const source = sourceOf(hook, query);
  const ofLive = useRendering(hook.name, source);
  const request: RenderRequest | null = source === null ? null : { ...source, ...(edited ? { draft } : {}) };
  const ofDraft = useRendering(hook.name, edited ? request : null);
  return (
    <div class="workbench">
      <section class="workbench-left">
        <h2>Row</h2>
        <RowChoice hook={hook} />
        <h2>
          Draft
          <span class="grow" />
          {edited ? (
            <button type="button" class="quiet" onClick={() => setDraft(hook.yaml)}>
              as it runs
            </button>
          ) : null}
          <Copy class="quiet" text={() => draft}>
            copy YAML
          </Copy>
        </h2>
        <Editor label="draft" text={draft} problems={edited ? (ofDraft.error?.problems ?? []) : []} onText={setDraft} />
        <p class="faint">Nothing here changes what runs: the file does. Copy the draft into it.</p>
      </section>
      <section class="workbench-right">
        <div class="beside">
          <RenderedPart title="As it runs" rendering={ofLive} asked={source !== null} />
          {edited ? <RenderedPart title="Of the draft" rendering={ofDraft} asked={source !== null} /> : null}
        </div>
        {request === null ? null : <TryPart hook={hook.name} request={request} />}
      </section>
    </div>
  );
}

/** What the URL says of the row; null while a key is only given in part. */
function sourceOf({ key }: HookReport, query: URLSearchParams): RenderRequest | null {
  const operation = query.get('operation');
  const of = operation === null ? {} : { operation: operation as NonNullable<RenderRequest['operation']> };
  const change = query.get('change');
  if (change !== null) return { change, ...of };
  const given = key.flatMap((column) => (query.get(`key.${column}`) ? [[column, query.get(`key.${column}`) ?? '']] : []));
  if (given.length === 0) return of;
  return given.length < key.length ? null : { key: Object.fromEntries(given) as Record<string, string>, ...of };
}
