import { expect, test } from 'vitest';
import { Loaded } from '../../src/queue/loaded.ts';
import { deliveryOf } from '../deliver/endpoint.ts';

const MEGABYTE = 1024 * 1024;

function row(id: string, bytes: number): { delivery: ReturnType<typeof deliveryOf> } {
  return { delivery: { ...deliveryOf(id, ''), bytes } };
}

test('pages grow while rows are small', () => {
  const loaded = new Loaded();
  const sizes = Array.from({ length: 4 }, () => {
    const { page } = loaded;
    loaded.measure([row('a', 600)]);
    return page;
  });
  expect(sizes).toEqual([50, 200, 500, 500]);
});

test('pages shrink to what large rows leave room for, down to one', () => {
  const loaded = new Loaded();
  loaded.measure([row('a', 600), row('b', MEGABYTE)]);
  expect(loaded.page).toBe(8);
  loaded.measure([row('c', 100 * MEGABYTE)]);
  expect(loaded.page).toBe(1);
  loaded.measure([row('a', 600)]);
  expect(loaded.page).toBe(4);
});

test('has room up to a number of rows and of bytes', () => {
  const loaded = new Loaded();
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
