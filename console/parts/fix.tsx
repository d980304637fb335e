import type { VNode } from 'preact';
import { Copy } from './copy.tsx';
import { Raw } from './raw.tsx';

/** SQL, something for the file or a command; all else is a sentence, of which nothing is to be copied. */
const IS_CODE = /\n|;\s*$|;\s+--|\{.*:.*\}|^[\w.]+: |^(?:walhook (?:setup|check|resume|pause|replay|discard|start|run)|ALTER|CREATE|DROP|GRANT|SELECT)\b/;

/** What mends something: to copy if it is SQL, a setting or a command. */
export function Fix({ text }: { readonly text: string }): VNode {
  if (!IS_CODE.test(text)) {
    return (
      <p class="advice">
        <Raw text={text} most={4_000} />
      </p>
    );
  }
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
