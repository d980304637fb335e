import { expect, test } from 'vitest';
import { commandText, parseOptions } from '../../bench/options.ts';

test('the sizes of a full run are the defaults', () => {
  expect(parseOptions([])).toMatchObject({ measures: [], quick: false, rows: 300_000, rounds: 3, seconds: 10, json: null, write: false });
});

test('a quick run is smaller, and what is given wins', () => {
  const options = parseOptions(['--quick', 'deliver', '--rounds', '5', 'latency']);
  expect(options).toMatchObject({ measures: ['deliver', 'latency'], quick: true, rounds: 5 });
  expect(options.rows).toBeLessThan(300_000);
});

test('a number may have underscores, as in the code', () => {
  expect(parseOptions(['--rows', '50_000']).rows).toBe(50_000);
});

test.for([['--rows', 'many'], ['--rows', '10'], ['--rounds', '0'], ['--rounds', '1.5'], ['--fast']])('%o is refused', (argv) => {
  expect(() => parseOptions(argv)).toThrow(argv[0] ?? '');
});

test('the command says what decides what is measured, and no more', () => {
  expect(commandText(parseOptions(['--write', '--json', 'x.json']))).toBe('npm run bench');
  expect(commandText(parseOptions(['deliver', '--rows', '50000', '--write']))).toBe('npm run bench -- deliver --rows 50000');
  expect(commandText(parseOptions(['--quick', '--rounds', '1']))).toBe('npm run bench -- --quick --rounds 1');
});
