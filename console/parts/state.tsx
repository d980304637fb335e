import type { ComponentChildren, VNode } from 'preact';
import type { ToneName } from '../text/tones.ts';

/** How something is doing. Each has a colour and a shape, and stands beside a word. */
type Tone = ToneName;

const SHAPES: Readonly<Record<Tone, VNode>> = {
  ok: <circle cx="6" cy="6" r="4.5" />,
  waiting: (
    <>
      <circle cx="6" cy="6" r="4" class="hollow" />
      <path d="M6 2a4 4 0 0 0 0 8z" />
    </>
  ),
  failing: <path d="M6 1 11.5 11H.5z" />,
  dead: <path d="M1.5 1.5h9v9h-9z" />,
  idle: <circle cx="6" cy="6" r="3.75" class="hollow" />,
};

export function Shape({ tone }: { readonly tone: Tone }): VNode {
  return (
    <svg class={`shape ${tone}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      {SHAPES[tone]}
    </svg>
  );
}

/** A shape and its word. */
export function State({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }): VNode {
  return (
    <span class={`state ${tone}`}>
      <Shape tone={tone} />
      {children}
    </span>
  );
}
