import { describe, expect, test } from 'vitest';
import type { HookConfig } from '../../src/config.ts';
import { deletion, insert, type TableShape, TYPE } from '../support/pgoutput.ts';
import { refusal, render, renderOne, type RenderOptions, template, text } from './rendering.ts';

const SHAPE: TableShape = {
  oid: 7, schema: 'public', table: 'people', replicaIdentity: 'f',
  columns: [{ name: 'id', type: TYPE.int8, identity: true }, { name: 'name' }, { name: 'extra', type: TYPE.json }],
};

function options(hook: Partial<Omit<HookConfig, 'fields'>>, method = 'POST'): RenderOptions {
  return { shape: SHAPE, primaryKey: ['id'], hook, endpoint: { name: 'crm', method, kafka: null } };
}

const juliet = insert(7, ['12345678901234567890', 'Juliet & Romeo', '{"a": [1, 2.50]}']);

describe('a hook without templates', () => {
  test('sends the event body to where the endpoint says', () => {
    expect(renderOne(options({}), juliet)).toEqual({
      request: { hook: 'people-hook', endpoint: 'crm', method: null, path: null, contentType: 'application/json', headers: [] },
      body: '{"data":{"id":12345678901234567890,"name":"Juliet & Romeo","extra":{"a": [1, 2.50]}},"redacted":[],"meta":{"operation":"data_insert","lookup_values":[]}}',
    });
  });

  test('as a form', () => {
    const { request, body } = renderOne(options({ encoding: 'form' }), juliet);
    expect(request.contentType).toBe('application/x-www-form-urlencoded');
    expect(decodeURIComponent(body.replaceAll('+', ' '))).toBe('data[id]=12345678901234567890&data[name]=Juliet & Romeo&data[extra][a][]=1&data[extra][a][]=2.50&meta[operation]=data_insert');
  });

  test.each([
    ['POST', {}, 'application/json'],
    ['GET', {}, null],
    ['HEAD', {}, null],
    ['DELETE', {}, 'application/json'],
    ['GET', { encoding: 'json' }, 'application/json'],
    ['GET', { method: ['PUT'] }, 'application/json'],
    ['POST', { method: ['GET'] }, null],
    ['POST', { encoding: 'query' }, null],
    ['GET', { encoding: 'form' }, 'application/x-www-form-urlencoded'],
  ] as const)('to an endpoint of %s, with %o, is %s', (method, hook, contentType) => {
    const { request, body } = renderOne(options(hook, method), juliet);
    expect(request.contentType).toBe(contentType);
    expect(body.startsWith('{')).toBe(contentType === 'application/json');
  });
});

describe('a templated method', () => {
  const byOperation = text("${{ event.operation == 'delete' ? 'DELETE' : row.id > 5 ? 'PUT' : 'GET' }}");

  test('decides the encoding too', () => {
    const all = options({ method: byOperation, body: template({ id: '${{ row.id }}' }), path: text('/p/${{ row.id }}') });
    const before = ['7', 'x', null];
    expect(render(all, insert(7, ['7', null, null]), insert(7, ['1', null, null]), deletion(7, { old: before }))).toMatchObject([
      { request: { method: 'PUT', path: '/p/7', contentType: 'application/json' }, body: '{"id":7}' },
      { request: { method: 'GET', path: '/p/1', contentType: null }, body: 'id=1' },
      { request: { method: 'DELETE', path: '/p/7', contentType: 'application/json' }, body: '{"id":7}' },
    ]);
  });

  test.each(['delete', 'TRACE', 'CONNECT', '', 'GET\r\nX: 1', ' GET', null])('that gives %j is refused without telling', (name) => {
    const message = refusal(options({ method: text('${{ row.name }}') }), insert(7, ['1', name, null]));
    expect(message).toBe('method: the expression gives none of GET, HEAD, POST, PUT, PATCH, DELETE');
  });
});

test('Copernica: a form of what a template says', () => {
  const body = template({
    type: 'update', parameters: '${{ changed }}', timestamp: "${{ format(event.time, '%Y-%m-%d %H:%M:%S') }}", time: '${{ event.unix }}', profile: '${{ row.id }}',
    fields: { name: '${{ row.name }}', mail: null }, interests: ['blue', '${{ row.name }}'],
  });
  const made = renderOne(options({ body, encoding: 'form', omit_null: true }), insert(7, ['123', 'Johny', null]));
  expect(decodeURIComponent(made.body.replaceAll('+', ' '))).toBe(
    'type=update&timestamp=2000-01-01 00:00:00&time=946684800&profile=123&fields[name]=Johny&interests[]=blue&interests[]=Johny',
  );
});

test('a form that cannot be written is refused, and the row not told', () => {
  expect(refusal(options({ encoding: 'form' }), insert(7, ['1', 'x', '{"secret][": 1}']))).toBe('encoding: a form cannot have a name with [ or ] in it: it would be read as a list or map');
  expect(refusal(options({ encoding: 'query', body: template(['${{ row.name }}']) }), juliet)).toBe('encoding: a form is made of a map: a list or a single value has no names');
});

test('headers of a format go along, and before them the hook\'s own', () => {
  const { request } = renderOne(options({ format: 'cloudevents-binary', headers: new Map([['Ce-Source', text('me')], ['X-Id', text('${{ row.id }}')]]) }), juliet);
  const headers = new Map(request.headers);
  expect(headers.get('ce-id')).toBe('evt_1');
  expect(headers.get('ce-source')).toBe('me');
  expect(headers.get('x-id')).toBe('12345678901234567890');
  expect(request.headers).toHaveLength(headers.size);
  expect(renderOne(options({ format: 'cloudevents-binary', body: template({}) }), juliet).request.headers).toEqual([]);
});
