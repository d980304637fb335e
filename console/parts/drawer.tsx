import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface DrawerProps {
  readonly title: ComponentChildren;
  /** Where closing it leads: the list as it was. */
  readonly close: string;
  readonly label: string;
  readonly children: ComponentChildren;
}

/** What is read beside its list, at a URL of its own. */
export function Drawer({ title, close, label, children }: DrawerProps): VNode {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.documentElement.classList.add('with-drawer');
    heading.current?.focus({ preventScroll: true });
    return () => document.documentElement.classList.remove('with-drawer');
  }, []);
  return (
    <aside class="drawer" aria-label={label}>
      <header>
        <h2 ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <a class="button" href={close} data-key="Escape" title="esc">
          close
        </a>
      </header>
      <div class="drawer-body">{children}</div>
    </aside>
  );
}
