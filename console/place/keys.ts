import { createStore } from './store.ts';

/** Whether the list of keys is open. */
export const keysShown = createStore(false);

export const KEYS: readonly (readonly [key: string, meaning: string])[] = [
  ['/', 'search: a webhook-id, or a table and a key'],
  ['j  k', 'the next row, the one before'],
  ['enter', 'opens the row'],
  ['r', 'sends the delivery again'],
  ['p', 'freezes and resumes the live view'],
  ['esc', 'closes the drawer'],
  ['?', 'these keys'],
];

/** Keys act on what is on the page: rows are `data-row`, what a key presses is `data-key`. */
export function listenToKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
    if (event.key === 'Escape') return escape(event);
    if (isTyped(event.target)) return;
    const handled = handle(event.key);
    if (handled) event.preventDefault();
  });
}

function handle(key: string): boolean {
  switch (key) {
    case '/':
      return focus(document.querySelector<HTMLElement>('[data-key="/"]'));
    case 'j':
      return move(1);
    case 'k':
      return move(-1);
    case 'r':
    case 'p':
      return press(key);
    case 'Enter':
      return open();
    case '?':
      keysShown.set(!keysShown.get());
      return true;
    default:
      return false;
  }
}

function escape(event: KeyboardEvent): void {
  if (isTyped(event.target) && event.target instanceof HTMLElement) return event.target.blur();
  if (keysShown.get()) return keysShown.set(false);
  press('Escape');
}

function isTyped(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.matches('input, textarea, select') || target.isContentEditable);
}

function focus(element: HTMLElement | null): boolean {
  element?.focus();
  if (element instanceof HTMLInputElement) element.select();
  return element !== null;
}

function move(step: 1 | -1): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')];
  const at = rows.findIndex((row) => row === document.activeElement || row.contains(document.activeElement));
  const next = at === -1 ? (rows.find((row) => row.getAttribute('aria-selected') === 'true') ?? rows[0]) : rows[at + step];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
  return rows.length > 0;
}

function open(): boolean {
  const row = document.activeElement;
  if (!(row instanceof HTMLElement) || row.dataset['row'] === undefined) return false;
  row.click();
  return true;
}

/** Of the row that has the focus, else of the drawer; on the page only what is of no row: a key never acts on a row that nobody chose. */
function press(key: string): boolean {
  const selector = `[data-key="${key}"]:not([disabled])`;
  const places = [document.activeElement?.closest('[data-row]'), document.querySelector('.drawer')];
  const chosen = places.map((place) => place?.querySelector<HTMLElement>(selector)).find((found) => found != null);
  const button = chosen ?? [...document.querySelectorAll<HTMLElement>(selector)].find((found) => found.closest('[data-row]') === null);
  button?.click();
  return button != null;
}
