import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Coordinator } from '../../src/kafka/coordinator.ts';

const NEVER = new Promise<never>(() => {});
const FOUND = { coordinators: [{ host: 'one', port: 9092 }] };

/** Answers each request with the next of `answers`. */
function coordinatorOf(...answers: readonly unknown[]) {
  const left = [...answers];
  const client = { request: vi.fn<() => Promise<never>>(() => Promise.resolve((left.shift() ?? NEVER) as never)), drop: vi.fn<() => void>() };
  return { client, coordinator: new Coordinator(client, 'g') };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a join may wait for a minute, but not for who the coordinator is', async () => {
  const { client, coordinator } = coordinatorOf(NEVER);
  const joined = coordinator.request('JoinGroup', [] as never, 60_000).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await joined).toMatchObject({ code: 'kafka_unreachable' });
  expect(client.drop).toHaveBeenCalledOnce();
});

test('a request has its whole time once the coordinator is known, and then its connection is given up', async () => {
  const { client, coordinator } = coordinatorOf(FOUND);
  const failed = vi.fn<(error: unknown) => void>();
  coordinator.request('JoinGroup', [] as never, 60_000).catch(failed);
  await vi.advanceTimersByTimeAsync(59_000);
  expect(failed).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(failed).toHaveBeenCalledOnce();
  expect(client.drop).toHaveBeenCalledOnce();
});

test('who the coordinator is is asked once, and again after a failure', async () => {
  const { client, coordinator } = coordinatorOf(FOUND, {}, {}, NEVER, FOUND, {});
  await coordinator.request('Heartbeat', [] as never, 1_000);
  await coordinator.request('Heartbeat', [] as never, 1_000);
  const failed = coordinator.request('Heartbeat', [] as never, 1_000).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await failed).toMatchObject({ code: 'kafka_unreachable' });
  await coordinator.request('Heartbeat', [] as never, 1_000);
  expect(client.request.mock.calls.map(([name]: readonly unknown[]) => name)).toEqual(['FindCoordinator', 'Heartbeat', 'Heartbeat', 'Heartbeat', 'FindCoordinator', 'Heartbeat']);
});
