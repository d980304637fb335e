import { placeIn, sqlPath } from './expression-sites.ts';
import type { Finding } from './problem.ts';
import { type Node, nodeAt, type Path, type PlacedExpression, Scalar } from './tree.ts';

/**
 * What is wrong with the SQL of a lookup, as far as one can tell without the database: it is one query, and its
 * expressions become bound parameters, which SQL does not know within quotes, names and comments.
 */
export function sqlRules(root: Node, lookup: Path, text: string): Finding[] {
  const path = sqlPath(root, lookup);
  const node = nodeAt(root, path);
  if (!(node instanceof Scalar) || typeof node.value !== 'string') return [];
  const { origin, span } = node;
  const reader = new SqlReader();
  const findings: Finding[] = [];
  for (const [index, part] of origin.parts.entries()) {
    if (typeof part === 'string') {
      for (const { message, at } of reader.text(part)) findings.push({ at: placeInPiece(node, text, { index, offset: at }), path, message });
    } else {
      const message = reader.expression();
      if (message !== null) findings.push({ at: placeIn(node, text, part.at), path, message });
    }
  }
  const message = reader.end();
  return message === null ? findings : [...findings, { at: span.start, path, message }];
}

/** A character of one of the pieces of a scalar's text. */
export interface InPiece {
  readonly index: number;
  readonly offset: number;
}

/** Offset in the file of a character. Where text was filled in, only the whole can be pointed at. */
export function placeInPiece(node: Scalar, text: string, { index, offset }: InPiece): number {
  const { parts, written, filled } = node.origin;
  const part = parts[index];
  if (typeof part === 'object') return placeIn(node, text, part.at + offset);
  if (filled !== 'no') return node.span.start;
  const before = parts[index - 1];
  return placeIn(node, text, writtenOffset(written, typeof before === 'object' ? behind(written, before) : 0, offset));
}

/** Offset behind the `}}` of an expression. */
function behind(written: string, { at, source }: PlacedExpression): number {
  return written.indexOf('}}', at + source.length) + '}}'.length;
}

/** Where a piece's character is written, if the piece begins at `from`: `$$` stands for one. */
function writtenOffset(written: string, from: number, offset: number): number {
  let at = from;
  for (let count = 0; count < offset; count++) at += written.startsWith('$$', at) ? 2 : 1;
  return at;
}

interface SqlFault {
  readonly message: string;
  /** Offset in the piece. */
  readonly at: number;
}

/** Where reading is: in plain SQL, or within what has an end of its own. */
type Within = { readonly what: 'quotes' | 'a comment'; readonly end: string; readonly backslash: boolean };

/** Reads SQL piece by piece, no further than is needed to tell quotes and comments from the rest. */
class SqlReader {
  #within: Within | null = null;
  /** How many comments nest: https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-COMMENTS */
  #depth = 0;
  #afterExpression = false;
  #last = '';
  #blank = true;

  text(piece: string): SqlFault[] {
    const faults: SqlFault[] = [];
    if (this.#within === null && this.#afterExpression && /^[\w$]/.test(piece)) faults.push({ message: 'a blank is missing between this and the expression before it', at: 0 });
    this.#afterExpression = false;
    let at = 0;
    while (at < piece.length) {
      if (this.#within !== null) at = this.#inside(piece, at, this.#within);
      else {
        const fault = this.#blank ? firstFault(piece, at) : faultAt(piece, at);
        if (fault !== null) faults.push({ message: fault, at });
        at = this.#outside(piece, at);
      }
    }
    this.#last = piece.at(-1) ?? '';
    return faults;
  }

  /** Why an expression cannot stand here, or null. */
  expression(): string | null {
    const glued = this.#within === null && (this.#afterExpression || /[\w$]/.test(this.#last));
    this.#afterExpression = true;
    this.#last = '';
    this.#blank = false;
    if (this.#within !== null) return `an expression becomes a bound parameter, which cannot stand within ${this.#within.what}: leave ${this.#within.what === 'quotes' ? 'them' : 'it'} out`;
    return glued ? 'a blank is missing before this expression: it becomes a bound parameter' : null;
  }

  end(): string | null {
    if (this.#within !== null && this.#within.end !== '\n') return this.#within.what === 'quotes' ? 'the SQL ends within quotes' : 'the SQL ends within a comment';
    return this.#blank ? 'the SQL is empty' : null;
  }

  #inside(piece: string, at: number, { end, backslash }: Within): number {
    if (backslash && piece[at] === '\\') return at + 2;
    if (end === '*/' && piece.startsWith('/*', at)) {
      this.#depth++;
      return at + 2;
    }
    if (!piece.startsWith(end, at)) return at + 1;
    if (end === '*/' && --this.#depth > 0) return at + 2;
    this.#within = null;
    return at + end.length;
  }

  #outside(piece: string, at: number): number {
    const rest = piece.slice(at);
    const [opening = ''] = /^(?:[eE]?'|"|--|\/\*|\$(?:[A-Za-z_]\w*)?\$)/.exec(rest) ?? [];
    if (opening === '--' || opening === '/*') {
      this.#depth = 1;
      this.#within = { what: 'a comment', end: opening === '--' ? '\n' : '*/', backslash: false };
      return at + opening.length;
    }
    if (opening !== '') {
      this.#blank = false;
      const escapes = /^e/i.test(opening);
      this.#within = { what: 'quotes', end: escapes ? "'" : opening, backslash: escapes };
      return at + opening.length;
    }
    // A word as a whole, so that the e before a quote is not taken from the end of one.
    const [word = ''] = /^[\w$]+/.exec(rest) ?? [];
    this.#blank &&= /^\s/.test(rest);
    return at + Math.max(1, word.length);
  }
}

/** Before anything else is there: a blank, a comment, or the word that the query begins with. */
function firstFault(piece: string, at: number): string | null {
  const isQuery = /^(?:\s|--|\/\*|\(|(?:select|with|values|table)\b)/i.test(piece.slice(at));
  return isQuery ? null : 'a lookup is a query: it begins with SELECT, WITH, VALUES or TABLE';
}

function faultAt(piece: string, at: number): string | null {
  if (piece[at] === ';') return 'a lookup is one query: leave the ; out';
  return /^\$\d/.test(piece.slice(at)) ? 'a parameter of its own has no value: write ${{ }} with an expression' : null;
}
