import type { Encoder, LargeNumbers } from './encoder.ts';
import { MINUS, ZERO } from './text-bytes.ts';

const SMALL_E = 0x65;
const NINE = 0x39;

/** Decimal places a double is sure to keep: numbers with fewer are never rounded. */
const SAFE_DIGITS = 15;

/** int2, int4, int8 → their digits. */
export function encodeInteger(bytes: Buffer, start: number, end: number): string {
  return end - start <= 9 ? String(smallInteger(bytes, start, end)) : bytes.latin1Slice(start, end);
}

/** At most nine characters, so that it is exact and small: the usual integer, without a call into the runtime. */
export function smallInteger(bytes: Buffer, start: number, end: number): number {
  const negative = bytes[start] === MINUS;
  let value = 0;
  for (let i = negative ? start + 1 : start; i < end; i += 1) value = value * 10 + ((bytes[i] ?? ZERO) - ZERO);
  return negative ? -value : value;
}

/** numeric → its digits as they stand, trailing zeros too; `NaN` and `Infinity`, which JSON has no number for, as strings. */
export function encodeNumeric(bytes: Buffer, start: number, end: number): string {
  const text = bytes.latin1Slice(start, end);
  return isDigit(bytes[end - 1]) ? text : `"${text}"`;
}

/** float4, float8 → plain digits: `to_jsonb` takes them through numeric, which knows no exponent and no -0. */
export function encodeFloat(bytes: Buffer, start: number, end: number): string {
  const text = bytes.latin1Slice(start, end);
  if (!isDigit(bytes[end - 1])) return `"${text}"`;
  if (end - start === 2 && text === '-0') return '0';
  for (let i = start; i < end; i += 1) if (bytes[i] === SMALL_E) return expandExponent(text);
  return text;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

/** `1.5e-07` → `0.00000015`. */
export function expandExponent(text: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]?\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits.padEnd(point, '0')}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/**
 * Wraps the encoder of an exact type. With `string`, a number that JavaScript's doubles would round is put in quotes:
 * an integer beyond ±(2^53 - 1), a fraction whose digits do not survive. Floats are doubles already and need no such care.
 */
export function exactNumbers(encode: Encoder, large: LargeNumbers): Encoder {
  if (large === 'number') return encode;
  return (bytes, start, end) => {
    const json = encode(bytes, start, end);
    return end - start > SAFE_DIGITS && json[0] !== '"' && isRounded(json) ? `"${json}"` : json;
  };
}

function isRounded(digits: string): boolean {
  const value = Number(digits);
  if (!digits.includes('.')) return !Number.isSafeInteger(value);
  const plain = withoutTrailingZeros(digits);
  if (!plain.includes('.')) return !Number.isSafeInteger(value);
  return plain !== expandExponent(String(value));
}

function withoutTrailingZeros(digits: string): string {
  return digits.replace(/\.?0*$/, '');
}
