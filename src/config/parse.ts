import { type Document, isAlias, isMap, isScalar, isSeq, parseDocument, type ParsedNode, type Scalar as YamlScalar, type YAMLMap } from 'yaml';
import { interpolate, type Sources } from './interpolate.ts';
import type { Finding } from './problem.ts';
import { offsetInScalar } from './scalar-offset.ts';
import { type Entry, Mapping, type Node, type Origin, type Path, Scalar, type ScalarValue, Sequence, type Span } from './tree.ts';

export interface Parsed {
  /** Null if the text is not YAML at all. */
  readonly root: Node | null;
  readonly findings: readonly Finding[];
}

/** How many values a file may have, those that aliases repeat included: far more than any needs, far fewer than an alias bomb makes. */
const MAX_NODES = 100_000;
const MAX_DEPTH = 64;
const NESTED = 'nested too deeply';

/** YAML 1.2 text → a tree of values with their places, aliases resolved and variables filled in. */
export function parse(text: string, sources: Sources): Parsed {
  let document: Document.Parsed;
  try {
    // Duplicate keys are found below, where their path is known and reading can go on.
    // `silent` would pass over a second document.
    document = parseDocument(text, { version: '1.2', prettyErrors: false, uniqueKeys: false, logLevel: 'error' });
  } catch {
    // The parser recurses: only absurd nesting gets here.
    return { root: null, findings: [{ at: 0, path: [], message: NESTED }] };
  }
  const findings = syntaxFindings(text, document);
  if (document.errors.length > 0) return { root: null, findings };
  const builder = new Builder(text, sources);
  const root = builder.build(document.contents, [], { start: 0, end: 0 });
  return { root, findings: [...findings, ...builder.findings] };
}

/** One for each line: what follows on the same line is mostly the first one's doing. */
function syntaxFindings(text: string, document: Document.Parsed): Finding[] {
  const findings: Finding[] = [];
  const lines = new Set<number>();
  for (const error of [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0])) {
    // What is missing at the end is missed behind the last character.
    const at = Math.min(error.pos[0], text.trimEnd().length);
    const lineStart = text.lastIndexOf('\n', at - 1) + 1;
    if (lines.has(lineStart)) continue;
    lines.add(lineStart);
    findings.push({ at, path: [], message: syntaxMessage(text, error) });
  }
  if (document.directives.yaml.explicit === true && document.directives.yaml.version !== '1.2') {
    findings.push({ at: 0, path: [], message: `this is YAML ${document.directives.yaml.version}: walhook reads YAML 1.2` });
  }
  return findings;
}

