import { expect, onTestFinished, test } from 'vitest';
import { RemoteOperations } from '../../src/commands/remote-operations.ts';
import type { Selection } from '../../src/operations.ts';
import { startHttpServer } from '../../src/observe/http-server.ts';
import { TOKEN } from '../observe/asking.ts';
import { noNotes, notingOptions } from '../observe/every-route.ts';
import { DETAIL, TALLY } from '../observe/reports.ts';

/** What the daemon's operations are asked for comes to it through the API as it was meant. */
test('a selection reaches the daemon as it is', async () => {
  const notes = noNotes();
  const server = await startHttpServer({ ...notingOptions(notes), port: 0 });
  onTestFinished(() => server.close());
  const operations = new RemoteOperations({ host: '127.0.0.1', port: Number(new URL(server.url).port), token: TOKEN });
  const narrowed = { table: 'app.profiles', since: '2026-11-21T00:00:00.000Z', before: '2026-11-22T00:00:00Z', key: { id: '7', 'a.b&c=d': 'ü /?#' } };

  for (const state of ['dead', 'parked', 'delivered'] as const) {
    const query = { state, ...narrowed, limit: 7, cursor: 'abc' };
    await operations.list(query);
    expect(notes.calls.pop()).toEqual(['list', query]);
  }
  const meant: [('replay' | 'discard'), Selection][] = [
    ['replay', { state: 'dead', ...narrowed }],
    ['replay', { state: 'delivered', ...narrowed }],
    ['discard', { state: 'parked', ids: ['a', 'b'] }],
    ['replay', { state: 'dead', since: narrowed.since }],
    ['discard', { state: 'dead' }],
  ];
  for (const [action, selection] of meant) {
    expect(await operations.count(action, selection)).toEqual(TALLY);
    expect(notes.calls.pop()).toEqual(['count', action, selection]);
    expect(await operations.act(action, selection)).toEqual(TALLY);
    expect(notes.calls.pop()).toEqual(['act', action, selection]);
  }
  expect(await operations.show('some-id')).toEqual([expect.objectContaining(DETAIL)]);
  expect(await operations.pause('crm', null)).toBe('maintenance');
  await operations.resume('crm');
});
