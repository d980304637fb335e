import { expect, test } from 'vitest';
import { expressionFault } from '../src/expression-findings.ts';
import { hookExpressions, pathOf } from '../src/hook-expressions.ts';
import { load } from './config/loading.ts';

const FILE = `version: 1
endpoints:
  stream: { type: kafka, brokers: k:9092, topic: "\${{ row.tags }}.\${{ org.name }}", key: "\${{ row.id }}" }
  crm: { url: "https://x" }
hooks:
  - { name: a, table: t, to: [crm, stream], enrich: { org: select 1 } }
  - { name: b, table: t, to: stream }
  - { name: c, table: t, to: crm }
`;
const COLUMNS = [{ name: 'id', celType: 'int' }, { name: 'tags', celType: 'list' }] as const;

test('where a Kafka endpoint sends is held against each hook that goes to it, by what that hook knows', () => {
  const config = load(FILE);
  const faults = config.hooks.map((hook, index) =>
    hookExpressions(config, index).flatMap((expression) => {
      const fault = expressionFault(expression, COLUMNS, hook);
      return fault === null ? [] : [`${pathOf(expression, hook.name)}: ${fault.message.split('\n')[0] ?? ''}`];
    }),
  );
  expect(faults).toEqual([
    ['endpoints.stream.topic: gives list, which cannot be a part of the name of a topic'],
    ['endpoints.stream.topic: gives list, which cannot be a part of the name of a topic', expect.stringContaining('endpoints.stream.topic: ')],
    [],
  ]);
});
