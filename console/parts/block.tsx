import type { ComponentChildren, VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { pretty } from '../text/json.ts';
import { bytes } from '../text/units.ts';
import { Copy } from './copy.tsx';
import { Raw } from './raw.tsx';

/** Characters that are shown at first, and that each click shows besides: a browser lays out megabytes of text slowly. */
const FIRST = 4_096;
const MORE = 262_144;

interface BlockProps {
  readonly text: string;
  readonly label: string;
  /** It was cut before it came here. */
  readonly truncated?: boolean;
  readonly children?: ComponentChildren;
}

/** A body, as text. JSON is shown with line breaks, or exactly as it is. What is long is shown in part, with its size. */
export function Block({ text, label, truncated = false, children }: BlockProps): VNode {
  const [shown, setShown] = useState(FIRST);
  const [exact, setExact] = useState(false);
  const indented = useMemo(() => (text.length > 1_000_000 ? null : pretty(text)), [text]);
  const whole = exact || indented === null ? text : indented;
  const size = useMemo(() => new Blob([text]).size, [text]);
  const isCut = whole.length > shown;
  return (
    <figure class="block">
      <figcaption>
        <span>{label}</span>
        <span class="faint">
          {bytes(size)}
          {truncated ? ', its start' : ''}
        </span>
        <span class="grow" />
        {children}
        {indented !== null && indented !== text ? (
          <button type="button" class="quiet" onClick={() => setExact(!exact)}>
            {exact ? 'indented' : 'exact bytes'}
          </button>
        ) : null}
        {text === '' ? null : (
          <Copy class="quiet" text={() => text}>
            copy
          </Copy>
        )}
      </figcaption>
      {text === '' ? (
        <p class="faint">empty</p>
      ) : (
        <pre tabIndex={0}>
          <Raw text={isCut ? whole.slice(0, shown) : whole} most={Number.POSITIVE_INFINITY} />
        </pre>
      )}
      {isCut ? (
        <button type="button" class="button" onClick={() => setShown(shown + MORE)}>
          {bytes(shown)} of {bytes(whole.length)} are shown: show more
        </button>
      ) : null}
    </figure>
  );
}
