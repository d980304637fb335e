import { describe, expect, test } from 'vitest';
import { CopyData, insertedText } from '../../bench/limits/copy-data.ts';

/** An Insert message of text columns; null is a null. */
function insert(values: readonly (string | null)[]): Buffer {
  const columns = values.map((value) => (value === null ? Buffer.from('n') : Buffer.concat([Buffer.from('t'), int32(value.length), Buffer.from(value)])));
  return Buffer.concat([Buffer.from('I'), int32(1), Buffer.from('N'), Buffer.from([0, values.length]), ...columns]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function message(tag: string, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from(tag), int32(content.length + 4), content]);
}

function xlogData(payload: Buffer): Buffer {
  return message('d', Buffer.concat([Buffer.from('w'), Buffer.alloc(24), payload]));
}

describe('CopyData', () => {
  const stream = Buffer.concat([
    message('W', Buffer.from([0, 0, 0])),
    xlogData(Buffer.from('B')),
    xlogData(insert(['1', null, 'x'])),
    message('d', Buffer.concat([Buffer.from('k'), Buffer.alloc(17)])),
    xlogData(insert(['22', '33', 'y'])),
    xlogData(Buffer.from('C')),
  ]);

  test.for([1, 3, 7, 30, 31, 64, 1_000])('finds the rows, however the stream is cut: in pieces of %d bytes', (size) => {
    const found: string[] = [];
    const data = new CopyData((bytes, at) => found.push(insertedText(bytes, at, 2)));
    for (let at = 0; at < stream.length; at += size) data.take(stream.subarray(at, at + size));
    expect(found).toEqual(['x', 'y']);
  });

  test('throws what the server says', () => {
    const data = new CopyData(() => undefined);
    expect(() => data.take(message('E', Buffer.from('SERROR\0Mno such slot\0\0')))).toThrow(/no such slot/);
  });
});

test('insertedText reads a column behind a null', () => {
  expect(insertedText(insert(['1', null, 'there']), 0, 2)).toBe('there');
  expect(insertedText(insert(['1', null, 'there']), 0, 0)).toBe('1');
});
