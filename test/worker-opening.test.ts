import { beforeEach, expect, test, vi } from 'vitest';
import { loadConfig } from '../src/config/load.ts';
import { Lookups } from '../src/lookups.ts';
import { openWorker } from '../src/worker-opening.ts';

const fake = vi.hoisted(() => ({ closed: [] as string[], failing: '' }));
const opens = (what: string): Promise<object> => (fake.failing === what ? Promise.reject(new Error(`no ${what}`)) : Promise.resolve({ close: async () => void fake.closed.push(what) }));
vi.mock('../src/worker-state.ts', () => ({ openWorkerState: () => opens('state') }));
vi.mock('../src/opening.ts', () => ({ openTracer: () => opens('tracer') }));
vi.mock('../src/open-engine.ts', () => ({ clientId: () => 'walhook-deliver-here-1', ensureEngine: () => Promise.resolve() }));

const config = loadConfig({
  text: `version: 1
source: { url: "postgres://localhost/app" }
engine: { kafka: { brokers: ["localhost:9092"], topic: t } }
endpoints: { crm: { url: "https://crm.example.com" } }
hooks: [{ name: all, table: items, to: crm }]
`,
  file: 'walhook.yaml',
  env: {},
  readFile: () => '',
});

beforeEach(() => {
  fake.closed.length = 0;
  vi.spyOn(Lookups.prototype, 'end').mockImplementation(async () => void fake.closed.push('lookups'));
});

test.each([
  ['state', ['lookups']],
  ['tracer', ['lookups', 'state']],
])('a worker whose %s cannot be had leaves nothing open', async (failing, closed) => {
  fake.failing = failing;
  await expect(openWorker({ config, version: '0.0.0-test', reads: 'engine' })).rejects.toThrow(`no ${failing}`);
  expect(fake.closed).toEqual(closed);
});
