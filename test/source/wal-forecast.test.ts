import { expect, test } from 'vitest';
import { forecast, type WalSample, walWarning } from '../../src/source/wal-forecast.ts';

const GIB = 1024 ** 3;

function sample(seconds: number, safe: number | null, more: Partial<WalSample> = {}): WalSample {
  return { at: seconds * 1000, walStatus: 'reserved', safeBytes: safe, retainedBytes: 0, limitBytes: 10 * GIB, written: BigInt(seconds) * 1_000_000n, ...more };
}

test('by what is used up: 100 MB a second of 6 GB that are left are a minute', () => {
  const samples = [sample(0, 9e9), sample(10, 8e9), sample(30, 6e9)];
  expect(forecast(samples)).toEqual({ bytesPerSecond: 1_000_000, secondsLeft: 60 });
});

test('however much is written, a slot that keeps up is never lost', () => {
  expect(forecast([sample(0, 9e9), sample(60, 9e9)])).toEqual({ bytesPerSecond: 1_000_000, secondsLeft: null });
  expect(forecast([sample(0, 8e9), sample(60, 9e9)]).secondsLeft).toBeNull();
});

test('nothing is foretold from too little, or without a limit', () => {
  expect(forecast([])).toEqual({ bytesPerSecond: null, secondsLeft: null });
  expect(forecast([sample(0, 9e9), sample(10, 8e9)])).toEqual({ bytesPerSecond: null, secondsLeft: null });
  expect(forecast([sample(0, null, { limitBytes: null }), sample(60, null, { limitBytes: null })]).secondsLeft).toBeNull();
});

test('a limit that was raised is no gain, and what came before it does not count', () => {
  const samples = [sample(0, 2e9, { limitBytes: 2 * GIB }), sample(30, 20e9), sample(60, 17e9)];
  expect(forecast(samples).secondsLeft).toBe(170);
});

test('a slot past its limit has no time left', () => {
  expect(forecast([sample(0, 1e9), sample(30, -5, { walStatus: 'unreserved' })]).secondsLeft).toBe(0);
  expect(forecast([sample(0, 1e9), sample(30, null, { walStatus: 'lost' })]).secondsLeft).toBe(0);
});

const calm = { within: 3_600_000, warned: false };

test('warned of: the forecast, a small rest, unreserved, lost', () => {
  const ahead = (secondsLeft: number | null) => ({ bytesPerSecond: 1, secondsLeft });
  expect(walWarning(sample(0, 9e9), ahead(null), calm)).toBeNull();
  expect(walWarning(sample(0, 9e9), ahead(4000), calm)).toBeNull();
  expect(walWarning(sample(0, 9e9), ahead(3000), calm)).toMatch(/3000 s/);
  expect(walWarning(sample(0, 1 * GIB), ahead(null), calm)).toMatch(/max_slot_wal_keep_size/);
  expect(walWarning(sample(0, -1, { walStatus: 'unreserved' }), ahead(0), calm)).toMatch(/further behind/);
  expect(walWarning(sample(0, null, { walStatus: 'lost' }), ahead(0), calm)).toMatch(/is lost/);
});

test('a warning is over only when there is clearly more room than it takes to begin one', () => {
  const after = { within: 3_600_000, warned: true };
  expect(walWarning(sample(0, 9e9), { bytesPerSecond: 1, secondsLeft: 4000 }, after)).toMatch(/4000 s/);
  expect(walWarning(sample(0, 9e9), { bytesPerSecond: 1, secondsLeft: 6000 }, after)).toBeNull();
});
