import { type Condition, CONDITIONS, isDelivered, judge, storedDeliveries } from '../../support/oracle.ts';
import type { ReceivedRequest } from '../../support/receiver.ts';
import { now } from '../suite/child.ts';
import { cameAgain, type Delivered } from './again.ts';
import { producedAgain } from './copies.ts';
import { ABOUT_TO, BOUNDS, ENDPOINTS } from './fleet-config.ts';
import type { FleetGround } from './fleet-ground.ts';
import type { Waking } from './losses.ts';
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
  /** Deliveries that came again; of them those that had not been committed before a mishap, and those that were settled out of order. */
  readonly again: {
    readonly all: number;
    readonly recent: number;
    readonly older: number;
    /** Sent by zombies. */
    readonly woken: number;
    /** Records that a tail produced again. */
    readonly produced: number;
  };
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
  const again = { all: 0, recent: 0, older: 0, woken: 0, produced: 0 };
  const arrived: Delivered[] = [];
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
    again.all += verdict.duplicates;
    for (const { id, at, answeredAt = at, headers } of received.filter(isDelivered)) arrived.push({ key: `${name} ${id}`, at, answeredAt, worker: String(headers[WORKER_HEADER] ?? '') });
  }
  const produced = producedAgain(ground.records, ground.tailEnds);
  const came = cameAgain(arrived, [...ground.mishaps, ...ground.losses], { copies: produced.counts, bounds: BOUNDS });
  for (const what of [...produced.excess, ...came.excess]) findings.push({ condition: 'excess', what });
  again.recent = sum(came.recent);
  again.older = sum(came.older);
  again.produced = produced.again;
  return { findings, losses: ground.losses.length, changes: written.committedAt.size, requests: sum([...requests.values()].map(({ length }) => length)), again };
}

/** What a zombie sends is counted, and may be what it was about to send. */
function isWaking({ headers, at }: ReceivedRequest, wakings: readonly Waking[]): boolean {
  return wakings.some(({ worker, from, until }) => headers[WORKER_HEADER] === worker && at >= from && at < until);
}
