import { Reader, readRecordsBatch } from '@platformatic/kafka';
import { expect, test } from 'vitest';
import { Backlog, type Batch } from '../../src/kafka/backlog.ts';

const record = (partition: number, value: string) => ({ partition, key: 'k', value, header: '' });
const texts = ({ bytes }: Batch): string[] => readRecordsBatch(Reader.from(bytes)).records.map(({ value }) => String(value));

test('each partition has one batch at the head, in order, until it is done', () => {
  const backlog = new Backlog([record(0, 'a'), record(1, 'b'), record(0, 'c')]);
  const heads = backlog.heads(10_000, 10_000);
  expect(heads.map((head) => [head.partition, head.indexes, texts(head)])).toEqual([[0, [0, 2], ['a', 'c']], [1, [1], ['b']]]);
  const [first] = heads;
  if (first === undefined) expect.fail();
  backlog.done(first);
  expect(backlog.heads(10_000, 10_000)).toEqual([heads[1]]);
});

test('a batch keeps to the limit, but for a single record', () => {
  const backlog = new Backlog([record(0, 'x'.repeat(500)), record(0, 'y'), record(0, 'z')]);
  const seen: string[][] = [];
  for (let [head] = backlog.heads(200, 10_000); head !== undefined; [head] = backlog.heads(200, 10_000)) {
    seen.push(texts(head));
    backlog.done(head);
  }
  expect(seen).toEqual([['x'.repeat(500)], ['y', 'z']]);
});

test('what is undone is cut anew, smaller', () => {
  const backlog = new Backlog([record(0, 'a'.repeat(100)), record(0, 'b'.repeat(100))]);
  const [head] = backlog.heads(10_000, 10_000);
  if (head === undefined) expect.fail();
  backlog.undo(head);
  const [smaller] = backlog.heads(250, 10_000);
  expect(smaller?.indexes).toEqual([0]);
});

test('a request keeps to its total', () => {
  const backlog = new Backlog([record(0, 'a'.repeat(300)), record(1, 'b'.repeat(300)), record(2, 'c'.repeat(300))]);
  expect(backlog.heads(10_000, 900).map(({ partition }) => partition)).toEqual([0, 1]);
});
