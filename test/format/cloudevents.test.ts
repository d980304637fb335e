import { HTTP, type CloudEvent } from 'cloudevents';
import { expect, test } from 'vitest';
import type { Format } from '../../src/config.ts';
import { deletion, insert, type TableShape, truncate, TYPE, update } from '../support/pgoutput.ts';
import { EVENT_ID, tell, type Told, type TellOptions } from '../support/table.ts';

const OID = 1;
const SHAPE: TableShape = {
  oid: OID,
  schema: 'public',
  table: 'profiles',
  replicaIdentity: 'f',
  columns: [{ name: 'user_id', type: TYPE.int8, identity: true }, { name: 'email' }, { name: 'email_visible', type: TYPE.bool }],
};
const ROW = ['42', 'juliet@example.com', 't'];

function options(format: Format, changes: Partial<TellOptions> = {}): TellOptions {
  return {
    shape: SHAPE,
    committedAt: 757_382_400_123_456n,
    hook: { format },
    table: { lookup: ['email'], visibility: { kind: 'columns', flags: new Map([['email', 'email_visible']]) } },
    ...changes,
  };
}

/** What the CloudEvents SDK makes of the request, once it has found it valid. */
function received({ contentType, headers, text }: Told): CloudEvent<unknown> {
  const event = HTTP.toEvent({ headers: { 'content-type': contentType, ...Object.fromEntries(headers) }, body: text }) as CloudEvent<unknown>;
  event.validate();
  return event;
}

test('structured: one JSON object with the event body as data', () => {
  const [told] = tell(options('cloudevents'), insert(OID, ROW));
  expect(told?.text).toBe(
    `{"specversion":"1.0","id":"${EVENT_ID}","source":"/walhook/walhook/shop","type":"profiles.inserted","subject":"public.profiles",` +
      '"time":"2024-01-01T00:00:00.123456Z","datacontenttype":"application/json","data":{"data":{"user_id":42,"email":"juliet@example.com"},"redacted":[],' +
      '"meta":{"operation":"data_insert","lookup_values":[{"field":"email","value":"juliet@example.com"}]}}}',
  );
  expect(told?.contentType).toBe('application/cloudevents+json');
  expect(told?.headers).toEqual([]);
});

test('binary: the attributes as headers, the event body as body', () => {
  const [told] = tell(options('cloudevents-binary'), insert(OID, ROW));
  const [plain] = tell(options('event'), insert(OID, ROW));
  expect(told?.text).toBe(plain?.text);
  expect(told?.contentType).toBe('application/json');
  expect(told?.headers).toEqual([
    ['ce-specversion', '1.0'],
    ['ce-id', EVENT_ID],
    ['ce-source', '/walhook/walhook/shop'],
    ['ce-type', 'profiles.inserted'],
    ['ce-subject', 'public.profiles'],
    ['ce-time', '2024-01-01T00:00:00.123456Z'],
  ]);
});

const CHANGES = [
  ['insert', insert(OID, ROW)],
  ['update', update(OID, ['42', 'new@example.com', 'f'], { old: ROW })],
  ['delete', deletion(OID, { old: ROW })],
  ['truncate', truncate([OID])],
] as const;

test.for(CHANGES)('the CloudEvents SDK reads the same from both modes of an %s', ([, change]) => {
  const [structured] = tell(options('cloudevents'), change).map(received);
  const [binary] = tell(options('cloudevents-binary'), change).map(received);
  const [plain] = tell(options('event'), change);
  expect(structured?.toJSON()).toEqual(binary?.toJSON());
  expect(structured).toMatchObject({ specversion: '1.0', id: EVENT_ID, source: '/walhook/walhook/shop', subject: 'public.profiles', datacontenttype: 'application/json' });
  expect(structured?.data).toEqual(plain?.body);
});

test('headers are percent-encoded: what is not printable ASCII, the space, the quote and the percent sign', () => {
  const shape: TableShape = { ...SHAPE, schema: 'app', table: 'Zoë "50%"\r\n日' };
  const [told] = tell(options('cloudevents-binary', { shape }), insert(OID, ROW));
  const headers = new Map(told?.headers);
  expect(headers.get('ce-subject')).toBe('app.Zo%C3%AB%20%2250%25%22__%E6%97%A5');
  expect(headers.get('ce-type')).toBe('app.Zo___50_____.inserted');
  expect([...headers.values()].join('')).toMatch(/^[\x21-\x7e]+$/);
  const [structured] = tell(options('cloudevents', { shape }), insert(OID, ROW)).map(received);
  expect(structured?.subject).toBe('app.Zoë "50%"__日');
});

test('an attribute is never made of a row: two rows differ in data alone', () => {
  const [one] = tell(options('cloudevents-binary'), insert(OID, ROW));
  const [other] = tell(options('cloudevents-binary'), insert(OID, ['43', 'x', 'f']));
  expect(one?.headers).toEqual(other?.headers);
});
