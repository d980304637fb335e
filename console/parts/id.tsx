import type { VNode } from 'preact';
import { shortId } from '../text/short-id.ts';
import { Copy } from './copy.tsx';

/** A long name, its middle left out. A click copies all of it. */
export function Id({ id }: { readonly id: string }): VNode {
  return (
    <Copy class="id" text={() => id} title={`${id}\n(click to copy)`}>
      {shortId(id)}
    </Copy>
  );
}