/** In words of our own where the parser's would quote the file, which may hold a secret. */
function syntaxMessage(text: string, error: { readonly code: string; readonly message: string; readonly pos: readonly [number, number] }): string {
  const [at] = error.pos;
  if (text[at] === '{' && text[at - 1] === '$') return 'not valid YAML: within { } and [ ] a ${…} must stand in quotes';
  if (error.message.includes('call stack')) return NESTED;
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY' && /^[^\n]*\$\{\{[^\n]*: /.test(text.slice(at))) {
    return 'not valid YAML: an expression with a colon and a space in it (as in a ? b : c) must stand in quotes';
  }
  switch (error.code) {
    case 'MULTIPLE_DOCS':
      return 'a second YAML document starts here: there may be only one';
    case 'TAG_RESOLVE_FAILED':
      return 'an unknown YAML tag';
    case 'TAB_AS_INDENT':
      return 'not valid YAML: a tab indents this line, where YAML wants spaces';
    default: {
      const message = error.message.replace(/ (?:in YAML stream)?: .*$/s, '').replace(/"quote/, 'double quote').replace(/'quote/, 'single quote');
      return `not valid YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
    }
  }
}

interface Built {
  readonly node: Node;
  /** How many nodes it is, with what its aliases repeat. */
  readonly size: number;
}

const NOTHING: Origin = { written: '', filled: 'no', template: false, parts: [] };

class Builder {
  readonly findings: Finding[] = [];
  readonly #text: string;
  readonly #sources: Sources;
  /** Null while the anchored node is still being built. */
  readonly #anchors = new Map<string, Built | null>();
  #size = 0;

  constructor(text: string, sources: Sources) {
    this.#text = text;
    this.#sources = sources;
  }

  build(node: ParsedNode | null, path: Path, around: Span): Node {
    if (node === null) return failed(around, NOTHING, 'no');
    const span = { start: node.range[0], end: node.range[1] };
    if (isAlias(node)) return this.#alias(node.source, path, span);
    if (path.length > MAX_DEPTH) return this.#refuse(path.slice(0, 3), span, NESTED);
    this.#size++;
    const size = this.#size;
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, null);
    let built: Node;
    if (isMap<ParsedNode, ParsedNode | null>(node)) built = this.#mapping(node, path, span);
    else if (isSeq<ParsedNode>(node)) built = new Sequence(span, node.items.map((item, index) => this.build(item, [...path, index], span)));
    else built = this.#scalar(node, path, span);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, { node: built, size: this.#size - size + 1 });
    return built;
  }

  #alias(name: string, path: Path, span: Span): Node {
    const anchored = this.#anchors.get(name);
    if (anchored === undefined) return this.#refuse(path, span, `no anchor named ${JSON.stringify(name)} stands before this alias`);
    if (anchored === null) return this.#refuse(path, span, 'this alias stands within what it repeats');
    this.#size += anchored.size;
    if (this.#size > MAX_NODES) return this.#refuse(path, span, `with this alias the file has more than ${MAX_NODES} values`);
    return anchored.node;
  }

  #refuse(path: Path, span: Span, message: string): Node {
    this.findings.push({ at: span.start, path, message });
    return failed(span, NOTHING, 'failed');
  }

  #mapping(node: YAMLMap<ParsedNode, ParsedNode | null>, path: Path, span: Span): Mapping {
    const entries = new Map<string, Entry>();
    for (const { key, value } of node.items) {
      const place = { start: key.range[0], end: key.range[1] };
      const name = isScalar(key) ? keyText(key) : null;
      if (name === null) {
        this.findings.push({ at: place.start, path, message: 'a key must be plain text' });
        continue;
      }
      const inner = [...path, name];
      if (/\$\{/.test(name)) {
        const message = /\$\{\{/.test(name) ? 'an expression in ${{ }} cannot be a key' : 'variables are not filled in in keys';
        this.findings.push({ at: place.start, path: inner, message });
      }
      const child = this.build(value, inner, place);
      if (entries.has(name)) this.findings.push({ at: place.start, path: inner, message: 'this key is there twice' });
      else entries.set(name, { key: place, value: child });
    }
    return new Mapping(span, entries);
  }

  #scalar(node: YamlScalar, path: Path, span: Span): Scalar {
    const written = node.source ?? '';
    if (typeof node.value !== 'string') return new Scalar(span, scalarValue(node.value), { ...NOTHING, written });
    const { value } = node;
    const { text, filled, parts, faults } = interpolate(value, this.#sources);
    const raw = this.#text.slice(span.start, span.end);
    const placeOf = (at: number): number => span.start + offsetInScalar(raw, value, at);
    for (const { at, message } of faults) this.findings.push({ at: placeOf(at), path, message });
    const placed = parts.map((part) => (typeof part === 'string' ? part : { ...part, ...lineAndColumn(this.#text, placeOf(part.at)) }));
    const template = parts.some((part) => typeof part !== 'string');
    const origin: Origin = { written: value, filled: filled ? 'yes' : 'no', template, parts: placed };
    return faults.length > 0 ? failed(span, origin, 'failed') : new Scalar(span, text, origin);
  }
}

/** 1-based, in UTF-16 units. */
function lineAndColumn(text: string, at: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, at);
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') };
}

function failed(span: Span, origin: Origin, filled: Origin['filled']): Scalar {
  return new Scalar(span, null, { ...origin, filled });
}

/** Keys are text, also `2024:` and `true:`; a key that has no text is none. */
function keyText(key: YamlScalar): string | null {
  if (typeof key.value === 'string') return key.value;
  return key.source === undefined || key.source === '' ? null : key.source;
}

function scalarValue(value: unknown): ScalarValue {
  return typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
