import { expect, test } from 'vitest';
import { Loaded } from '../../src/queue/loaded.ts';
import { deliveryOf } from '../deliver/endpoint.ts';

const MEGABYTE = 1024 * 1024;

function row(id: string, bytes: number): { delivery: ReturnType<typeof deliveryOf> } {
  return { delivery: { ...deliveryOf(id, ''), bytes } };
}

test('has room up to a number of rows and of bytes', () => {
  const loaded = new Loaded(8 * 1024 * 1024);
  for (let i = 0; i < 500; i++) loaded.add(row(`${i}`, 600).delivery);
  expect(loaded.hasRoom).toBe(false);
  loaded.remove('7');
  expect(loaded.hasRoom).toBe(true);
  loaded.add(row('large', 8 * MEGABYTE).delivery);
  expect(loaded.hasRoom).toBe(false);
  loaded.remove('large');
  loaded.remove('large');
  expect(loaded.hasRoom).toBe(true);
  expect([loaded.has('large'), loaded.has('8')]).toEqual([false, true]);
});
