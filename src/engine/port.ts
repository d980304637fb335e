import type { TooLarge } from './too-large.ts';

/*
 * Where the tail and the deliverers meet: topics, whose partitions keep the order of what is in them, and a group, which
 * gives each partition to one of its members at a time. `kafka/` implements it.
 */

/** A record on its way to the broker. */
export interface EngineRecord {
  readonly partition: number;
  readonly key: string;
  readonly value: string;
  /** What the value is and whose: see engine/record.ts. One header, for each costs. */
  readonly header: string;
}

/** Who is told what became of a record. */
export interface Parcel {
  /** The broker has it (`acks=all`). */
  taken(): void;
  /** The broker takes no record of its size; those behind it go on. */
  tooLarge(record: EngineRecord, error: TooLarge): void;
}

/** The tail's end. */
export interface Producer {
  /**
   * Takes a record to the broker, for as long as that takes, behind all that was added before for the same partition. It is encoded at
   * once: what is waiting for the broker is bytes and parcels, and nothing of a record need stay in memory for it.
   */
  add(record: EngineRecord, parcel: Parcel): void;
  /** Why it has not got through for a while, in a sentence; null if it does. */
  readonly problem: string | null;
  /** No parcel is told anything any more: what the broker has not acknowledged may be there, or not. */
  close(): Promise<void>;
}

/** A partition of a topic. */
export interface Part {
  readonly topic: string;
  readonly partition: number;
}

/** A record as it was read. */
export interface ReadRecord {
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: Buffer | null, value: Buffer | null])[];
  /** Unix milliseconds. */
  readonly timestamp: number;
}

/**
 * Takes what was read of one part (by its index in `Assignment.parts`), in the order of offsets.
 * @param next the offset that follows the last of it
 */
export type RecordReader = (part: number, records: readonly ReadRecord[], next: bigint) => void;

/** What a member of the group has, from the moment it gets it until it lets it go. Lists go by `parts`. */
export interface Assignment {
  /** The group's count of its own changes. */
  readonly generation: number;
  readonly parts: readonly Part[];
  /** Where to go on: what was committed, else where the topic begins (or ends: `from: latest`). */
  readonly start: readonly bigint[];
  /** The ends of the parts as they were when it was assigned. */
  readonly end: readonly bigint[];
  /** Until when no one else can have them, as performance.now() counts: put off by each heartbeat that is answered. */
  readonly leaseUntil: number;
  /** From when on nothing more should be begun, by the same clock: no heartbeat has been answered for so long that what is sent may not be committed. Before the lease is over, and put off with it. */
  readonly restFrom: number;
  /** Begins to read. Errors that may pass are waited out. */
  read(reader: RecordReader): void;
  /** May be called again and again; nothing is handed over until `resume`, but for what is being handed over now. */
  pause(): void;
  resume(): void;
  /** Hands over nothing more, for good. */
  halt(): void;
  /**
   * Stores how far it has come: the offset that is next, for each part.
   * @throws WalhookError `fenced` if the group has given the parts to others
   */
  commit(next: readonly bigint[]): Promise<void>;
  /** It cannot be worked on any more, whatever the group says: `lost` is called, and the member comes back. */
  giveUp(reason: Error): void;
}

/** Who is told what the group gives and takes. Never two calls at a time. */
export interface Member {
  /** A rejection is as `lost`. */
  assigned(assignment: Assignment): Promise<void>;
  /** The group is about to be dealt anew. All that is in work must be over, and committed, when it resolves; it has `Group.patience`. */
  revoked(): Promise<void>;
  /** The group has gone on without this member, or cannot be reached for too long: what it had is no longer its own. */
  lost(reason: Error): Promise<void>;
}

export interface Group {
  /** Resolves once it is a member; comes back by itself after `lost`. Rejects if that cannot help. */
  readonly done: Promise<void>;
  /** Why it is not a member, in a sentence; null if it is. */
  readonly problem: string | null;
  /** Lets go (`revoked` is called) and leaves, so that others need not wait. */
  leave(): Promise<void>;
}

export interface GroupLag {
  readonly topic: string;
  readonly partition: number;
  /** Who reads it, by the name that it gave itself (`client id`); null: nobody. */
  readonly worker: string | null;
  readonly committed: bigint | null;
  /** The first record that is still there. */
  readonly start: bigint;
  readonly end: bigint;
}

/** For people: how far a group has come. */
export interface GroupFacts {
  /** @throws WalhookError if the cluster cannot be asked */
  lag(): Promise<GroupLag[]>;
  /**
   * The members, by the names that they gave themselves (`client id`), whether or not they have been dealt a part.
   * @throws WalhookError if the cluster cannot be asked
   */
  members(): Promise<string[]>;
  close(): Promise<void>;
}
