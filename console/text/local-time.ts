/** ISO 8601 in UTC of what a `datetime-local` field holds; null if it holds nothing. */
export function isoOf(local: string): string | null {
  if (local === '') return null;
  const time = new Date(local);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

/** What a `datetime-local` field shows for a time; empty for null. */
export function localOf(iso: string | null): string {
  if (iso === null || iso === '') return '';
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return '';
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
