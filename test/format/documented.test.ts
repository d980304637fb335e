import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { Format } from '../../src/config.ts';
import { type TableShape, TYPE, update } from '../support/pgoutput.ts';
import { EVENT_ID, tell } from '../support/table.ts';

const DOCS = readFileSync(resolve(import.meta.dirname, '../../docs/formats.md'), 'utf8');

/** The example in the section of a format. */
function example(format: Format): string {
  const section = DOCS.split(/^## /m).find((text) => text.startsWith(`${format}\n`)) ?? '';
  return /```(?:json)?\n([^`]*)\n```/.exec(section)?.[1] ?? '';
}

/** The update that docs/formats.md speaks of. */
function told(format: Format): { text: string; headers: string } {
  const shape: TableShape = {
    oid: 1,
    schema: 'public',
    table: 'profiles',
    replicaIdentity: 'f',
    columns: [{ name: 'user_id', type: TYPE.int8, identity: true }, { name: 'email' }, { name: 'country' }, { name: 'country_visible', type: TYPE.bool }],
  };
  const row = ['42', 'juliet@example.com', 'NL'];
  const [event] = tell(
    {
      shape,
      commitLsn: 97_500_059_720n,
      committedAt: 757_382_400_123_456n,
      hook: { format },
      table: { lookup: ['email'], visibility: { kind: 'columns', flags: new Map([['country', 'country_visible']]) } },
    },
    update(1, [...row, 'f'], { old: [...row, 't'] }),
  );
  if (event === undefined) throw new Error('the update told nothing');
  const headers = [...event.headers, ['content-type', event.contentType]].map(([name, value]) => `${name}: ${value}`).join('\n');
  const asVisibilityUpdate = (text: string): string => text.replaceAll(EVENT_ID, EVENT_ID.replace('-i-', '-v-'));
  return { text: asVisibilityUpdate(event.text), headers: asVisibilityUpdate(headers) };
}

test.for<Format>(['event', 'standard', 'cloudevents', 'debezium'])('docs/formats.md has the very body of %s', (format) => {
  // The page breaks lines where the body has none.
  expect(example(format).replaceAll(/\n */g, '')).toBe(told(format).text);
});

test('docs/formats.md has the very headers of cloudevents-binary, and the beginning of its body', () => {
  const [headers, body = ''] = example('cloudevents-binary').split('\n\n');
  const { text, headers: sent } = told('cloudevents-binary');
  expect(headers).toBe(sent);
  expect(text.startsWith(body.replace(/\{…\}\}$/, ''))).toBe(true);
});
