import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isScalar, parseDocument, stringify } from 'yaml';
import { offsetInScalar } from '../../src/config/scalar-offset.ts';

test('every character that is not white space is found in what the file says, however the scalar is written', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', "'", '"', '\\', '|', '>', '#', '🙂', 'é'), minLength: 1, maxLength: 6 });
  const text = fc.array(word, { minLength: 1 }).chain((words) => fc.constantFrom(words.join(' '), words.join('\n'), words.join('\n  ')));
  const style = fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED');
  fc.assert(
    fc.property(text, style, (value, defaultStringType) => {
      const yaml = stringify({ key: value }, { defaultStringType, lineWidth: 20 });
      const node = parseDocument(yaml).get('key', true);
      // The library folds some texts into what it reads back as others: those say nothing about offsets.
      if (!isScalar(node) || node.value !== value || !node.range) return fc.pre(false);
      const raw = yaml.slice(node.range[0], node.range[1]);
      const misplaced = Array.from(value, (_, at) => at).filter((at) => {
        const char = value[at] ?? '';
        const found = raw.slice(offsetInScalar(raw, value, at));
        // An escape stands for its character.
        return /\S/.test(char) && ![char, `\\${char}`, `''`].some((form) => found.startsWith(form));
      });
      expect(misplaced).toEqual([]);
    }),
  );
});
