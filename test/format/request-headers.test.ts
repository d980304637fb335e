import { Agent, createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { insert, type TableShape } from '../support/pgoutput.ts';
import { refusal, render, renderOne, type RenderOptions, text } from './rendering.ts';

const SHAPE: TableShape = { oid: 7, schema: 'public', table: 't', replicaIdentity: 'f', columns: [{ name: 'a', identity: true }, { name: 'b', identity: true }] };

function options(headers: Readonly<Record<string, string>>, hook: RenderOptions['hook'] = {}): RenderOptions {
  return { shape: SHAPE, primaryKey: ['a'], hook: { headers: new Map(Object.entries(headers).map(([name, value]) => [name, text(value)])), ...hook } };
}

test('templates of headers, with their names in lower case and their order kept', () => {
  const headers = { 'X-Table': '${{ event.table }}', 'X-Static': 'one', 'X-Both': 'a ${{ row.a }}-${{ row.b }}', 'X-Tab': ' ${{ row.a }}\t' };
  expect(renderOne(options(headers), insert(7, ['é', null])).request.headers).toEqual([['x-table', 't'], ['x-static', 'one'], ['x-both', 'a é-'], ['x-tab', 'é']]);
});

test('a header that is null is left out, one that is empty is not', () => {
  expect(renderOne(options({ a: '${{ row.a }}', b: '${{ row.b }}' }), insert(7, ['', null])).request.headers).toEqual([['a', '']]);
});

test('headers without expressions are the same ones for every delivery', () => {
  const [first, second] = render(options({ 'X-Static': 'one' }), insert(7, ['a', 'b']), insert(7, ['c', 'd']));
  expect(first).toMatchObject({ request: { headers: [['x-static', 'one']] } });
  expect(second).toMatchObject({ request: { headers: [['x-static', 'one']] } });
});

describe('a value that no header can hold is refused, by the name of the header alone', () => {
  test.each(['x\r\nX-Admin: 1', 'x\n', '\u0000', 'a\u007f', 'Ř', '😀', '\u2028'])('%j', (value) => {
    const message = refusal(options({ 'X-Name': 'n ${{ row.a }}' }), insert(7, [value, null]));
    expect(message).toBe('headers.X-Name: a value has a character that a header cannot hold: url_encode(…) escapes it');
  });

  test('and escaped it goes', () => {
    expect(renderOne(options({ 'X-Name': '${{ url_encode(row.a) }}' }), insert(7, ['Ř\r\n', null])).request.headers).toEqual([['x-name', '%C5%98%0D%0A']]);
  });
});

test('whatever the values are, a server reads the headers that were meant and no others', async () => {
  const server = createServer((request, response) => response.end(JSON.stringify(request.rawHeaders)));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const agent = new Agent({ keepAlive: true });
  const { port } = server.address() as AddressInfo;
  const value = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.string({ maxLength: 12 }), fc.constantFrom('x\r\nadmin: 1', ' ', '\t', '\n', '\u00ff', ': '));
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 20 }), async (rows) => {
        const all = render(options({ one: '${{ row.a }}', two: 'x${{ row.b }}y' }), ...rows.map((row) => insert(7, row)));
        expect(all).toHaveLength(rows.length);
        for (const [index, [a, b]] of rows.entries()) {
          const made = all[index];
          if (made === undefined || 'message' in made) {
            expect(`${a}${b}`).toMatch(/[^\t\u0020-\u007e\u0080-\u00ff]/);
            continue;
          }
          const raw = await new Promise<string>((resolve, reject) => {
            const headers = Object.fromEntries(made.request.headers);
            send({ port, headers, agent }, (response) => response.setEncoding('utf8').on('data', resolve)).on('error', reject).end();
          });
          const received = JSON.parse(raw) as string[];
          const names = received.filter((_, at) => at % 2 === 0);
          expect(names.toSorted()).toEqual(['Connection', 'Host', 'one', 'two']);
          expect(received[received.indexOf('one') + 1]).toBe(a.replaceAll(/^[\t ]+|[\t ]+$/g, ''));
          expect(received[received.indexOf('two') + 1]).toBe(`x${b}y`);
        }
      }),
      { numRuns: 30 },
    );
  } finally {
    agent.destroy();
    server.close();
  }
}, 30_000);
