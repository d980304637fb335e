/**
 * Where the character at `offset` of a YAML scalar's value stands in `raw`, the scalar as the file writes it
 * (quotes, block header and indentation included). Folding and indentation only touch white space, so the
 * characters that are not white space are counted; escapes stand for one of them.
 */
export function offsetInScalar(raw: string, value: string, offset: number): number {
  let wanted = value.slice(0, offset).replaceAll(/\s/g, '').length;
  let at = /^(?:[|>][^\n]*\n|["'])/.exec(raw)?.[0].length ?? 0;
  const quote = raw[0] === '"' || raw[0] === "'" ? raw[0] : '';
  const length = (): number => (quote === '"' ? escapeLength(raw, at) : quote === "'" && raw.startsWith("''", at) ? 2 : 1);
  while (at < raw.length && (wanted > 0 || /\s/.test(raw[at] ?? ''))) {
    // White space right before the wanted character: enough to be at its line's text, unless the value has it too.
    if (wanted === 0 && /\s/.test(value[offset] ?? '')) break;
    if (!/\s/.test(raw[at] ?? '')) wanted--;
    at += length();
  }
  // At the value's end: stay on the closing quote, or right behind the last character.
  return offset >= value.length ? endOfText(raw, at) : at;
}

function endOfText(raw: string, at: number): number {
  return Math.min(at, raw.trimEnd().length);
}

/** Length of what stands for one character in a double-quoted scalar. */
function escapeLength(raw: string, at: number): number {
  if (raw[at] !== '\\') return 1;
  const digits = new Map([
    ['x', 2],
    ['u', 4],
    ['U', 8],
  ]).get(raw[at + 1] ?? '');
  return 2 + (digits ?? 0);
}
