import { expect, test } from 'vitest';
import { parseTimelineHistory, timelineAt, timelineEnd } from '../../src/source/timelines.ts';

const HISTORY = `# a comment
1\t0/3000060\tno recovery target specified

2\t1/A0\tbefore 2026-11-21 12:00:00+00
`;

test('a history file: each timeline with where it ended', () => {
  expect(parseTimelineHistory(HISTORY, 3)).toEqual({ current: 3, ended: [{ timeline: 1, end: 0x3000060n }, { timeline: 2, end: 0x1_0000_00a0n }] });
  expect(() => parseTimelineHistory('something else', 3)).toThrow(SyntaxError);
});

test('what is at the point of the switch belongs to the new timeline', () => {
  const timelines = parseTimelineHistory(HISTORY, 3);
  expect([0x300005fn, 0x3000060n, 0x1_0000_009fn, 0x1_0000_00a0n].map((lsn) => timelineAt(timelines, lsn))).toEqual([1, 2, 2, 3]);
});

test('the end of a timeline: none of the current one, unknown of one that the server did not come from', () => {
  const timelines = parseTimelineHistory(HISTORY, 3);
  expect([1, 2, 3, 4].map((timeline) => timelineEnd(timelines, timeline))).toEqual([0x3000060n, 0x1_0000_00a0n, null, undefined]);
});
