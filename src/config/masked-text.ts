import { secretSpans } from './locate.ts';
import { maskLine } from './mask.ts';
import { parse } from './parse.ts';
import { type Node, nodeAt, Scalar, type Span } from './tree.ts';

/** A hook as the file writes it. */
export interface WrittenHook {
  /** Its part of the file, without the indentation, secrets masked. */
  readonly yaml: string;
  /** `when` before anything is filled in; null if it has none. */
  readonly when: string | null;
}

/**
 * The text of a configuration file as it may be shown: URL credentials, signing secrets, headers, tokens and whatever sounds
 * secret are `***`; references such as `${TOKEN}` stay. Of a text that is not YAML nobody knows what is what: all but its keys is masked.
 */
export class MaskedText {
  readonly #text: string;
  readonly #root: Node | null;
  readonly #secrets: readonly Span[];

  constructor(text: string) {
    this.#text = text;
    // What variables hold is of no matter here.
    this.#root = parse(text, { env: {}, readFile: () => '' }).root;
    this.#secrets = this.#root === null ? [] : secretSpans(this.#root);
  }

  get whole(): string {
    return this.#root === null ? this.#text.split('\n').map(keyAlone).join('\n') : this.#show({ start: 0, end: this.#text.length });
  }

  /** Null if the file has no hook at this place of `hooks`. */
  hook(index: number): WrittenHook | null {
    const root = this.#root;
    const node = root === null ? null : nodeAt(root, ['hooks', index]);
    if (root === null || node === null) return null;
    const when = nodeAt(root, ['hooks', index, 'when']);
    const { start, end } = node.span;
    const column = start - (this.#text.lastIndexOf('\n', start - 1) + 1);
    const [first = '', ...rest] = this.#show({ start, end }).trimEnd().split('\n');
    return {
      yaml: [first, ...rest.map((line) => line.slice(Math.min(column, line.length - line.trimStart().length)))].map(quoted).join('\n'),
      when: when instanceof Scalar && when.origin.written !== '' ? when.origin.written : null,
    };
  }

  #show({ start, end }: Span): string {
    const lines: string[] = [];
    for (let at = start; at <= end; ) {
      const newline = this.#text.indexOf('\n', at);
      const to = newline === -1 || newline > end ? end : newline;
      const ranges = this.#secrets.filter((span) => span.start < to && span.end > at).map((span) => ({ start: Math.max(span.start - at, 0), end: Math.min(span.end, to) - at }));
      lines.push(maskLine(this.#text.slice(at, to), 0, ranges).text);
      at = to + 1;
    }
    return lines.join('\n');
  }
}

/** The key of a line, or the dashes of a list, and nothing of the value. */
function keyAlone(line: string): string {
  const lead = /^\s*(?:- +)*(?:[\w.-]+:(?=\s|$))?/.exec(line)?.[0] ?? '';
  return line.slice(lead.length).trim() === '' ? lead : `${lead}${lead.trim() === '' ? '' : ' '}***`;
}

/** Where a whole value is masked that had no quotes, YAML would take what is left for an alias. */
function quoted(line: string): string {
  return line.replaceAll(/(?<=(?:[:[{,]|^ *-) +)\*{3}(?=\s*(?:[,}\]]|#|$))/g, '"***"');
}
