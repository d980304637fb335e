import type { VNode } from 'preact';
import { useFacts } from '../../parts/facts.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { HookLine } from './hook-line.tsx';

/** Every hook as one line: table, filter, shape, endpoint, and how many got how far. */
export function HooksScreen(): VNode {
  const { hooks } = useFacts();
  const all = hooks.data?.hooks ?? null;
  return (
    <>
      <h1>Hooks {all === null ? null : <span class="faint">{all.length}</span>}</h1>
      <Waiting of={hooks} what="the hooks" />
      {all === null ? null : all.length === 0 ? (
        <p class="empty">
          No hooks. They are written in walhook.yaml, below <code>hooks:</code>; each says which events of a table go to which endpoint.
        </p>
      ) : (
        <ul class="hook-lines" aria-label="hooks" data-stale={hooks.stale}>
          {all.map((hook) => (
            <HookLine key={hook.name} hook={hook} />
          ))}
        </ul>
      )}
    </>
  );
}
