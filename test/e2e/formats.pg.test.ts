import { HTTP, type CloudEvent } from 'cloudevents';
import { expect, test } from 'vitest';
import { endpoint, HEAD, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import type { ReceivedRequest } from '../support/receiver.ts';

const FORMATS = ['event', 'standard', 'cloudevents', 'cloudevents-binary', 'debezium'] as const;
type Format = (typeof FORMATS)[number];

/** What the CloudEvents SDK makes of the request, once it has found it valid. */
function cloudEvent({ headers, body }: ReceivedRequest): CloudEvent<unknown> {
  const event = HTTP.toEvent({ headers, body: body.toString() }) as CloudEvent<unknown>;
  event.validate();
  return event;
}

function bodyOf(request: ReceivedRequest | undefined): ReturnType<typeof JSON.parse> {
  return JSON.parse(request?.body.toString() ?? '');
}

/** What of a request is the format's: it may not change between attempts. */
function shapeOf({ url, headers, body }: ReceivedRequest): unknown {
  const own = Object.entries(headers).filter(([name]) => name.startsWith('ce-') || name === 'content-type');
  return [url, own, body.toString()];
}

test('every format of the same changes, parked and sent again after a restart as they were', async () => {
  const db = await testDatabase(`create table profiles (
    id int primary key, email text, score numeric(10,2), born date, seen timestamptz, email_visible boolean not null default true);
    alter table profiles replica identity full`);
  const receiver = await testReceiver();
  receiver.answer = () => 503;
  const hooks = FORMATS.map((format) => `  - { name: ${format}, table: profiles, to: crm, format: ${format}, path: /${format} }`);
  const daemon = await startDaemon({
    db,
    receivers: { RECEIVER: receiver },
    yaml: `${HEAD}
tables: { profiles: { lookup: [email], visibility: { email: email_visible } } }
endpoints: { crm: ${endpoint()} }
hooks:
${hooks.join('\n')}
`,
  });

  await db.sql(`insert into profiles values (1, 'ann@example.com', 12.5, '2024-02-29', '2024-01-01 01:00:00.5+01')`);
  await receiver.received(1);
  await daemon.stop();
  receiver.answer = (_request, attempt) => (attempt === 1 ? 503 : 204);
  await daemon.start();
  await receiver.deliveries(FORMATS.length);
  await db.sql(`update profiles set email_visible = false`);
  await receiver.deliveries(2 * FORMATS.length);
  await db.sql(`delete from profiles`);
  await receiver.deliveries(3 * FORMATS.length);

  expect([...receiver.byId.values()].every((attempts) => attempts.length > 1)).toBe(true);
  for (const attempts of receiver.byId.values()) expect(new Set(attempts.map((each) => JSON.stringify(shapeOf(each)))).size).toBe(1);
  const delivered = (format: Format): ReceivedRequest[] => receiver.requests.filter(({ url, status }) => url === `/${format}` && status === 204);
  const events = delivered('event').map(bodyOf);
  expect(events.map(({ meta }) => meta.operation)).toEqual(['data_insert', 'visibility_update', 'delete']);

  const standard = delivered('standard').map(bodyOf);
  expect(standard.map(({ type }) => type)).toEqual(['profiles.inserted', 'profiles.visibility_updated', 'profiles.deleted']);
  expect(standard.map(({ type: _type, timestamp, ...rest }) => [Number.isNaN(Date.parse(timestamp)), rest])).toEqual(events.map((event) => [false, event]));

  for (const format of ['cloudevents', 'cloudevents-binary'] as const) {
    const requests = delivered(format);
    const cloudEvents = requests.map(cloudEvent);
    expect(cloudEvents.map(({ data }) => data)).toEqual(events);
    expect(cloudEvents.map(({ id }) => id)).toEqual(requests.map(({ id }) => id));
    expect(cloudEvents[0]).toMatchObject({ source: `/walhook/${db.name}/${db.name}`, type: 'profiles.inserted', subject: 'public.profiles' });
  }

  const ann = { id: 1, email: 'ann@example.com', score: 'BOI=', born: 19_782, seen: '2024-01-01T00:00:00.5Z' };
  const hidden = { ...ann, email: '<<REDACTED>>' };
  const debezium = delivered('debezium').map(bodyOf);
  expect(debezium.map(({ op, before, after }) => [op, before, after])).toEqual([['c', null, ann], ['u', hidden, hidden], ['d', hidden, null]]);
  expect(debezium[0].source).toMatchObject({ connector: 'postgresql', name: db.name, db: db.name, schema: 'public', table: 'profiles', snapshot: 'false' });
  expect(debezium[0].ts_ms).toBe(debezium[0].source.ts_ms);

  const afterHiding = FORMATS.flatMap((format) => delivered(format).slice(1));
  expect(afterHiding).toHaveLength(2 * FORMATS.length);
  for (const request of afterHiding) expect(JSON.stringify(shapeOf(request))).not.toContain('ann@');
});
