import type { VNode } from 'preact';
import { Copy } from './copy.tsx';
import { Raw } from './raw.tsx';

/** SQL, a setting or a command that mends something, to copy. */
export function Fix({ text }: { readonly text: string }): VNode {
  return (
    <div class="fix">
      <pre>
        <Raw text={text} most={4_000} />
      </pre>
      <Copy class="quiet" text={() => text}>
        copy
      </Copy>
    </div>
  );
}
