import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecordRing } from '../../src/history/record-ring.ts';

test('what is there is what was written last, within the bounds', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 10, max: 64 }), fc.array(fc.integer({ min: 0, max: 10 }), { maxLength: 100 }), (slots, bytes, lengths) => {
      const ring = new RecordRing({ slots, bytes });
      const written: Buffer[] = [];
      for (const [n, length] of lengths.entries()) {
        const record = Buffer.alloc(length, n);
        const serial = ring.add(length);
        record.copy(ring.bytes, ring.startOf(serial));
        written.push(record);
        expect(serial).toBe(n);
        expect(ring.next - ring.first).toBeLessThanOrEqual(slots);
        let sum = 0;
        for (let at = ring.first; at < ring.next; at++) {
          const wanted = written[at] ?? Buffer.alloc(0);
          sum += wanted.length;
          expect(ring.startOf(at) + wanted.length).toBeLessThanOrEqual(bytes);
          expect(ring.bytes.subarray(ring.startOf(at), ring.startOf(at) + wanted.length)).toEqual(wanted);
        }
        expect(sum).toBeLessThanOrEqual(bytes);
        // The one that was just written is always there.
        expect(ring.has(serial)).toBe(true);
      }
    }),
  );
});

test('small records are kept until there are too many', () => {
  const ring = new RecordRing({ slots: 4, bytes: 100 });
  for (let n = 0; n < 10; n++) ring.add(1);
  expect([ring.first, ring.next]).toEqual([6, 10]);
});

test('what is larger than the ring is refused', () => {
  expect(() => new RecordRing({ slots: 2, bytes: 10 }).add(11)).toThrow(RangeError);
});
