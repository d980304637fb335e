import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CopyDataReader } from '../../src/source/copy-data.ts';

type Message = { readonly kind: 'wal' | 'keepalive' | 'other'; readonly payload: string };

/** As it is on the wire. */
function bytesOf({ kind, payload }: Message): Buffer {
  const body = kind === 'other' ? Buffer.from(payload) : Buffer.concat([Buffer.from(kind === 'wal' ? 'w' : 'k'), Buffer.alloc(24), Buffer.from(payload)]);
  const header = Buffer.alloc(5);
  header.write(kind === 'other' ? 'N' : 'd', 'latin1');
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

/** What is told of bytes that come in pieces which end at some offsets. */
function read(bytes: Buffer, ends: readonly number[]): (readonly ['data' | 'rest', string])[] {
  const told: (readonly ['data' | 'rest', string])[] = [];
  const reader = new CopyDataReader({
    data: (payload) => told.push(['data', payload.toString()]),
    rest: (message) => told.push(['rest', message.toString('latin1')]),
  });
  let at = 0;
  for (const end of [...ends, bytes.length]) {
    // A piece of its own that is written over afterwards: nothing may be kept of it.
    const piece = Buffer.from(bytes.subarray(at, end));
    reader.read(piece);
    piece.fill(0xff);
    at = end;
  }
  return told;
}

const message = fc.record({
  kind: fc.constantFrom<Message['kind']>('wal', 'wal', 'keepalive', 'other'),
  payload: fc.oneof(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 }), fc.nat({ max: 3_000 }).map((length) => 'x'.repeat(length))),
});

test('however the bytes are cut, WAL goes one way and whole messages the other, in order', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), fc.array(fc.nat()), (messages, cuts) => {
      const bytes = Buffer.concat(messages.map(bytesOf));
      const ends = cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b);
      expect(read(bytes, ends)).toEqual(
        messages.map((one) => (one.kind === 'wal' ? ['data', one.payload] : ['rest', bytesOf(one).toString('latin1')])),
      );
    }),
  );
});

test('bytes one by one', () => {
  const messages: Message[] = [{ kind: 'other', payload: '' }, { kind: 'wal', payload: 'one' }, { kind: 'keepalive', payload: '' }, { kind: 'wal', payload: 'two' }];
  const bytes = Buffer.concat(messages.map(bytesOf));
  expect(read(bytes, Array.from(bytes.keys())).map(([way]) => way)).toEqual(['rest', 'data', 'rest', 'data']);
});

test.each([
  ['a length that counts less than itself', Buffer.from([0x64, 0, 0, 0, 3])],
  ['a negative length', Buffer.from([0x64, 0xff, 0xff, 0xff, 0xff])],
  ['a type that there is not', Buffer.from([0, 0, 0, 0, 8])],
])('%s is refused, however it comes', (_name, bytes) => {
  expect(() => read(bytes, [])).toThrow(expect.objectContaining({ code: 'protocol', reaction: 'retry' }));
  expect(() => read(bytes, [2])).toThrow(expect.objectContaining({ code: 'protocol' }));
});
