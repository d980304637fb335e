import type { ShownRequest } from '../inspection.ts';
import { PRODUCE, recordTarget } from '../record-path.ts';
import { printable } from './printable.ts';

/** A request as a command for a shell, an argument a line. What is masked stays so: `***` is to be filled in. */
export function curlCommand(request: ShownRequest): string {
  const { method, url, headers, body } = request;
  if (method === PRODUCE) return kcatCommand(request);
  const parts = [
    // A body of its own would make a HEAD wait for one.
    method === 'HEAD' ? 'curl --head' : `curl -X ${method}`,
    // Brackets are curl's own language else.
    ...(/[[\]{}]/.test(url) ? ['--globoff'] : []),
    quoted(url),
    ...headers.map(([name, value]) => `-H ${header(`${name}: ${value}`)}`),
    ...(body === null ? [] : [`--data-raw ${quoted(body)}`]),
  ];
  return parts.join(' \\\n  ');
}

/** A record as a command of kcat, which curl has nothing like. https://github.com/edenhill/kcat */
function kcatCommand({ url, headers, body }: ShownRequest): string {
  const { host, pathname } = new URL(url);
  const { topic, key } = recordTarget(pathname) ?? { topic: '', key: null };
  const parts = [
    `printf %s ${quoted(body ?? '')} | kcat -P -b ${plain(host)} -t ${plain(topic)}${key === null ? '' : ` -k ${quoted(key)}`}`,
    ...headers.map(([name, value]) => `-H ${quoted(`${name}=${value}`)}`),
  ];
  return parts.join(' \\\n  ');
}

/** What a terminal would not show as it is goes in as its bytes. */
function quoted(text: string): string {
  return printable(text) === text ? plain(text) : inBytes(text, /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, 'utf8');
}

/** Octets of a header beyond ASCII are Latin-1, as the daemon sends them; a shell would write UTF-8. */
function header(text: string): string {
  return /^[ -~]*$/.test(text) ? plain(text) : inBytes(text, /[^ -~]/g, 'latin1');
}

function plain(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** bash and zsh read bytes in `$'…'`. */
function inBytes(text: string, which: RegExp, encoding: 'utf8' | 'latin1'): string {
  const bytes = (character: string): string => [...Buffer.from(character, encoding)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  return `$'${text.replaceAll(/[\\']/g, '\\$&').replaceAll(which, bytes)}'`;
}
