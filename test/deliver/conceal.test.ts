import { expect, test } from 'vitest';
import { conceal } from '../../src/deliver/conceal.ts';

const headers = Object.entries({
  'user-agent': 'walhook/1',
  'x-api-key': 'top"secret',
  authorization: `Basic ${Buffer.from('me:pass word').toString('base64')}`,
  'webhook-id': 'an-id-of-an-event',
  'webhook-signature': 'v1,c2lnbmF0dXJl v1a,b3RoZXI=',
  'x-none': undefined,
}).flat();
const path = '/hooks?token=url%20secret&a=1';

test.for<[text: string, told: string]>([
  ['{"x-api-key":"top\\"secret"}', '{"x-api-key":"***"}'],
  ['x-api-key: top"secret', 'x-api-key: ***'],
  [`Basic ${Buffer.from('me:pass word').toString('base64')} is wrong for pass word`, '*** is wrong for ***'],
  ['signatures c2lnbmF0dXJl and b3RoZXI=', 'signatures *** and ***'],
  ['no /hooks?token=url%20secret&a=1 nor url secret', 'no /hooks?token=***&a=1 nor ***'],
  ['an-id-of-an-event from walhook/1', 'an-id-of-an-event from walhook/1'],
  ['', ''],
])('%s', ([text, told]) => {
  expect(conceal(text, { headers, path })).toBe(told);
});

test('a text that is cut in the middle of a secret does not tell its beginning', () => {
  expect(conceal('x-api-key: top"sec', { headers, path })).toBe('x-api-key: ***');
});
