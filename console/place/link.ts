/** `/deliveries?state=dead`. Parameters that are null, undefined or empty are left out. */
export function link(parts: readonly string[], query: URLSearchParams | Readonly<Record<string, string | null | undefined>> = {}): string {
  const given = query instanceof URLSearchParams ? [...query] : Object.entries(query);
  const kept = new URLSearchParams(given.flatMap(([name, value]) => (value === null || value === undefined || value === '' ? [] : [[name, value] as [string, string]])));
  const path = `/${parts.map(encodeURIComponent).join('/')}`;
  return kept.size === 0 ? path : `${path}?${kept}`;
}
