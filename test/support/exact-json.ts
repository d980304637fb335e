/**
 * JSON text in a form in which equal values have equal text: keys sorted, white space and escapes gone, and numbers
 * with the digits they were written with, which JSON.parse would round.
 * `normalised` numbers lose what does not change their value: exponents, trailing zeros, the sign of zero.
 */
export function exactJson(json: string, numbers: 'as written' | 'normalised' = 'as written'): string {
  const tree: unknown = JSON.parse(json, (_key, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value !== 'number') return value;
    const source = context?.source ?? String(value);
    return new Digits(numbers === 'normalised' ? normalise(source) : source);
  });
  return print(tree);
}

class Digits {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function print(value: unknown): string {
  if (value instanceof Digits) return value.text;
  if (Array.isArray(value)) return `[${value.map(print).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${print(item)}`)
    .join(',')}}`;
}

/** `-12.50e1` → `-125`, `1e-2` → `0.01`. */
function normalise(source: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source);
  if (match === null) throw new SyntaxError(`not a JSON number: ${source}`);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  const integer = (point > 0 ? digits.slice(0, point).padEnd(point, '0') : '').replace(/^0+/, '') || '0';
  const rest = (point > 0 ? digits.slice(point) : '0'.repeat(-point) + digits).replace(/0+$/, '');
  const plain = rest === '' ? integer : `${integer}.${rest}`;
  return plain === '0' ? '0' : sign + plain;
}
