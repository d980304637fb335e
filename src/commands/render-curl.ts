import { printable } from './printable.ts';
import type { ShownRequest } from './send-text.ts';

/** A request as a command for a shell, an argument a line. What is masked stays so: `***` is to be filled in. */
export function curlCommand({ method, url, headers, body }: ShownRequest): string {
  const parts = [
    // A body of its own would make a HEAD wait for one.
    method === 'HEAD' ? 'curl --head' : `curl -X ${method}`,
    // Brackets are curl's own language else.
    ...(/[[\]{}]/.test(url) ? ['--globoff'] : []),
    quoted(url),
    ...headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === null ? [] : [`--data-raw ${quoted(body)}`]),
  ];
  return parts.join(' \\\n  ');
}

/** What a terminal would not show as it is goes in as its bytes, which bash and zsh read in `$'…'`. */
function quoted(text: string): string {
  if (printable(text) === text) return `'${text.replaceAll("'", `'\\''`)}'`;
  return `$'${text.replaceAll(/[\\']/g, '\\$&').replaceAll(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, bytes)}'`;
}

function bytes(character: string): string {
  return [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}
