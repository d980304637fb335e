import { format, inspect } from 'node:util';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';

/** A secret of its own for each place that may have one; each also by a variable. */
const PLACES = ['SOURCE', 'STATE', 'TOKEN', 'USER', 'QUERY', 'HEADER', 'PLAIN_HEADER', 'OAUTH', 'TOKEN_QUERY', 'HOOK_HEADER', 'HOOK_PATH', 'BODY', 'WHEN', 'SQL', 'ENGINE', 'STREAM', 'TOPIC', 'RECORD_KEY'] as const;
const secretOf = (place: string): string => `hidden-of-${place.toLowerCase()}-0123456789`;
const env: Record<string, string> = Object.fromEntries(PLACES.map((place) => [place, secretOf(place)]));
const SIGNING = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

const FILE = {
  version: 1,
  source: { url: 'postgres://me:${SOURCE}@127.0.0.1:1/db' },
  state: { url: 'postgres://me@127.0.0.1:1/db?password=${STATE}' },
  server: { token: '${TOKEN}' },
  engine: { kafka: { brokers: 'k:9092', sasl: { mechanism: 'plain', username: 'walhook', password: '${ENGINE}' } } },
  endpoints: {
    stream: {
      type: 'kafka',
      brokers: 'k:9092',
      topic: 't-${TOPIC}',
      key: '${RECORD_KEY}',
      sasl: { mechanism: 'plain', username: 'walhook', password: '${STREAM}' },
    },
    crm: {
      url: 'https://me:${USER}@example.com/x?api_key=${QUERY}',
      headers: { 'X-Api-Key': '${HEADER}', 'X-Tenant': '${PLAIN_HEADER}' },
      signing: { secrets: [SIGNING] },
    },
    erp: {
      url: 'https://example.com/y',
      oauth2: { token_url: 'https://auth.example.com/t?key=${TOKEN_QUERY}', client_id: 'walhook', client_secret: '${OAUTH}' },
    },
  },
  hooks: [
    {
      name: 'a',
      table: 'items',
      to: 'crm',
      when: 'row.id != "${WHEN}"',
      path: '/x/${HOOK_PATH}',
      headers: { 'X-Key': '${HOOK_HEADER}' },
      body: { token: '${BODY}', id: '${{ row.id }}' },
      enrich: { one: { sql: "select '${SQL}' as x" } },
    },
  ],
};

const config = loadConfig({ text: stringify(FILE), file: 'walhook.yaml', env, readFile: () => '' });
const secrets = [...Object.values(env), SIGNING.slice(6)];
const found = (text: string): string[] => secrets.filter((secret) => text.includes(secret));

test('a configuration has every secret in it, and shows none, whole or in part, printed or as JSON', () => {
  const [stream, endpoint, erp] = config.endpoints;
  const [hook] = config.hooks;
  if (stream === undefined || endpoint === undefined || erp === undefined || hook === undefined) throw new Error('both are in the file');
  expect([endpoint.url.href, endpoint.url.password, config.source.url, erp.oauth2?.client_secret, config.engine?.kafka.sasl?.password, stream.kafka?.sasl?.password, stream.kafka?.topic.filter((part) => typeof part === 'string').join(''), String(endpoint.headers.get('X-Api-Key'))].flatMap((text) => found(text ?? ''))).toHaveLength(9);
  const parts: unknown[] = [config, stream, stream.kafka, { ...stream, kafka: stream.kafka }, config.engine, { ...config.engine?.kafka }, { config }, [config.endpoints], { ...config }, { ...endpoint }, { ...endpoint, oauth2: null }, erp, { ...erp }, endpoint.url, { url: endpoint.url }, hook, config.source, config.state, config.server, Object.assign(new Error('x'), { config, endpoint })];
  for (const part of parts) {
    for (const text of [JSON.stringify(part), inspect(part, { depth: Infinity, showHidden: true }), inspect(part, { depth: Infinity, getters: true }), format('%o %O %j', part, part, part)]) expect(found(text ?? '')).toEqual([]);
  }
});

test('it is told apart what is there and what is not', () => {
  const shown: unknown = JSON.parse(JSON.stringify(config));
  expect(shown).toMatchObject({ source: { url: 'postgres://***@127.0.0.1:1/db', slot: 'walhook' }, server: { token: '***' }, engine: { kafka: { topic: 'walhook', sasl: { username: 'walhook', password: '***' } } }, endpoints: [{ name: 'stream', kafka: { brokers: ['k:9092'], sasl: { password: '***' } } }, { name: 'crm', url: 'https://***@example.com/x?api_key=***', signing: { secrets: ['***'] } }, { name: 'erp', oauth2: { client_id: 'walhook', client_secret: '***' } }], hooks: [{ name: 'a', table: 'items' }] });
});
