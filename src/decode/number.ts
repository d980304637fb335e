import type { JsonOutput } from '../json-output.ts';
import { MINUS, ZERO } from './text-bytes.ts';

const SMALL_E = 0x65;
const NINE = 0x39;

/** Decimal places a double is sure to keep: numbers with fewer are never rounded. */
const SAFE_DIGITS = 15;

/** At most nine characters, so that it is exact and small: the usual integer, without a call into the runtime. */
export function smallInteger(bytes: Buffer, start: number, end: number): number {
  const negative = bytes[start] === MINUS;
  let value = 0;
  for (let i = negative ? start + 1 : start; i < end; i += 1) value = value * 10 + ((bytes[i] ?? ZERO) - ZERO);
  return negative ? -value : value;
}

/**
 * int2, int4, int8, numeric → the digits as they stand, trailing zeros too; `NaN` and `Infinity`, which JSON has no
 * number for, as strings.
 */
export function writeNumber(bytes: Buffer, start: number, end: number, out: JsonOutput): void {
  if (isDigit(bytes[end - 1])) out.plain(bytes, start, end);
  else out.quoted(bytes, start, end);
}

/** float4, float8 → plain digits: `to_jsonb` takes them through numeric, which knows no exponent and no -0. */
export function writeFloat(bytes: Buffer, start: number, end: number, out: JsonOutput): void {
  if (!isDigit(bytes[end - 1])) return out.quoted(bytes, start, end);
  if (end - start === 2 && bytes[start] === MINUS && bytes[start + 1] === ZERO) return out.byte(ZERO);
  for (let i = start; i < end; i += 1) if (bytes[i] === SMALL_E) return out.string(expandExponent(bytes.latin1Slice(start, end)));
  out.plain(bytes, start, end);
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
 * The same, but a number that JavaScript's doubles would round is put in quotes: an integer beyond ±(2^53 - 1), a
 * fraction whose digits do not survive. Floats are doubles already and need no such care.
 */
export function writeExactNumber(bytes: Buffer, start: number, end: number, out: JsonOutput): void {
  if (end - start > SAFE_DIGITS && isDigit(bytes[end - 1]) && isRounded(bytes.latin1Slice(start, end))) out.quoted(bytes, start, end);
  else writeNumber(bytes, start, end, out);
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
