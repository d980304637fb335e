import { describe, expect, test } from 'vitest';
import { configTest, isTestable } from '../../../console/text/config-test.ts';
import { curl } from '../../../console/text/curl.ts';
import { parseEvent } from '../../../console/text/live-event.ts';
import { pretty } from '../../../console/text/json.ts';
import { lineDiff } from '../../../console/text/line-diff.ts';
import { searchLink } from '../../../console/text/search-link.ts';
import { shortId } from '../../../console/text/short-id.ts';
import { bytes, count, duration, relative } from '../../../console/text/units.ts';
import { visiblePieces } from '../../../console/text/visible.ts';
import { whatHappened } from '../../../console/text/what-happened.ts';
import { backfillId, eventId, idPrefix, idSuffix, idTag, scheduledId } from '../../../src/format/event-id.ts';

describe('units', () => {
  test('numbers have their units and are grouped', () => {
    expect([count(1_204), count(null), bytes(512), bytes(4_200_000), bytes(999_950), duration(180), duration(4_230), duration(61_000), duration(7_500_000)]).toEqual(['1,204', '–', '512 B', '4.2 MB', '1 MB', '180 ms', '4.2 s', '1 min', '2 h 5 min']);
  });
  test('times are relative', () => {
    expect([relative(0, 400), relative(0, 12_000), relative(300_000, 0)]).toEqual(['just now', '12 s ago', 'in 5 min']);
  });
  test('ids lose what their neighbours have too, and can still be told apart', () => {
    const tag = idTag('7391', 16_402, 'crm');
    const end = tag.slice(-6);
    const at = (commitLsn: bigint, timeline = 1): string => idPrefix({ xid: 1, commitLsn, committedAt: 0n }, timeline);
    const ids = [eventId(at(0x1a2b3c4n), 7, idSuffix('data_insert', tag)), eventId(at(0x1a2b3c4n), 8, idSuffix('delete', tag)), eventId(at(0x1a2b4c4n, 2), 0, idSuffix('data_update', tag))];
    expect(ids.map(shortId)).toEqual([`1a2b3c4-7-i-…${end}`, `1a2b3c4-8-d-…${end}`, `1a2b4c4-t2-0-u-…${end}`]);
    const [one, other] = ['9a31c04d'.repeat(4), '9a31c04e'.repeat(4)] as const;
    expect([one, other].map((row) => shortId(backfillId('bf_20261121T193000_x7k2', row, tag)))).toEqual([`bf…x7k2-b-9a31c04d…${end}`, `bf…x7k2-b-9a31c04e…${end}`]);
    expect(shortId(scheduledId(Date.UTC(2026, 10, 22, 2, 30), one, tag))).toBe(`20261122T023000Z-s-9a31c04d…${end}`);
    expect(['short', 'bf_20261121T193000_x7k2', 'act_0123456789abcdef'].map(shortId)).toEqual(['short', 'bf…x7k2', 'act_0123…abcdef']);
  });
});

describe('text from outside', () => {
  test('has nothing hidden in it', () => {
    expect(visiblePieces('a\u202eb\u0000\nc')).toEqual([
      { text: 'a', hidden: false },
      { text: 'U+202E', hidden: true },
      { text: 'b', hidden: false },
      { text: 'U+0000', hidden: true },
      { text: '\nc', hidden: false },
    ]);
  });
  test('families of emoji stay together', () => {
    expect(visiblePieces('👩‍👩‍👧‍👦')).toEqual([{ text: '👩‍👩‍👧‍👦', hidden: false }]);
  });
  test('JSON is indented without touching a token', () => {
    expect(pretty('{"a":12345678901234567890.10,"b":[],"c":{"d":"x, {y}"}}')).toBe('{\n  "a": 12345678901234567890.10,\n  "b": [],\n  "c": {\n    "d": "x, {y}"\n  }\n}');
    expect(pretty('a=1&b=2')).toBeNull();
  });
});

test('curl quotes for a shell what would not show in one', () => {
  expect(curl({ method: 'POST', url: 'https://a.example/{x}', headers: [['x-a', "it's"]], body: '{"a":"\u202e"}' })).toBe(
    "curl -X POST \\\n  --globoff \\\n  'https://a.example/{x}' \\\n  -H 'x-a: it'\\''s' \\\n  --data-raw $'{\"a\":\"\\xe2\\x80\\xae\"}'",
  );
});

