import { expect, test } from 'vitest';
import { ChunkSize } from '../../src/backfill/chunk-size.ts';

const LIMITS = { in_flight: 10_000, memory: 64 * 1024 * 1024, fanOut: 1, rate: null };

test('a chunk grows while it is quick, and shrinks when it is slow', () => {
  const size = new ChunkSize(LIMITS);
  expect(size.rows).toBe(500);
  size.took(20);
  expect(size.rows).toBe(1000);
  size.took(150);
  expect(size.rows).toBe(1000);
  size.took(500);
  expect(size.rows).toBe(500);
  size.took(60_000);
  expect(size.rows).toBe(250);
  for (let i = 0; i < 9; i++) size.took(60_000);
  expect(size.rows).toBe(50);
  for (let i = 0; i < 9; i++) size.took(1);
  expect(size.rows).toBe(2500);
});

test('it never takes more than its part of the memory, nor half a second\'s rows', () => {
  expect(new ChunkSize({ ...LIMITS, in_flight: 100 }).rows).toBe(25);
  expect(new ChunkSize({ ...LIMITS, in_flight: 2 }).rows).toBe(1);
  expect(new ChunkSize({ ...LIMITS, in_flight: 1000, fanOut: 5 }).rows).toBe(50);
  expect(new ChunkSize({ ...LIMITS, rate: 10 }).rows).toBe(5);
  expect(new ChunkSize({ ...LIMITS, rate: 0.1 }).rows).toBe(1);
  expect(new ChunkSize(LIMITS).bytes).toBe(8 * 1024 * 1024);
  expect(new ChunkSize({ ...LIMITS, memory: 1024 }).bytes).toBe(128);
  const small = new ChunkSize({ ...LIMITS, rate: 10 });
  small.halve();
  expect(small.rows).toBe(5);
});

test('it does not ask for more rows than have room by their bytes', () => {
  const size = new ChunkSize(LIMITS);
  size.filled(8);
  expect(size.rows).toBe(8);
  size.filled(20);
  expect(size.rows).toBe(8);
  size.took(20);
  expect(size.rows).toBe(50);
});
