/*
 * JSON as text: what is passed on keeps its digits, its escapes and its order, which JSON.parse would not.
 * All of it takes text that JSON.parse has accepted.
 */

/** The members of an object by name, each as its JSON text; the last one of a name counts, as for JSON.parse. */
export type Members = ReadonlyMap<string, string>;

const NONE: Members = new Map();

/** Null for what is no object. */
export function membersOf(json: string | undefined): Members | null {
  if (json === undefined || json[0] !== '{') return null;
  const found = new Map<string, string>();
  let at = gap(json, 1);
  while (json[at] === '"') {
    const end = stringEnd(json, at);
    const name = textOf(json.slice(at, end));
    const from = gap(json, gap(json, end) + 1);
    at = valueEnd(json, from);
    // A name that comes again stands where it came first.
    found.set(name, json.slice(from, at));
    at = gap(json, at);
    if (json[at] === ',') at = gap(json, at + 1);
  }
  return found;
}

/** The members of what should be an object, if it is one. */
export function membersIn(members: Members, name: string): Members {
  return membersOf(members.get(name)) ?? NONE;
}

/** The items of a list, each as its JSON text; null for what is no list. */
export function itemsOf(json: string | undefined): readonly string[] | null {
  if (json === undefined || json[0] !== '[') return null;
  const found: string[] = [];
  let at = gap(json, 1);
  while (at < json.length && json[at] !== ']') {
    const end = valueEnd(json, at);
    found.push(json.slice(at, end));
    at = gap(json, end);
    if (json[at] === ',') at = gap(json, at + 1);
  }
  return found;
}

/** What a JSON string says; null for what is no string. */
export function stringOf(json: string | undefined): string | null {
  return json?.[0] === '"' ? textOf(json) : null;
}

/** A number that is whole and not negative; null for all else. */
export function countOf(json: string | undefined): bigint | null {
  return json !== undefined && /^\d+$/.test(json) ? BigInt(json) : null;
}

/** @param json of a string */
function textOf(json: string): string {
  return json.includes('\\') ? String(JSON.parse(json)) : json.slice(1, -1);
}

function gap(text: string, from: number): number {
  let at = from;
  // Space, tab and the ends of lines are all that may stand between.
  while (text.charCodeAt(at) <= 0x20) at++;
  return at;
}

/** Behind the quote that ends the string which begins at `from`. */
function stringEnd(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text[at - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
  return text.length;
}

function valueEnd(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return stringEnd(text, from);
  if (first !== '{' && first !== '[') {
    let at = from;
    while (at < text.length && !ENDS.has(text.charCodeAt(at))) at++;
    return at;
  }
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === '"') at = stringEnd(text, at) - 1;
    else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') {
      depth--;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

/** What may follow a number or a word: a comma, a bracket, a brace, a gap. */
const ENDS: ReadonlySet<number> = new Set([0x2c, 0x5d, 0x7d, 0x20, 0x09, 0x0a, 0x0d]);
