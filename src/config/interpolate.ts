/** Where `${…}` gets its values. */
export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of the file at an absolute path; throws if it cannot be read. */
  readonly readFile: (path: string) => string;
}

export interface Fault {
  readonly message: string;
  /** Offset in the text that was given. */
  readonly at: number;
}

/** What stands in a `${{ … }}`, without the blanks around it. */
export interface WrittenExpression {
  readonly source: string;
  /** Offset in the text that was given. */
  readonly at: number;
}

export interface Interpolated {
  readonly text: string;
  /** True if a part of the text came from outside the file, so that it may be a secret. */
  readonly filled: boolean;
  /** The same piece by piece, with the expressions that stand in `${{ … }}`. What is filled in is never one. Empty pieces are left out. */
  readonly parts: readonly (string | WrittenExpression)[];
  readonly faults: readonly Fault[];
}

/**
 * Fills in a scalar: `${VAR}`, `${VAR:-default}` (used if VAR is unset or empty; may have references of its own),
 * `${VAR:?message}` (the same, as an error), `${file:/path}` (a trailing newline is cut), and `$$` for `$`.
 * What is filled in is not looked at again. `${{ … }}` is an expression and stays as it is; so does any other `$`.
 */
export function interpolate(text: string, sources: Sources): Interpolated {
  const reader = new Reader(text, sources);
  const whole = reader.read();
  return { text: whole, filled: reader.filled, parts: reader.parts, faults: reader.faults };
}

const NO_END = 'the reference that starts here has no end: } is missing';

class Reader {
  filled = false;
  readonly parts: (string | WrittenExpression)[] = [];
  readonly faults: Fault[] = [];
  readonly #text: string;
  readonly #sources: Sources;
  #at = 0;

  constructor(text: string, sources: Sources) {
    this.#text = text;
    this.#sources = sources;
  }

  /** Reads to the end. */
  read(): string {
    let out = '';
    let piece = '';
    while (this.#at < this.#text.length) {
      if (!this.#sees('${{')) {
        piece += this.#piece();
        continue;
      }
      const start = this.#at;
      const expression = this.#expression();
      if (piece !== '') this.parts.push(piece);
      this.parts.push(expression);
      out += piece + this.#text.slice(start, this.#at);
      piece = '';
    }
    if (piece !== '') this.parts.push(piece);
    return out + piece;
  }

  /** What stands in a default, up to the `}` that ends it. */
  #fallback(): string {
    let out = '';
    while (this.#at < this.#text.length && !this.#sees('}')) {
      const start = this.#at;
      if (!this.#sees('${{')) {
        out += this.#piece();
        continue;
      }
      this.#expression();
      this.#fault(start, 'an expression cannot stand in the default of a variable');
    }
    return out;
  }

  #piece(): string {
    if (this.#sees('$$')) {
      this.#at += 2;
      return '$';
    }
    if (this.#sees('${')) return this.#reference();
    const start = this.#at;
    do this.#at++;
    while (this.#at < this.#text.length && !this.#sees('$') && !this.#sees('}'));
    return this.#text.slice(start, this.#at);
  }

  #sees(what: string): boolean {
    return this.#text.startsWith(what, this.#at);
  }

  #expression(): WrittenExpression {
    const start = this.#at;
    const end = endOfExpression(this.#text, start + 3);
    if (end === null) this.#fault(start, 'the expression that starts here has no end: }} is missing');
    this.#at = end ?? this.#text.length;
    const inner = this.#text.slice(start + 3, end === null ? this.#at : end - 2);
    const source = inner.trim();
    return { source, at: start + 3 + (source === '' ? 0 : inner.indexOf(source)) };
  }

  #reference(): string {
    const start = this.#at;
    this.#at += 2;
    const rest = this.#text.slice(this.#at);
    if (rest.startsWith('file:')) {
      const path = this.#upToBrace(start).slice('file:'.length);
      return this.#file(start, path);
    }
    const name = /^[A-Za-z_]\w*/.exec(rest)?.[0] ?? '';
    this.#at += name.length;
    const value = Object.hasOwn(this.#sources.env, name) ? this.#sources.env[name] : undefined;
    const operator = this.#text.slice(this.#at, this.#at + 2);
    if (name !== '' && operator === ':-') {
      this.#at += 2;
      return this.#default(start, value);
    }
    const tail = this.#upToBrace(start);
    if (name !== '' && operator === ':?') {
      if (value === undefined || value === '') this.#fault(start, tail.slice(2) === '' ? notSet(name) : `${name}: ${tail.slice(2)}`);
    } else if (name === '' || tail !== '') {
      this.#fault(start, 'a reference is ${VAR}, ${VAR:-default}, ${VAR:?message} or ${file:/path}; write $$ for a plain $');
    } else if (value === undefined) {
      this.#fault(start, notSet(name));
    }
    this.filled = true;
    return value ?? '';
  }

  #default(start: number, value: string | undefined): string {
    const faults = this.faults.length;
    const fallback = this.#fallback();
    // A default's own text counts as filled in too: `${N:-16}` may stand for a number.
    this.filled = true;
    const used = value === undefined || value === '';
    // What an unused default lacks does not matter.
    if (!used) this.faults.length = faults;
    if (!this.#sees('}')) this.#fault(start, NO_END);
    this.#at++;
    return used ? fallback : value;
  }

  #file(start: number, path: string): string {
    this.filled = true;
    if (!path.startsWith('/')) {
      this.#fault(start, 'the path of a ${file:…} must be absolute');
      return '';
    }
    try {
      return this.#sources.readFile(path).replace(/\r?\n$/, '');
    } catch (error) {
      this.#fault(start, `cannot read ${path}${reason(error)}`);
      return '';
    }
  }

  /** What is left up to the `}`, which is passed. */
  #upToBrace(start: number): string {
    const end = this.#text.indexOf('}', this.#at);
    const from = this.#at;
    if (end === -1) {
      this.#fault(start, NO_END);
      this.#at = this.#text.length;
      return '';
    }
    this.#at = end + 1;
    return this.#text.slice(from, end);
  }

  #fault(at: number, message: string): void {
    // The first fault of a reference says it all.
    if (!this.faults.some((fault) => fault.at === at)) this.faults.push({ at, message });
  }
}

function notSet(name: string): string {
  return `the environment variable ${name} is not set`;
}

/** `: ENOENT`; the system's own words may hold more than they should, so only its code is shown. */
export function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return ': there is no such file';
  if (code === 'EACCES') return ': permission denied';
  return typeof code === 'string' ? `: ${code}` : '';
}

/** Offset behind the `}}` that ends an expression: braces nest, and those within quotes do not count. */
function endOfExpression(text: string, from: number): number | null {
  let depth = 0;
  let quote = '';
  for (let at = from; at < text.length; at++) {
    const char = text[at] ?? '';
    if (quote !== '') {
      if (char === '\\') at++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'") {
      quote = char;
    } else if (char === '{') {
      depth++;
    } else if (char === '}') {
      if (depth === 0 && text[at + 1] === '}') return at + 2;
      depth--;
    }
  }
  return null;
}
