/** How much of a failed response's body is kept, in bytes. */
export const KEPT = 2048;
/** How much of a response's body is read before its connection is closed, in bytes. */
export const READ = 1024 * 1024;

/** Controls, format and private characters, save tab and line feed: a terminal or a page would act on them, and Postgres refuses U+0000. */
const UNPRINTABLE = /[^\P{C}\t\n]/gu;

/** The start of a response's body as text that can be shown and stored. `encoding`: its Content-Encoding, empty if it has none. */
export function printable(bytes: Buffer, encoding: string): string {
  if (encoding !== '' && encoding !== 'identity') return bytes.length === 0 ? '' : '(compressed, though identity was asked for)';
  return bytes.toString('utf8').replace(UNPRINTABLE, ' ').trim();
}

/** What a status that is not 2xx means, in a line. `location`: the Location header, of which only the host is told; `base`: the endpoint's origin. */
export function describeStatus(status: number, location: string | null, base: string): string {
  if (status < 300 || status > 399) return `the endpoint answered ${status}`;
  const host = location === null ? null : hostOf(location, base);
  return `the endpoint answered ${status}; redirects are not followed${host === null ? '' : ` (this one points to ${host})`}`;
}

function hostOf(location: string, base: string): string | null {
  const url = URL.parse(location, base);
  return url === null || url.host === '' ? null : url.host.slice(0, 255);
}
