import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { EngineWatch } from '../src/engine-watch.ts';

test('brokers that are away are news once, and so is that they are back', () => {
  vi.useFakeTimers();
  const lines: string[] = [];
  let problem: string | null = null;
  const watch = new EngineWatch({ problem: () => problem, log: pino({}, { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) }) });
  watch.start();
  const after = (seconds: number, now: string | null): string[] => {
    problem = now;
    vi.advanceTimersByTime(seconds * 1_000);
    return lines.splice(0);
  };
  expect(after(3, null)).toEqual([]);
  expect(after(1, 'kafka-1 has not answered for 2 s')).toEqual(['kafka-1 has not answered for 2 s; it is tried again until it works']);
  expect(after(9, 'kafka-1 has not answered for 11 s')).toEqual([]);
  expect(after(2, null)).toEqual(['Kafka can be worked with again']);
  watch.stop();
  expect(after(5, 'away again')).toEqual([]);
  vi.useRealTimers();
});
