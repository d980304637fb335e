const HIDDEN = '***';

/** User and password of a well-formed URL. */
const USERINFO = /(?<=:\/\/)[^\s/?#"]+(?=@)/g;
/** The same where a password has `/`, `?` or `#` in it, which a URL may not have: hides too much rather than too little. */
const LOOSE_USERINFO = /(?<=:\/\/)[^\s"]+(?=@)/g;
/** In a URL's query, or in a connection string of the form `password=abc`. */
const QUERY_SECRET = /(?<=[?&\s"'][\w.-]*(?:pass|secret|token|key|sig|auth|credential|code)[\w.-]*=)[^&\s#'"]+/gi;
const SIGNING_SECRET = /(?<=wh(?:sec|sk)_)[^\s'",\]}]+/g;
/** `token: abc`, `Authorization: Bearer abc`: a key that says its value is secret, up to the end of the value. */
const NAMED_SECRET =
  /(?<=(?:token|secret|passw|authorization|api[-_]?key|cookie|credential)[\w-]*["']?\s*:\s+)(?:"[^"]*"?|'[^']*'?|(?![\s[{"'])(?:\$\{[^}]*\}|(?!\s#|,\s)[^}\]])+)/gi;
/** A reference that has no text of its own but names, or an expression, whose text every event shares: they may be shown. */
const REFERENCE = /\$\{(?:file:[^}]*|\w+(?::-|:\?[^}]*)?)\}|\$\{\{.*?\}\}?/g;

/** A URL without what gives access: user and password, and query parameters such as `token` or `password`. */
export function maskUrl(url: string | URL): string {
  const text = String(url);
  return text.replaceAll(URL.canParse(text) ? USERINFO : LOOSE_USERINFO, HIDDEN).replaceAll(QUERY_SECRET, HIDDEN);
}

/** Any text without the URL credentials and signing secrets that are in it. */
export function maskText(text: string): string {
  return maskUrl(text).replaceAll(SIGNING_SECRET, HIDDEN);
}

/** A header whose name says that its value gives access. */
const SECRET_HEADER = /auth|cookie|credential|key|pass|secret|token/i;

/** A header, its value masked if its name sounds secret. */
export function maskHeader([name, value]: readonly [name: string, value: string]): readonly [name: string, value: string] {
  return [name, SECRET_HEADER.test(name) ? HIDDEN : value];
}

/** Part of a line, 0-based; `end` is exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * A line of the file as it may be shown: URL credentials, signing secrets, values of keys that sound secret, and `secret`
 * (ranges known to be secret) are replaced by `***`. References such as `${TOKEN}` stay.
 * Gives also where the character at `caret` is now.
 */
export function maskLine(line: string, caret: number, secret: readonly Range[]): { readonly text: string; readonly caret: number } {
  const ranges = [...secret.map((range) => inner(line, range)), ...guesses(line)]
    .flatMap((range) => withoutReferences(line, range))
    .toSorted((a, b) => a.start - b.start);
  let text = '';
  let at = 0;
  let shown = caret;
  for (const { start, end } of ranges) {
    if (end <= at) continue;
    // Overlapping ranges are hidden as one.
    if (start >= at) {
      text += line.slice(at, start);
      if (caret >= start && caret < end) shown = text.length;
      else if (caret >= end) shown = text.length + HIDDEN.length + (caret - end);
      text += HIDDEN;
    } else if (caret >= end) {
      shown = text.length + (caret - end);
    } else if (caret >= at) {
      shown = text.length - HIDDEN.length;
    }
    at = end;
  }
  return { text: text + line.slice(at), caret: shown };
}

function guesses(line: string): Range[] {
  const ranges: Range[] = [];
  for (const pattern of [LOOSE_USERINFO, QUERY_SECRET, SIGNING_SECRET]) {
    for (const match of line.matchAll(pattern)) ranges.push({ start: match.index, end: match.index + match[0].length });
  }
  for (const match of line.matchAll(NAMED_SECRET)) {
    ranges.push(inner(line, { start: match.index, end: match.index + match[0].trimEnd().length }));
  }
  return ranges;
}

/** Without the quotes around it. */
function inner(line: string, range: Range): Range {
  const first = line[range.start];
  const quoted = (first === '"' || first === "'") && range.end - range.start > 1;
  if (!quoted) return range;
  return { start: range.start + 1, end: line[range.end - 1] === first ? range.end - 1 : range.end };
}

/** What of a range is left to hide when references may be shown. */
function withoutReferences(line: string, range: Range): Range[] {
  const rest: Range[] = [];
  let at = range.start;
  for (const match of line.slice(range.start, range.end).matchAll(REFERENCE)) {
    const start = range.start + match.index;
    if (start > at) rest.push({ start: at, end: start });
    at = start + match[0].length;
  }
  if (at < range.end) rest.push({ start: at, end: range.end });
  return rest.filter(({ start, end }) => line.slice(start, end).trim() !== '');
}
