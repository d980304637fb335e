import type { Assignment, ReadRecord } from './engine/port.ts';
import type { DispatcherOptions } from './dispatcher.ts';
import type { ForwarderOptions } from './forwarder.ts';
import type { History } from './history/history.ts';
import type { GroupOptions } from './kafka/group.ts';
import type { Lsn } from './lsn.ts';
import type { Outlet } from './outlet.ts';
import type { Generation } from './worker-state.ts';

/** What makes deliveries of the records that were read. */
export interface RecordStages {
  /**
   * Hands on what is to be made of some records of one part, the first of them first, before it returns.
   * @returns the last one's commit LSN; NO_LSN where those of different parts cannot be compared
   * @throws if one cannot be read, and passing over it would lose something
   */
  read(part: number, records: readonly ReadRecord[]): Lsn;
  /** When the last was committed, in Unix milliseconds; 0 if it is not known. */
  readonly committedAt: number;
}

/** From records to where deliveries go. */
export interface Stages {
  readonly outlet: Outlet;
  readonly records: RecordStages;
}

/** What the stages of one assignment are given. */
export interface Wiring
  extends Pick<DispatcherOptions, 'log' | 'tickets' | 'progress' | 'onFull' | 'onRelief' | 'onNotice' | 'onOutcome' | 'onFenced' | 'tracer'>,
    Required<Pick<DispatcherOptions, 'before'>>,
    Pick<ForwarderOptions, 'onBroken'> {
  readonly history: History | null;
  readonly assignment: Assignment;
  readonly generation: Generation;
}

/** What a worker reads, and what it makes of it. */
export interface Way {
  /** How it becomes a member. */
  readonly group: Pick<GroupOptions, 'cluster' | 'group' | 'topics' | 'session' | 'from' | 'exclusive'>;
  /** True if it sends by itself what it makes. */
  readonly delivers: boolean;
  /** The lanes' partitions that come with an assignment: see WorkerState. */
  owned(assignment: Assignment): readonly number[];
  /** Leaves nothing open if it throws. @throws WalhookError for what cannot work of an endpoint */
  stages(wiring: Wiring): Stages;
}
