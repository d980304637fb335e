import { describe, expect, test } from 'vitest';
import type { HookConfig, KafkaEndpointConfig } from '../../src/config.ts';
import { insert, type TableShape, TYPE } from '../support/pgoutput.ts';
import { refusal, renderOne, type RenderOptions, text } from './rendering.ts';

const SHAPE: TableShape = {
  oid: 7, schema: 'public', table: 'people', replicaIdentity: 'f',
  columns: [{ name: 'id', type: TYPE.int8, identity: true }, { name: 'name' }],
};

function options(kafka: Partial<KafkaEndpointConfig>, hook: Partial<Omit<HookConfig, 'fields'>> = {}): RenderOptions {
  const cluster = { brokers: ['kafka:9092'], tls: null, sasl: null, topic: ['people'], key: null, ...kafka };
  return { shape: SHAPE, primaryKey: ['id'], hook, endpoint: { name: 'stream', method: 'POST', kafka: cluster } };
}

const ann = insert(7, ['42', 'Ann/Zoë']);
const nameless = insert(7, ['43', null]);

describe('a record', () => {
  test('has a topic and, without a key, that of its lane', () => {
    expect(renderOne(options({}), ann)).toMatchObject({ request: { endpoint: 'stream', method: 'PRODUCE', path: '/people', contentType: 'application/json' } });
  });

  test('has the topic and key that a row fills', () => {
    expect(renderOne(options({ topic: text('app.${{ event.table }}'), key: text('k-${{ row.name }}') }), ann).request.path).toBe('/app.people/k-Ann%2FZo%C3%AB');
  });

  test('whose key comes to nothing has that of its lane', () => {
    expect(renderOne(options({ key: text('${{ row.name }}') }), nameless).request.path).toBe('/people');
  });

  test.each([['a name of a topic that is none', ann], ['a topic of nothing', nameless]])('is refused for %s', (_, change) => {
    expect(refusal(options({ topic: text('${{ row.name }}') }), change)).toContain('topic: this is no name of a topic');
  });

  test('has the attributes of CloudEvents as Kafka’s binding names and writes them', () => {
    const { request } = renderOne(options({}, { format: 'cloudevents-binary' }), ann);
    const names = request.headers.map(([name]) => name);
    expect(names).toContain('ce_specversion');
    expect(names.some((name) => name.startsWith('ce-'))).toBe(false);
  });

  test('has the hook’s headers', () => {
    expect(renderOne(options({}, { headers: new Map([['X-Row', text('${{ row.id }}')]]) }), ann).request.headers).toEqual([['x-row', '42']]);
  });
});
