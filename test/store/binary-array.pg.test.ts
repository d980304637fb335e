import { expect, onTestFinished, test } from 'vitest';
import { bigintArray, doubleArray, integerArray, lsnArray, textArray, utf8Array } from '../../src/store/binary-array.ts';
import { createDatabase } from '../support/postgres.ts';

test('Postgres reads each array as it was meant', async () => {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const [row] = await database.sql(
    `select $1::text[] as text, $2::bytea[] as bytea, $3::integer[] as integer, $4::bigint[]::text[] as bigint, $5::float8[] as double, $6::pg_lsn[]::text[] as lsn`,
    [
      textArray(['', 'a"{},\\', null, 'é\u{1f600}', 'x'.repeat(100_000)]),
      utf8Array(['', '\0é\ud800']),
      integerArray([0, -1, null, 2 ** 31 - 1, -(2 ** 31)]),
      bigintArray([0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 32, -(2 ** 32), 2 ** 32 - 1]),
      doubleArray([0.1, -1e300, 1_780_000_000_123.5]),
      lsnArray([0n, 0xffff_ffff_ffff_ffffn, 0x16_b374_d848n]),
    ],
  );
  expect(row).toEqual({
    text: ['', 'a"{},\\', null, 'é\u{1f600}', 'x'.repeat(100_000)],
    bytea: [Buffer.alloc(0), Buffer.from('\0é\ufffd')],
    integer: [0, -1, null, 2_147_483_647, -2_147_483_648],
    bigint: ['0', '-1', '9007199254740991', '-9007199254740991', '4294967296', '-4294967296', '4294967295'],
    double: [0.1, -1e300, 1_780_000_000_123.5],
    lsn: ['0/0', 'FFFFFFFF/FFFFFFFF', '16/B374D848'],
  });
});

test('an empty array has no elements', async () => {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const [row] = await database.sql('select $1::text[] as text, $2::bigint[] as bigint', [textArray([]), bigintArray([])]);
  expect(row).toEqual({ text: [], bigint: [] });
});