describe('a config test', () => {
  const body = '{"data":{"id":12345678901234567890,"note":"${HOME} $5","tags":[]},"redacted":[],"meta":{"operation":"data_update","lsn":"0/1","lookup_values":[{"field":"email","value":"b","previous_value":"a"}]}}';

  test('has the row with all its digits, what is known of the old one, what lasts of the body, and no variables', () => {
    expect(configTest({ hook: 'crm', operation: 'data_update', body })).toBe(`tests:
  - hook: crm
    operation: update
    row: { "id": 12345678901234567890, "note": "$\${HOME} $$5", "tags": [], "email": "b" }
    old: { "email": "a" }
    expect: { "data": { "id": 12345678901234567890, "note": "$\${HOME} $$5", "tags": [] }, "redacted": [], "meta": { "operation": "data_update", "lookup_values": [{ "field": "email", "value": "b", "previous_value": "a" }] } }
`);
  });
  test('of a body that does not show the row leaves it to be filled in', () => {
    expect(configTest({ hook: 'crm', operation: 'data_insert', body: '{"id":1.50}' })).toBe('tests:\n  - hook: crm\n    operation: insert\n    row: {} # to be filled in: the body does not say what the row was\n    expect: { "body": { "id": 1.50 } }\n');
    expect(configTest({ hook: 'crm', operation: 'delete', body: 'a=1' })).toContain('expect: { "body": "a=1" }');
  });
  test('is of what is done to rows', () => {
    expect([isTestable({ hook: 'crm', operation: 'truncate' }), isTestable({ hook: '', operation: 'delete' }), isTestable({ hook: 'crm', operation: 'delete' })]).toEqual([false, false, true]);
  });
});

describe('line differences', () => {
  test('say what was removed and added', () => {
    expect(lineDiff('a\nb\nc\nd', 'a\nx\nc\ne\nd')).toEqual([
      { kind: 'same', text: 'a' },
      { kind: 'removed', text: 'b' },
      { kind: 'added', text: 'x' },
      { kind: 'same', text: 'c' },
      { kind: 'added', text: 'e' },
      { kind: 'same', text: 'd' },
    ]);
  });
  test('of equal files there are none', () => {
    expect(lineDiff('a\na\n', 'a\na\n').every(({ kind }) => kind === 'same')).toBe(true);
  });
});

describe('search', () => {
  const hooks = [{ name: 'crm-profiles', table: 'public.profiles', to: ['crm'], key: ['user_id'] }];
  test.each([
    ['profiles user_id=42', '/deliveries?table=public.profiles&key.user_id=42'],
    ['profiles 42', '/deliveries?table=public.profiles&key.user_id=42'],
    ['crm-profiles', '/deliveries?hook=crm-profiles'],
    ['crm', '/endpoints/crm'],
    ['0000002C-1-16402-a', '/deliveries/0000002C-1-16402-a'],
  ])('%s', (text, href) => expect(searchLink(text, hooks)).toBe(href));
  test('nothing leads nowhere', () => expect(searchLink('  ', hooks)).toBeNull());
});

test('one line says what happened', () => {
  const dead = { state: 'dead', endpoint: 'crm', attempts: 12, failure: 'status', status: 422, message: 'HTTP 422', duration_ms: null } as const;
  expect(whatHappened(dead)).toBe('crm never got it: 12 attempts failed, the last since it answered 422. It stays here until it is sent again or discarded.');
  expect(whatHappened({ ...dead, state: 'delivered', attempts: 3, duration_ms: 61 })).toBe('crm got it at the 3rd attempt, in 61 ms.');
  expect(whatHappened({ ...dead, state: 'parked', attempts: 0 })).toBe('crm does not have it yet: it waits, and nothing was tried.');
});

test('of the stream, comments and unknown kinds are passed over', () => {
  expect(parseEvent(':')).toBeNull();
  expect(parseEvent('event: later\ndata: {}')).toBeNull();
  expect(parseEvent('event: skipped\ndata: {"count":7}')).toEqual({ type: 'skipped', count: 7 });
});
