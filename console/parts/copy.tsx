import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { writeClipboard } from '../place/clipboard.ts';
import { tell } from '../place/notices.ts';

interface CopyProps {
  /** Worked out when it is wanted. */
  readonly text: () => string;
  readonly children: ComponentChildren;
  readonly class?: string;
  readonly title?: string;
}

/** Copies, and says so where it was clicked. */
export function Copy({ text, children, class: name = 'button', title }: CopyProps): VNode {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), 1_500);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = (event: Event): void => {
    event.stopPropagation();
    writeClipboard(text()).then(
      () => setCopied(true),
      () => tell('failed', 'the browser does not let the page copy', 'select the text and copy it'),
    );
  };
  return (
    <button type="button" class={name} {...(title === undefined ? {} : { title })} data-copied={copied} onClick={copy}>
      {copied ? 'copied' : children}
    </button>
  );
}
