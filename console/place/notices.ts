import { createStore } from './store.ts';

/** What an action came to, told at the foot of the page. */
export interface Notice {
  readonly id: number;
  readonly kind: 'done' | 'failed';
  readonly text: string;
  /** What would help; null: nothing known. */
  readonly hint: string | null;
}

/** Milliseconds that a notice of success stays. One of a failure stays until it is dismissed. */
const STAYS = 8_000;

export const notices = createStore<readonly Notice[]>([]);
let last = 0;

export function tell(kind: Notice['kind'], text: string, hint: string | null = null): void {
  const id = ++last;
  notices.set([...notices.get().slice(-2), { id, kind, text, hint }]);
  if (kind === 'done') setTimeout(() => dismiss(id), STAYS);
}

export function dismiss(id: number): void {
  notices.set(notices.get().filter((notice) => notice.id !== id));
}
