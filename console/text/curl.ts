import type { ShownRequest } from '../../src/inspection.ts';

/** A request as a command for a shell, an argument a line. What is masked stays so: `***` is to be filled in. */
export function curl({ method, url, headers, body }: ShownRequest): string {
  return [
    method === 'HEAD' ? 'curl --head' : `curl -X ${method}`,
    // Brackets are curl's own language else.
    ...(/[[\]{}]/.test(url) ? ['--globoff'] : []),
    quoted(url),
    ...headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === null ? [] : [`--data-raw ${quoted(body)}`]),
  ].join(' \\\n  ');
}

/** bash and zsh read bytes in `$'…'`: what would not show goes in as that. */
function quoted(text: string): string {
  const hidden = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu;
  if (text.search(hidden) === -1) return `'${text.replaceAll("'", `'\\''`)}'`;
  const escaped = text.replaceAll(/[\\']/g, String.raw`\$&`).replaceAll(hidden, (character) =>
    [...new TextEncoder().encode(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  );
  return `$'${escaped}'`;
}
