import pg from 'pg';
import { expect, test } from 'vitest';
import { WalhookError } from '../../src/errors.ts';
import { createLog } from '../../src/observe/log.ts';

async function logged(error: unknown): Promise<Record<string, unknown>> {
  let line = '';
  const log = await createLog({ level: 'info', destination: { write: (text) => void (line += text) } });
  log.error({ err: error }, 'it failed');
  return JSON.parse(line);
}

test('a line is JSON with a word for the level and an ISO time', async () => {
  const line = await logged(new WalhookError('what', { code: 'some_code', hint: 'how' }));
  expect(line).toEqual({
    level: 'error',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    msg: 'it failed',
    err: { code: 'some_code', message: 'what', hint: 'how' },
  });
});

test("what Postgres quotes of rows in an error is not logged, as a cause neither", async () => {
  const error = new pg.DatabaseError('duplicate key value ada@example.com', 1, 'error');
  Object.assign(error, { code: '23505', detail: 'Key (email)=(ada@example.com) already exists.', where: 'row ada@example.com' });
  expect(JSON.stringify(await logged(error))).not.toContain('ada@example.com');
  const line = await logged(new WalhookError('what', { code: 'some_code', cause: error }));
  expect(JSON.stringify(line)).not.toContain('ada@example.com');
  expect(line['err']).toMatchObject({ cause: 'SQLSTATE 23505' });
});
