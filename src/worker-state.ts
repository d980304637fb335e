import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Config } from './config.ts';
import { openStateSchema, type DurableState, type OpenStateOptions } from './state.ts';
import { claimStore } from './store/claims.ts';
import type { StateDatabase } from './store/database.ts';
import { type EndpointMarks, endpointMarks } from './store/endpoint-marks.ts';
import { historyStore } from './store/history.ts';
import { Ownership } from './store/owner.ts';
import { parkingStore } from './store/parking.ts';
import { indexParts } from './store/part-index.ts';
import { rotationStore } from './store/rotations.ts';
import { storedDeliveries } from './store/stored-deliveries.ts';

/** The state schema as a worker has it, which shares it with others: one pool for the process, and a generation for each of its assignments. */
export interface WorkerState {
  /**
   * What may be written while the worker has these partitions, which may be none. Of parked deliveries only those in their lanes
   * are seen: `lane % partitions` is among them. For people, `deliveries` and `history` show and change those of all.
   */
  generation(parts: readonly number[]): Generation;
  /** What others may have changed: see EndpointWatch. */
  marks(): Promise<EndpointMarks>;
  close(): Promise<void>;
}

/** One assignment's claim to the state. */
export interface Generation extends Pick<DurableState, 'parking' | 'claims' | 'deliveries' | 'history' | 'rotations' | 'fenced'> {
  /**
   * From now on this generation may write, and no other that has one of its partitions: what those have under way is waited for, and
   * what they try to write later fails there as `fenced`. To be called before anything is loaded.
   *
   * @param leaseUntil until when the group can give the partitions to nobody else, as performance.now() counts (`Assignment.leaseUntil`)
   * @throws WalhookError `fenced` if that is in less than two seconds: others may go on, and nothing has been taken over
   */
  takeOver(leaseUntil?: () => number): Promise<void>;
  /** Nothing more can be written: to be called when all is over. Others need not wait for it. May be called twice, and after having been fenced. */
  release(): Promise<void>;
}

/**
 * Opens the state schema, and brings it up to date.
 * @param config with `engine`
 */
export async function openWorkerState(config: Config, options: OpenStateOptions = {}): Promise<WorkerState> {
  const partitions = config.engine?.kafka.partitions ?? 1;
  const state = await openStateSchema(config, options);
  try {
    await indexParts(state, partitions);
  } catch (error) {
    await state.close();
    throw error;
  }
  return workerState(state, { slot: config.source.slot, partitions });
}

/** @param partitions of the engine's topic */
export function workerState(state: StateDatabase, { slot, partitions }: { readonly slot: string; readonly partitions: number }): WorkerState {
  return {
    generation: (numbers) => {
      const name = `${slot}/${hostname()}-${process.pid}-${randomBytes(6).toString('hex')}`;
      const owner = new Ownership(state, slot, { parts: { name, numbers } });
      return {
        parking: parkingStore(state, owner, { of: partitions, numbers }),
        claims: claimStore(owner),
        deliveries: storedDeliveries(state, owner),
        history: historyStore(state, owner),
        rotations: rotationStore(state, owner),
        fenced: owner.fenced,
        takeOver: (leaseUntil) => owner.takeOver(leaseUntil),
        release: () => owner.release(),
      };
    },
    marks: () => endpointMarks(state),
    close: () => state.close(),
  };
}
