import { expect, onTestFinished, test, vi } from 'vitest';
import { actOn, selectionOf } from '../../src/commands/bulk-action.ts';
import type { OptionValues } from '../../src/commands/command.ts';
import type { BulkProgress, Operations, Selection, Tally } from '../../src/operations.ts';

const TALLY: Tally = { count: 12_000, endpoints: { crm: 12_000 }, not_configured: {}, as_of: '2026-11-22T12:00:00.000Z' };

function fake(parts: Partial<Operations>): Operations {
  const no = (): never => expect.unreachable('it was not asked for');
  return { list: no, show: no, count: no, act: no, pause: no, resume: no, ...parts };
}

async function output(work: () => Promise<number>): Promise<{ code: number; text: string }> {
  let text = '';
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((written) => {
    text += String(written);
    return true;
  });
  onTestFinished(() => spy.mockRestore());
  const code = await work();
  spy.mockRestore();
  return { code, text };
}

const OPTIONS: OptionValues = { config: '', yes: true };

test('stopped between two parts it says how many were done, and fails', async () => {
  const stop = new AbortController();
  let seen: BulkProgress | undefined;
  const operations = fake({
    count: async () => TALLY,
    act: async (_, __, progress) => {
      seen = progress;
      progress?.onDone(5_000);
      stop.abort('SIGINT');
      return { ...TALLY, count: 5_000, endpoints: { crm: 5_000 } };
    },
  });
  const work = (options: OptionValues): Promise<number> => actOn(operations, { action: 'replay', selection: { state: 'dead', endpoint: 'crm' }, invocation: { options, stop: stop.signal } });
  const { code, text } = await output(() => work(OPTIONS));
  expect(code).toBe(1);
  expect(text).toBe('cancelled: 5000 dead letters of crm will be sent again, in the order of their changes, of 12000; the others are as they were\n');
  expect(seen?.signal).toBe(stop.signal);
});

test('a stop while it counts does nothing at all', async () => {
  const stop = new AbortController();
  const operations = fake({ count: () => new Promise(() => stop.abort()) });
  await expect(actOn(operations, { action: 'discard', selection: { state: 'dead' }, invocation: { options: OPTIONS, stop: stop.signal } })).rejects.toThrow('interrupted');
});

test('a stop after the last part is none', async () => {
  const stop = new AbortController();
  const operations = fake({
    count: async () => TALLY,
    act: async () => {
      stop.abort();
      return TALLY;
    },
  });
  const { code, text } = await output(() => actOn(operations, { action: 'discard', selection: { state: 'dead' }, invocation: { options: { ...OPTIONS, json: true }, stop: stop.signal } }));
  expect(code).toBe(0);
  expect(JSON.parse(text)).toEqual({ action: 'discard', dry_run: false, cancelled: false, ...TALLY });
});

test.for([
  [undefined, TALLY.as_of],
  ['2026-11-22T11:00:00Z', '2026-11-22T11:00:00Z'],
  ['2026-11-22T13:00:00Z', TALLY.as_of],
] as const)('what comes after the count, or after --before %s, is not meant', async ([before, meant]) => {
  let acted: Selection | null = null;
  const operations = fake({
    count: async () => TALLY,
    act: async (_, selection) => {
      acted = selection;
      return TALLY;
    },
  });
  await output(() => actOn(operations, { action: 'replay', selection: { state: 'delivered', hook: 'h', before }, invocation: { options: OPTIONS, stop: new AbortController().signal } }));
  expect(acted).toEqual({ state: 'delivered', hook: 'h', before: meant });
});

test('options say which ones', () => {
  const selection = (ids: readonly string[], options: Partial<OptionValues>): Selection => selectionOf('replay', { arguments: ids, options: { config: '', ...options } });
  expect(selection(['a', 'a'], { state: 'dead' })).toEqual({ state: 'dead', ids: ['a'] });
  expect(selection([], { state: 'delivered', since: '2026-11-20' })).toEqual({ state: 'delivered', since: '2026-11-20T00:00:00.000Z' });
  expect(selection([], { parked: true, table: ['t'], key: ['id=1'] })).toEqual({ state: 'parked', table: 't', key: { id: '1' } });
  expect(() => selection([], { state: 'delivered' })).toThrow('which ones?');
});
