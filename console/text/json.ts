/** Undefined if it is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * JSON with line breaks and indents, every token as it was: numbers keep all their digits, which JSON.parse would round.
 * Null if it is no JSON.
 */
export function pretty(text: string): string | null {
  if (!/^\s*[[{]/.test(text) || parsed(text) === undefined) return null;
  let out = '';
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/gs)) {
    if (token === '}' || token === ']') {
      depth--;
      // `{}` and `[]` stay in one line.
      out = /[[{]$/.test(out) ? out + token : `${out}\n${'  '.repeat(depth)}${token}`;
    } else if (token === ',') out += `,\n${'  '.repeat(depth)}`;
    else if (token === ':') out += ': ';
    else {
      if (/[[{]$/.test(out)) out += `\n${'  '.repeat(depth)}`;
      out += token;
      if (token === '{' || token === '[') depth++;
    }
  }
  return out;
}
