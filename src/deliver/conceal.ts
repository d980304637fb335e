/** Headers of a request that tell nothing that must not be kept. */
const PLAIN: ReadonlySet<string> = new Set(['accept-encoding', 'content-type', 'user-agent', 'webhook-id', 'webhook-timestamp']);
/** What is shorter says nothing, and would be found in any text. */
const SHORTEST = 4;
const CONCEALED = '***';

/**
 * A response's text without what the request had to keep to itself: pages of errors like to repeat headers and the URL.
 *
 * @param request its headers, name and value in turn, and its path.
 */
export function conceal(text: string, request: { readonly headers: readonly (string | undefined)[]; readonly path: string }): string {
  if (text === '') return text;
  let told = text;
  for (const secret of secretsOf(request)) told = withoutEnd(told.replaceAll(secret, CONCEALED), secret);
  return told;
}

/** Longest first, so that none is left in part because another one is in it. */
function secretsOf({ headers, path }: { readonly headers: readonly (string | undefined)[]; readonly path: string }): string[] {
  const secrets = new Set<string>();
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const value = headers[at + 1];
    if (value === undefined || PLAIN.has(headers[at] ?? '')) continue;
    // `Bearer …`, `v1,… v1,…`: the parts too; and what stands in Basic, in plain.
    for (const part of [value, ...value.split(/[ ,]/)]) {
      secrets.add(part);
      for (const plain of value.startsWith('Basic ') ? Buffer.from(part, 'base64').toString().split(':') : []) secrets.add(plain);
    }
  }
  for (const value of new URLSearchParams(path.split('?')[1] ?? '').values()) secrets.add(value).add(encodeURIComponent(value));
  const escaped = [...secrets].map((secret) => JSON.stringify(secret).slice(1, -1));
  return [...new Set([...secrets, ...escaped])].filter((secret) => secret.length >= SHORTEST).toSorted((a, b) => b.length - a.length);
}

/** The text is cut somewhere: it may end in the middle of the secret. */
function withoutEnd(text: string, secret: string): string {
  for (let length = Math.min(secret.length - 1, text.length); length >= SHORTEST; length--) {
    if (text.endsWith(secret.slice(0, length))) return text.slice(0, -length) + CONCEALED;
  }
  return text;
}
