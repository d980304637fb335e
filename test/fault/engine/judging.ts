import { type Condition, CONDITIONS, isDelivered, judge, storedDeliveries } from '../../support/oracle.ts';
import type { ReceivedRequest } from '../../support/receiver.ts';
import { nameOf } from '../../support/writer.ts';
import { now } from '../suite/child.ts';
import { cameAgain } from './again.ts';
import { ABOUT_TO, ENDPOINTS, type FleetGround, type Waking } from './fleet-ground.ts';
import { laneRequests, overlaps, WORKER_HEADER } from './overlap.ts';

/**
 * `overlap`: a lane was in two workers at once. `zombie`: one that others had replaced sent more than was in flight.
 * `stuck`: it did not go on, or ended by itself.
 */
export type FleetCondition = Condition | 'overlap' | 'zombie' | 'stuck';

export interface FleetFinding {
  readonly condition: FleetCondition;
  readonly what: string;
}

export interface FleetVerdict {
  readonly findings: readonly FleetFinding[];
  readonly changes: number;
  /** How often a worker lost its place. */
  readonly losses: number;
  readonly requests: number;
  /** Deliveries that came again, and of them those that had not been committed before a mishap, and those that were under way. */
  readonly again: { readonly all: number; readonly recent: number; readonly older: number; /** Sent by zombies. */ readonly woken: number };
}

/** Judges what a fleet did by the eight conditions, and by whether a lane was ever in two workers. The writer must have been stopped. */
export async function judgeFleet(ground: FleetGround, isWhole: boolean): Promise<FleetVerdict> {
  await ground.sink.count();
  const end = now();
  const written = ground.writer.read();
  const rowOf = new Map([...written.committed].flatMap(([row, names]) => names.map((name) => [name, row] as const)));
  const { requests, refused } = ground.sink.read();
  const stored = await storedDeliveries(ground.database);
  const findings: FleetFinding[] = refused.map((what) => ({ condition: 'unstable', what: `no valid signature: ${what}` }));
  const again = { all: 0, recent: 0, older: 0, woken: 0 };
  const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
  for (const name of ENDPOINTS) {
    const received = requests.get(name) ?? [];
    const find = (condition: FleetCondition, what: string): void => void findings.push({ condition, what: `${name}: ${what}` });
    const verdict = judge({ written, requests: received, stored: stored.filter(({ endpoint }) => endpoint === name), samples: ground.samples[name] });
    for (const condition of Object.keys(CONDITIONS) as Condition[]) {
      if (condition === 'lost' && !isWhole) continue;
      for (const what of verdict[condition]) find(condition, what);
    }
    for (const what of overlaps(laneRequests(received.filter((request) => !isWaking(request, ground.wakings)), rowOf, end))) find('overlap', what);
    for (const { worker, from, until } of ground.wakings) {
      const sent = received.filter((request) => isWaking(request, [{ worker, from, until }])).length;
      if (sent > ABOUT_TO) find('zombie', `${worker} sent ${sent} when it woke and had been replaced`);
      again.woken += sent;
    }
    const delivered = received.filter(isDelivered).map(({ id, at, answeredAt = at, headers, body }) => ({
      id, at, answeredAt, worker: String(headers[WORKER_HEADER] ?? ''), committedAt: written.committedAt.get(nameOf(body)) ?? 0,
    }));
    const { recent, older, excess } = cameAgain(delivered, [...ground.mishaps, ...ground.losses]);
    for (const what of excess) find('excess', what);
    again.all += verdict.duplicates;
    again.recent += sum(recent);
    again.older += sum(older);
  }
  return { findings, losses: ground.losses.length, changes: written.committedAt.size, requests: sum([...requests.values()].map(({ length }) => length)), again };
}

/** What a zombie sends is counted, and may be what it was about to send. */
function isWaking({ headers, at }: ReceivedRequest, wakings: readonly Waking[]): boolean {
  return wakings.some(({ worker, from, until }) => headers[WORKER_HEADER] === worker && at >= from && at < until);
}
