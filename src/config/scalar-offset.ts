/**
 * Where the character at `offset` of a YAML scalar's value stands in `raw`, the scalar as the file writes it
 * (quotes, block header and indentation included). Folding and indentation only touch white space, so the
 * characters that are not white space are counted; an escape stands for one character.
 */
export function offsetInScalar(raw: string, value: string, offset: number): number {
  const quote = raw[0] === '"' || raw[0] === "'" ? raw[0] : '';
  let at = /^(?:[|>][^\n]*\n|["'])/.exec(raw)?.[0].length ?? 0;
  let before = value.slice(0, offset).replaceAll(/\s/g, '').length;
  const wantsBlank = /\s/.test(value[offset] ?? '');
  while (at < raw.length) {
    const { length, blank } = characterAt(raw, at, quote);
    if (before === 0 && (!blank || wantsBlank)) break;
    if (!blank) before--;
    at += length;
  }
  // At the value's end: the closing quote, or right behind the last character.
  return offset >= value.length ? Math.min(at, raw.trimEnd().length) : at;
}

interface Character {
  /** How many characters of the file stand for it. */
  readonly length: number;
  /** True if it is white space, or stands for nothing. */
  readonly blank: boolean;
}

const ESCAPE_DIGITS = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);

/** https://yaml.org/spec/1.2.2/#57-escaped-characters */
function characterAt(raw: string, at: number, quote: string): Character {
  if (quote === '"' && raw[at] === '\\') {
    const escape = raw[at + 1] ?? '';
    return { length: 2 + (ESCAPE_DIGITS.get(escape) ?? 0), blank: /[\sntrvfLP_]/.test(escape) };
  }
  if (quote === "'" && raw.startsWith("''", at)) return { length: 2, blank: false };
  return { length: 1, blank: /\s/.test(raw[at] ?? '') };
}
