import { Digits, parseDigits } from './digits.ts';

/** Where what was found is not what was expected. */
export interface Difference {
  /** `body.data.email`, `headers.x-table`. */
  readonly path: string;
  /** JSON text, or text. */
  readonly expected: string;
  /** Null: it is not there. */
  readonly found: string | null;
}

type Read = string | boolean | null | Digits | readonly Read[] | { readonly [name: string]: Read };

/**
 * How one JSON text is not contained in another: an object must be, entry by entry, in one that may have more; a list must be as
 * long, item by item; numbers must have the same value, and all else be equal. Empty: it is.
 *
 * @param path of the whole
 */
export function differences(expected: string, found: string, path: string): Difference[] {
  return [...compare(parseDigits(expected) as Read, parseDigits(found) as Read, path)];
}

function* compare(expected: Read, found: Read, path: string): Generator<Difference> {
  if (isObject(expected) && isObject(found)) {
    for (const [name, value] of Object.entries(expected)) {
      const inner = `${path}${/^[\w-]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`}`;
      const other = Object.hasOwn(found, name) ? found[name] : undefined;
      if (other === undefined) yield { path: inner, expected: write(value), found: null };
      else yield* compare(value, other, inner);
    }
  } else if (isList(expected) && isList(found) && expected.length === found.length) {
    for (const [index, value] of expected.entries()) yield* compare(value, found[index] ?? null, `${path}[${index}]`);
  } else if (!isSame(expected, found)) {
    yield { path, expected: write(expected), found: write(found) };
  }
}

function isSame(a: Read, b: Read): boolean {
  return a instanceof Digits && b instanceof Digits ? valueOf(a.text) === valueOf(b.text) : a === b;
}

/** A number's digits without zeros at either end, and its power of ten: the same for the same value. */
function valueOf(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  if (kept === '') return '0';
  return `${sign}${kept}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - kept.length)}`;
}

function isList(value: Read): value is readonly Read[] {
  return Array.isArray(value);
}

function isObject(value: Read): value is { readonly [name: string]: Read } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Digits);
}

function write(value: Read): string {
  if (value instanceof Digits) return value.text;
  if (isList(value)) return `[${value.map(write).join(',')}]`;
  if (isObject(value)) return `{${Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}:${write(inner)}`).join(',')}}`;
  return JSON.stringify(value);
}
