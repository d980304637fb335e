import { Unrenderable } from './unrenderable.ts';

export const FORM_CONTENT_TYPE = 'application/x-www-form-urlencoded';

/**
 * JSON → pairs for a form or a URL's query, nested as PHP nests them: `fields[name]=Juliet`, `interests[]=a&interests[]=b`, and
 * with indexes where a list has lists or maps in it: `items[0][id]=1`. Numbers keep their digits, true and false their names; null
 * is an empty value; empty lists and maps leave nothing. Names keep their order.
 *
 * Escaped as https://url.spec.whatwg.org/#urlencoded-serializing says, the brackets too, a space as `+`.
 * @param json valid JSON, a map
 * @throws Unrenderable for what no form can say: see `nameOf`
 */
export function encodeForm(json: string): string {
  const reader = new Reader(json);
  reader.value('');
  return reader.pairs;
}

const QUOTE = '"';
/** What ends a number or a word. */
const ENDS = new Set([',', ']', '}', ' ', '\n', '\r', '\t']);
const SPACES = new Set([' ', '\n', '\r', '\t']);
/** What stands in a form as it is. */
const PLAIN = /^[\w*.-]*$/;

/** Levels of brackets: as many as PHP reads unless told otherwise (max_input_nesting_level). */
const DEEPEST = 64;

/** One pass over the text: no value is made that would lose digits, order or a name that stands there twice. */
class Reader {
  pairs = '';
  readonly #json: string;
  #at = 0;
  #depth = 0;

  constructor(json: string) {
    this.#json = json;
  }

  /** `name`: escaped already; empty for the whole. */
  value(name: string): void {
    this.#skipSpace();
    const first = this.#json[this.#at];
    if (first === '{') return this.#nested(() => this.#map(name));
    if (name === '') throw new Unrenderable('encoding: a form is made of a map: a list or a single value has no names');
    if (first === '[') return this.#nested(() => this.#list(name));
    const text = first === QUOTE ? this.#string() : this.#word();
    this.pairs += `${this.pairs === '' ? '' : '&'}${name}=${text === 'null' && first !== QUOTE ? '' : formText(text)}`;
  }

  #nested(read: () => void): void {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new Unrenderable(`encoding: a form cannot be nested deeper than ${DEEPEST} levels`);
    read();
    this.#depth -= 1;
  }

  #map(name: string): void {
    this.#at += 1;
    while (this.#next('}')) {
      const key = nameOf(this.#string(), name);
      this.#skipSpace();
      this.#at += 1; // the colon
      this.value(key);
    }
  }

  #list(name: string): void {
    this.#at += 1;
    const isNested = this.#isNested();
    for (let index = 0; this.#next(']'); index += 1) this.value(`${name}%5B${isNested ? index : ''}%5D`);
  }

  /** Whether the list that starts here has a list or map for an item. `a[][b]` would not tell one item from the next. */
  #isNested(): boolean {
    const start = this.#at;
    let nested = false;
    while (!nested && this.#next(']')) {
      const first = this.#json[this.#at];
      nested = first === '{' || first === '[';
      if (first === QUOTE) this.#string();
      else this.#word();
    }
    this.#at = start;
    return nested;
  }

  /** Goes to the next item; false, and past the end, if there is none. */
  #next(end: string): boolean {
    this.#skipSpace();
    if (this.#json[this.#at] === ',') {
      this.#at += 1;
      this.#skipSpace();
    }
    if (this.#json[this.#at] !== end) return true;
    this.#at += 1;
    return false;
  }

  #string(): string {
    const start = this.#at;
    let end = this.#json.indexOf(QUOTE, start + 1);
    while (this.#isEscaped(end)) end = this.#json.indexOf(QUOTE, end + 1);
    this.#at = end + 1;
    const text = this.#json.slice(start + 1, end);
    return text.includes('\\') ? (JSON.parse(this.#json.slice(start, end + 1)) as string) : text;
  }

  /** An odd number of backslashes stands before it. */
  #isEscaped(index: number): boolean {
    let first = index;
    while (this.#json[first - 1] === '\\') first -= 1;
    return (index - first) % 2 === 1;
  }

  #word(): string {
    const start = this.#at;
    while (this.#at < this.#json.length && !ENDS.has(this.#json[this.#at] ?? '')) this.#at += 1;
    return this.#json.slice(start, this.#at);
  }

  #skipSpace(): void {
    while (SPACES.has(this.#json[this.#at] ?? '')) this.#at += 1;
  }
}

/**
 * A key below another name. Its message does not quote the key, which may be a row's.
 * @throws Unrenderable for a key that would be read as structure: one with brackets, and an empty one, which means the next item
 */
function nameOf(key: string, name: string): string {
  if (key === '') throw new Unrenderable('encoding: a form cannot have an empty name');
  if (/[[\]]/.test(key)) throw new Unrenderable('encoding: a form cannot have a name with [ or ] in it: it would be read as a list or map');
  return name === '' ? formText(key) : `${name}%5B${formText(key)}%5D`;
}

/** A text as a form has it. Half a surrogate pair becomes U+FFFD, as everywhere where text becomes UTF-8. */
export function formText(text: string): string {
  if (PLAIN.test(text)) return text;
  return encodeURIComponent(text.toWellFormed()).replaceAll(/%20|[!'()~]/g, (character) =>
    character === '%20' ? '+' : `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
