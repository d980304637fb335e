import fc from 'fast-check';
import { expect, test } from 'vitest';
import { elementsOf } from './batches.ts';

test('the elements of an array are its texts between the commas', () => {
  expect(elementsOf('[]')).toEqual([]);
  expect(elementsOf('[{"a":"],[\\"}"},[1,2],3]')).toEqual(['{"a":"],[\\"}"}', '[1,2]', '3']);
  fc.assert(
    fc.property(fc.array(fc.json()), (texts) => {
      expect(elementsOf(`[${texts.join(',')}]`)).toEqual(texts);
    }),
  );
});
