import { expect, test } from 'vitest';
import { parseDuration, parseRate, parseSize } from '../../src/config/units.ts';

test.each([
  ['500ms', 500],
  ['10s', 10_000],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['2d', 172_800_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['0s', 0],
  ['', null],
  ['10', null],
  ['s', null],
  ['-1s', null],
  ['1 s', null],
  ['1S', null],
  ['1w', null],
  ['1s ', null],
  ['1s\n', null],
  ['1e3s', null],
])('duration %j is %j ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  ['512B', 512],
  ['1KB', 1000],
  ['1KiB', 1024],
  ['64MiB', 67_108_864],
  ['10MB', 10_000_000],
  ['1.5GiB', 1_610_612_736],
  ['1 GB', 1_000_000_000],
  ['64', null],
  ['64M', null],
  ['64mib', null],
  ['-1MB', null],
])('size %j is %j bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each([
  ['50/s', 50],
  ['120/m', 2],
  ['3600/h', 1],
  ['0.5/s', 0.5],
  ['50', null],
  ['50/d', null],
  ['50 /s', null],
  ['/s', null],
])('rate %j is %j a second', (text, perSecond) => {
  expect(parseRate(text)).toBe(perSecond);
});
