import type { VNode } from 'preact';
import { shortened } from '../text/units.ts';
import { Copy } from './copy.tsx';

/** A long name, its middle left out. A click copies all of it. */
export function Id({ id }: { readonly id: string }): VNode {
  return (
    <Copy class="id" text={() => id} title={`${id}\n(click to copy)`}>
      {shortened(id)}
    </Copy>
  );
}
