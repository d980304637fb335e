import type { Sources } from '../config/interpolate.ts';
import { parse } from '../config/parse.ts';
import { childrenAt, type Node, nodeAt, type Path, Scalar } from '../config/tree.ts';
import { formText } from '../format/encode-form.ts';

const HIDDEN = '***';
/** Shorter than this a secret is none, and would be found in any text. */
const SHORTEST = 6;
const SOUNDS_SECRET = /auth|cookie|credential|key$|pass|secret|token|whsec|whsk/i;
/** Where a step is a name that somebody gave to an endpoint, a lookup or a column: it says nothing of what is below. `*` is any step. */
const NAMES: readonly Path[] = [
  ['endpoints', '*'],
  ['hooks', '*', 'enrich', '*'],
  ['hooks', '*', 'fields', 'rename', '*'],
];
const VARIABLE = /\$\{([A-Za-z_]\w*)/g;
const FILE = /\$\{file:([^}]*)\}/g;

/** Hides what a configuration file lets its hooks say that nobody but a receiver may see: values of variables, files and keys that sound secret. */
export class SecretTexts {
  readonly #secrets: readonly string[];

  constructor(text: string, sources: Sources) {
    const { root } = parse(text, sources);
    const found = new Set(root === null ? [] : secretsBelow(root, [], sources));
    this.#secrets = [...found]
      .flatMap((secret) => (secret.length < SHORTEST ? [] : [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), formText(secret)]))
      // The longest first, so that none is left of one that another is a part of.
      .toSorted((a, b) => b.length - a.length);
  }

  hide(text: string): string {
    return this.#secrets.reduce((hidden, secret) => hidden.replaceAll(secret, HIDDEN), text);
  }
}

function secretsBelow(node: Node, path: Path, sources: Sources): string[] {
  if (node instanceof Scalar) return secretsIn(node, path, sources);
  return childrenAt(node, []).flatMap((step) => {
    const child = nodeAt(node, step);
    return child === null ? [] : secretsBelow(child, [...path, ...step], sources);
  });
}

function secretsIn({ value, origin }: Scalar, path: Path, { env, readFile }: Sources): string[] {
  const isSecretPlace = soundsSecret(path);
  const variables = [...origin.written.matchAll(VARIABLE)].flatMap(([, name = '']) => (isSecretPlace || SOUNDS_SECRET.test(name) ? [env[name] ?? ''] : []));
  const files = [...origin.written.matchAll(FILE)].map(([, name = '']) => textOf(name, readFile));
  const whole = isSecretPlace && !origin.template && typeof value === 'string' ? [value] : [];
  return [...variables, ...files, ...whole];
}

/** Below `tables` there are names of columns alone, which every body has in it. */
function soundsSecret(path: Path): boolean {
  if (path[0] === 'tables') return false;
  return path.some((step, at) => typeof step === 'string' && SOUNDS_SECRET.test(step) && !isName(path.slice(0, at + 1)));
}

function isName(path: Path): boolean {
  return NAMES.some((name) => name.length === path.length && name.every((step, at) => step === '*' || step === path[at]));
}

function textOf(path: string, readFile: Sources['readFile']): string {
  try {
    return readFile(path).replace(/\r?\n$/, '');
  } catch {
    return '';
  }
}
