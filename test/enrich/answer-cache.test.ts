import { expect, test } from 'vitest';
import { AnswerCache } from '../../src/enrich/answer-cache.ts';

function put(cache: AnswerCache, key: string, { size = 10, now = 0, age = cache.age } = {}): void {
  cache.put(key, { value: key, size }, { age, now });
}

test('an answer is kept for its time, null too', () => {
  const cache = new AnswerCache(100);
  cache.put('a', { value: null, size: 0 }, { age: 0, now: 1_000 });
  expect(cache.get('a', 1_099)).toMatchObject({ value: null });
  expect(cache.get('a', 1_100)).toBeNull();
  expect(cache.get('b', 1_000)).toBeNull();
});

test('the oldest go when there are too many, or they are too large', () => {
  const cache = new AnswerCache(100);
  for (let i = 0; i < 10_005; i++) put(cache, `${i}`);
  expect([cache.get('4', 0), cache.get('5', 0)?.value]).toEqual([null, '5']);
  put(cache, 'large', { size: 16 * 1024 * 1024 - 100 });
  expect([cache.get('9990', 0), cache.get('large', 0)?.value]).toEqual([null, 'large']);
  put(cache, 'too large', { size: 17 * 1024 * 1024 });
  expect([cache.get('large', 0), cache.get('too large', 0)]).toEqual([null, null]);
  put(cache, 'small');
  expect(cache.get('small', 0)?.value).toBe('small');
});

test('what was asked for before a drop is not kept after it', () => {
  const cache = new AnswerCache(100);
  put(cache, 'a');
  const { age } = cache;
  cache.drop();
  expect(cache.get('a', 0)).toBeNull();
  put(cache, 'a', { age });
  expect(cache.get('a', 0)).toBeNull();
  put(cache, 'a');
  expect(cache.get('a', 0)?.value).toBe('a');
});
